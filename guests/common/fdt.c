/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds bootargs of /chosen in a flattened device tree (Devicetree Specification 0.4, chapter 5). Every step is checked
 * against the size in the header, which itself is bounded.
 */
#include "guest.h"

#define FDT_MAGIC      0xd00dfeedu
#define FDT_MAX        (2u << 20)
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROP       3u
#define FDT_NOP        4u

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Does the NUL-terminated text at p, which ends before end, equal word? */
static bool text_is(const uint8_t *p, const uint8_t *end, const char *word)
{
	for (; p < end; p++, word++) {
		if (*p != (uint8_t)*word)
			return false;
		if (*p == 0)
			return true;
	}
	return false;
}

static void copy_text(char *text, size_t bytes, const uint8_t *from, size_t length)
{
	size_t i;

	for (i = 0; i + 1 < bytes && i < length && from[i]; i++)
		text[i] = (char)from[i];
	text[i] = 0;
}

void fdt_bootargs(const void *fdt, char *text, size_t bytes)
{
	const uint8_t *base = fdt, *end, *p, *strings;
	unsigned int depth = 0;
	bool in_chosen = false;

	text[0] = 0;
	if (!base || ((uintptr_t)base & 3) || be32(base) != FDT_MAGIC)
		return;
	uint32_t size = be32(base + 4), structs = be32(base + 8), names = be32(base + 12);
	if (size > FDT_MAX || structs >= size || names >= size)
		return;
	end = base + size;
	strings = base + names;
	for (p = base + structs; end - p >= 4;) {
		uint32_t token = be32(p);

		p += 4;
		if (token == FDT_BEGIN_NODE) {
			in_chosen = ++depth == 2 && text_is(p, end, "chosen");
			while (p < end && *p)
				p++;
			p += 4 - ((uintptr_t)(p - base) & 3);
		} else if (token == FDT_END_NODE) {
			in_chosen = false;
			if (depth-- <= 1)
				return;
		} else if (token == FDT_PROP) {
			if (end - p < 8)
				return;
			uint32_t length = be32(p), name = be32(p + 4);

			p += 8;
			if (length > (size_t)(end - p) || name >= size - names)
				return;
			if (in_chosen && text_is(strings + name, end, "bootargs")) {
				copy_text(text, bytes, p, length);
				return;
			}
			p += ((size_t)length + 3) & ~(size_t)3;
		} else if (token != FDT_NOP) {
			return;
		}
	}
}
