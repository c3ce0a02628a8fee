/* SPDX-License-Identifier: Apache-2.0 */
/* Typed properties of the system description. */
#include "internal.h"
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX (1ull << 40)

/* A misspelt property must not pass for one that was left out. */
void sys_words(const struct reader *r, const char *const *words)
{
	int offset;

	fdt_for_each_property_offset(offset, r->dtb, r->node)
	{
		const char *name;
		unsigned i = 0;

		if (!fdt_getprop_by_offset(r->dtb, offset, &name, NULL))
			continue;
		while (words[i] && strcmp(words[i], name) != 0)
			i++;
		if (!words[i])
			MISTAKE(r, name, "unknown property '%.32s'; docs/configuration.md lists those that exist",
				name);
	}
	if (fdt_first_subnode(r->dtb, r->node) >= 0)
		MISTAKE(r, NULL, "it contains a node, which means nothing here; remove that");
}

const char *sys_string(const struct reader *r, const char *property, bool required)
{
	int count = fdt_stringlist_count(r->dtb, r->node, property), length;
	const char *text = count == 1 ? fdt_stringlist_get(r->dtb, r->node, property, 0, &length) : NULL;

	if (text && *text)
		return text;
	if (count != -FDT_ERR_NOTFOUND)
		MISTAKE(r, property, "'%s' must be one string in double quotes", property);
	else if (required)
		MISTAKE(r, NULL, "'%s' is missing", property);
	return NULL;
}

bool sys_flag(const struct reader *r, const char *property)
{
	int length;
	const void *value = fdt_getprop(r->dtb, r->node, property, &length);

	if (value && length != 0)
		MISTAKE(r, property, "'%s' has no value: write '%s;' or leave it out", property, property);
	return value != NULL;
}

uint64_t sys_number(const struct reader *r, const char *property, uint64_t standard, uint64_t least, uint64_t most)
{
	int length;
	const void *cells = fdt_getprop(r->dtb, r->node, property, &length);
	uint64_t value;

	if (!cells)
		return standard;
	if (length != 4 && length != 8) {
		MISTAKE(r, property, "'%s' must be one number, as in <10> or /bits/ 64 <0x100000000>", property);
		return standard;
	}
	value = sys_cells_read(cells, 0, (unsigned)length / 4);
	if (value < least || value > most) {
		MISTAKE(r, property, "'%s' is %llu; it must be %llu to %llu", property, (unsigned long long)value,
			(unsigned long long)least, (unsigned long long)most);
		return standard;
	}
	return value;
}

uint64_t sys_memory(const struct reader *r, const char *property, uint64_t standard)
{
	uint64_t bytes = sys_number(r, property, standard, QVM_PAGE, MEMORY_MAX);

	if (bytes % QVM_PAGE == 0)
		return bytes;
	MISTAKE(r, property, "'%s' is 0x%llx bytes, not whole pages of 0x1000", property, (unsigned long long)bytes);
	return standard;
}

/* The strings of a property, at most `most` of them; returns how many. */
unsigned sys_strings(const struct reader *r, const char *property, const char **list, unsigned most)
{
	int count = fdt_stringlist_count(r->dtb, r->node, property), length;

	if (count == -FDT_ERR_NOTFOUND)
		return 0;
	if (count < 0) {
		MISTAKE(r, property, "'%s' is not a list of strings, as in \"one\", \"two\"", property);
		return 0;
	}
	if ((unsigned)count > most) {
		MISTAKE(r, property, "'%s' has %d strings; at most %u are possible", property, count, most);
		return 0;
	}
	for (int i = 0; i < count; i++)
		list[i] = fdt_stringlist_get(r->dtb, r->node, property, i, &length);
	return (unsigned)count;
}

/* Pairs of a start and a length, two cells each. */
unsigned sys_ranges(const struct reader *r, const char *property, struct sys_range *ranges, unsigned most)
{
	int length;
	const void *cells = fdt_getprop(r->dtb, r->node, property, &length);
	unsigned count = cells ? (unsigned)length / 16 : 0;

	if (!cells)
		return 0;
	if (length == 0 || length % 16 || count > most) {
		MISTAKE(r, property,
			"'%s' must be 1 to %u pairs of start and length, as in /bits/ 64 <0x9010000 0x1000>", property,
			most);
		return 0;
	}
	for (unsigned i = 0; i < count; i++) {
		struct sys_range range = {sys_cells_read(cells, 4 * i, 2), sys_cells_read(cells, 4 * i + 2, 2)};

		if (range.start % QVM_PAGE || range.bytes % QVM_PAGE || range.bytes == 0 || !sys_physical(&range)) {
			MISTAKE(r, property, "'%s' 0x%llx 0x%llx is not a range of whole pages of 0x1000", property,
				(unsigned long long)range.start, (unsigned long long)range.bytes);
			return 0;
		}
		ranges[i] = range;
	}
	return count;
}

unsigned sys_numbers(const struct reader *r, const char *property, uint32_t *list, unsigned most)
{
	int length;
	const void *cells = fdt_getprop(r->dtb, r->node, property, &length);
	unsigned count = cells ? (unsigned)length / 4 : 0;

	if (!cells)
		return 0;
	if (length == 0 || length % 4 || count > most) {
		MISTAKE(r, property, "'%s' must be 1 to %u numbers, as in <40 41>", property, most);
		return 0;
	}
	for (unsigned i = 0; i < count; i++)
		list[i] = (uint32_t)sys_cells_read(cells, i, 1);
	return count;
}

/* "a", "b" or "c" */
static void list_choices(const char *const *choices, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; choices[i] && used < bytes; i++) {
		const char *between = i == 0 ? "" : choices[i + 1] ? ", " : " or ";

		used += (size_t)snprintf(text + used, bytes - used, "%s\"%s\"", between, choices[i]);
	}
}

unsigned sys_choice(const struct reader *r, const char *property, const char *const *choices, unsigned standard)
{
	const char *text = sys_string(r, property, false);
	char list[96];

	if (!text)
		return standard;
	for (unsigned i = 0; choices[i]; i++) {
		if (strcmp(text, choices[i]) == 0)
			return i;
	}
	list_choices(choices, list, sizeof(list));
	MISTAKE(r, property, "'%s' is \"%.16s\"; it must be %s", property, text, list);
	return standard;
}
