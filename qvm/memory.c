/* SPDX-License-Identifier: Apache-2.0 */
/* From addresses of the guest to pointers, and data that goes there. */
#include "qvm/memory.h"
#include "qvm/arch.h"
#include <qvm/gasp.h>
#include <range.h>
#include <string.h>

#define COPY_STEP (1u << 20)

const char *guest_memory_add(struct guest_memory *m, uint64_t ipa, uint64_t bytes, bool rom)
{
	unsigned at = 0;

	if (m->count == GUEST_RANGE_MAX)
		return "too many ram and rom areas";
	if (bytes == 0 || bytes % GUEST_PAGE != 0 || ipa % GUEST_PAGE != 0)
		return "memory must be whole pages of 4 KiB";
	if (!range_holds(0, SPACE_LIMIT, ipa, bytes))
		return "memory lies above the 39 bits of address that a guest has";
	while (at < m->count && m->range[at].ipa < ipa)
		at++;
	if (at > 0 && ranges_overlap(m->range[at - 1].ipa, m->range[at - 1].bytes, ipa, bytes))
		return "memory overlaps the area before it";
	if (at < m->count && ranges_overlap(m->range[at].ipa, m->range[at].bytes, ipa, bytes))
		return "memory overlaps the area after it";
	memmove(&m->range[at + 1], &m->range[at], (m->count - at) * sizeof(m->range[0]));
	m->range[at] = (struct guest_range){.ipa = ipa, .bytes = bytes, .offset = m->total, .rom = rom};
	m->count++;
	m->total += bytes;
	return NULL;
}

const struct guest_range *guest_memory_range(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct guest_range *r = &m->range[i];

		if (range_holds(r->ipa, r->bytes, ipa, 1))
			return range_holds(r->ipa, r->bytes, ipa, bytes) ? r : NULL;
	}
	return NULL;
}

void *guest_memory_ptr(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	const struct guest_range *r = guest_memory_range(m, ipa, bytes);

	return r ? m->window + r->offset + (ipa - r->ipa) : NULL;
}

void gasp_clean(const void *start, uint64_t bytes)
{
	arch_cache_sync(start, bytes);
}

void guest_memory_clean(const struct guest_memory *m)
{
	arch_cache_flush(m->window, m->total);
}

void guest_memory_clean_line(const struct guest_memory *m, uint64_t ipa)
{
	const void *at = guest_memory_ptr(m, ipa, 1);

	if (at)
		arch_cache_flush(at, 1);
}

bool guest_memory_write(const struct guest_memory *m, uint64_t ipa, const void *from, uint64_t bytes)
{
	void *to;

	if (guest_memory_range(m, ipa, bytes) == NULL)
		return false;
	if (!m->window)
		return true;
	to = guest_memory_ptr(m, ipa, bytes);
	for (uint64_t done = 0, step; done < bytes; done += step) {
		step = bytes - done < COPY_STEP ? bytes - done : COPY_STEP;
		if (m->copying && bytes > COPY_STEP)
			m->copying(done, bytes);
		memcpy((char *)to + done, (const char *)from + done, step);
		gasp_clean((char *)to + done, step);
	}
	return true;
}

bool guest_memory_zero(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	void *to;

	if (guest_memory_range(m, ipa, bytes) == NULL)
		return false;
	if (!m->window)
		return true;
	to = guest_memory_ptr(m, ipa, bytes);
	memset(to, 0, bytes);
	gasp_clean(to, bytes);
	return true;
}

bool guest_memory_read32(const struct guest_memory *m, uint64_t ipa, uint32_t *value)
{
	const void *from = guest_memory_ptr(m, ipa, sizeof(*value));

	if (!from)
		return false;
	*value = __atomic_load_n((const uint32_t *)from, __ATOMIC_RELAXED);
	return true;
}

bool guest_memory_exchange64(const struct guest_memory *m, uint64_t ipa, uint64_t from, uint64_t to)
{
	const struct guest_range *r = guest_memory_range(m, ipa, sizeof(from));
	uint64_t *at = guest_memory_ptr(m, ipa, sizeof(from));

	return at && !r->rom && ipa % sizeof(from) == 0 &&
	       __atomic_compare_exchange_n(at, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
