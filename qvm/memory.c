/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/memory.h"

#include <qvm/gasp.h>

#include <string.h>

const char *guest_memory_add(struct guest_memory *m, uint64_t ipa, uint64_t bytes, bool rom)
{
	unsigned at = 0;

	if (m->count == GUEST_RANGE_MAX)
		return "too many ram and rom areas";
	if (bytes == 0 || bytes % GUEST_PAGE != 0 || ipa % GUEST_PAGE != 0)
		return "memory must be whole pages of 4 KiB";
	if (bytes > GUEST_IPA_LIMIT || ipa > GUEST_IPA_LIMIT - bytes)
		return "memory lies above the 39 bits of address that a guest has";
	while (at < m->count && m->range[at].ipa < ipa)
		at++;
	if (at > 0 && ipa - m->range[at - 1].ipa < m->range[at - 1].bytes)
		return "memory overlaps the area before it";
	if (at < m->count && m->range[at].ipa - ipa < bytes)
		return "memory overlaps the area behind it";
	memmove(&m->range[at + 1], &m->range[at], (m->count - at) * sizeof(m->range[0]));
	m->range[at] = (struct guest_range){.ipa = ipa, .bytes = bytes, .offset = m->total, .rom = rom};
	m->count++;
	m->total += bytes;
	return NULL;
}

const struct guest_range *guest_range_of(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct guest_range *r = &m->range[i];

		if (ipa >= r->ipa && ipa - r->ipa < r->bytes)
			return bytes <= r->bytes - (ipa - r->ipa) ? r : NULL;
	}
	return NULL;
}

void *guest_ptr(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	const struct guest_range *r = guest_range_of(m, ipa, bytes);

	return r != NULL ? m->window + r->offset + (ipa - r->ipa) : NULL;
}

/*
 * A guest starts with its MMU off, so it reads memory past the caches: what was written must be cleaned to the point of
 * coherency, and old lines of instruction caches must go (Arm ARM D7.5.9 and D7.5.10; UCI lets EL0 do both).
 */
void gasp_clean(const void *start, uint64_t bytes)
{
#ifdef __aarch64__
	uint64_t ctr, first = (uint64_t)(uintptr_t)start, end = first + bytes;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	const uint64_t data_line = 4ull << (ctr >> 16 & 0xf), code_line = 4ull << (ctr & 0xf);

	for (uint64_t p = first & ~(data_line - 1); p < end; p += data_line)
		__asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
	__asm__ volatile("dsb ish" ::: "memory");
	for (uint64_t p = first & ~(code_line - 1); p < end; p += code_line)
		__asm__ volatile("ic ivau, %0" ::"r"(p) : "memory");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
#else
	(void)start;
	(void)bytes;
#endif
}

bool guest_put(const struct guest_memory *m, uint64_t ipa, const void *from, uint64_t bytes)
{
	void *to;

	if (guest_range_of(m, ipa, bytes) == NULL)
		return false;
	if (m->window == NULL)
		return true;
	to = guest_ptr(m, ipa, bytes);
	memcpy(to, from, bytes);
	gasp_clean(to, bytes);
	return true;
}

bool guest_zero(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	void *to;

	if (guest_range_of(m, ipa, bytes) == NULL)
		return false;
	if (m->window == NULL)
		return true;
	to = guest_ptr(m, ipa, bytes);
	memset(to, 0, bytes);
	gasp_clean(to, bytes);
	return true;
}

bool guest_read32(const struct guest_memory *m, uint64_t ipa, uint32_t *value)
{
	const void *from = guest_ptr(m, ipa, sizeof(*value));

	if (from == NULL)
		return false;
	memcpy(value, from, sizeof(*value));
	return true;
}

bool guest_read64(const struct guest_memory *m, uint64_t ipa, uint64_t *value)
{
	const void *from = guest_ptr(m, ipa, sizeof(*value));

	if (from == NULL)
		return false;
	memcpy(value, from, sizeof(*value));
	return true;
}
