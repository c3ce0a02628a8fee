/* SPDX-License-Identifier: Apache-2.0 */
/* Typed properties of the system description. */
#include "internal.h"
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX (1ull << 40)

void sys_node(struct reader *r, int node)
{
	int offset;

	r->node = node;
	r->place.name = node > 0 ? fdt_get_name(r->dtb, node, NULL) : "";
	r->property_count = 0;
	fdt_for_each_property_offset(offset, r->dtb, node)
	{
		struct sys_property *p = &r->properties[r->property_count];

		if (r->property_count == SYS_PROPERTIES_MAX) {
			MISTAKE(r, NULL, "more than %d properties; remove those that are unknown or given twice",
				SYS_PROPERTIES_MAX);
			return;
		}
		p->value = fdt_getprop_by_offset(r->dtb, offset, &p->name, &p->length);
		if (p->value)
			r->property_count++;
	}
}

static const struct sys_property *find_property(const struct reader *r, const char *name)
{
	for (unsigned i = 0; i < r->property_count; i++) {
		if (strcmp(r->properties[i].name, name) == 0)
			return &r->properties[i];
	}
	return NULL;
}

bool sys_has(const struct reader *r, const char *property)
{
	return find_property(r, property) != NULL;
}

/* A misspelt property must not pass for one that was left out. */
void sys_properties(const struct reader *r, const char *const *words)
{
	for (unsigned p = 0; p < r->property_count; p++) {
		const char *name = r->properties[p].name;
		unsigned i = 0;

		while (words[i] && strcmp(words[i], name) != 0)
			i++;
		if (!words[i])
			MISTAKE(r, name, "unknown property '%.32s'; docs/configuration.md lists those that exist",
				name);
	}
}

void sys_words(const struct reader *r, const char *const *words)
{
	sys_properties(r, words);
	if (fdt_first_subnode(r->dtb, r->node) >= 0)
		MISTAKE(r, NULL, "it contains a node, which means nothing here; remove that");
}

/* The strings of a property, of which the first `most` go into `list`; returns how many it has, -1: it is no list of
 * them. */
static int split_strings(const struct sys_property *p, const char **list, unsigned most)
{
	const char *text = p->value, *end = text + p->length;
	int count = 0;

	for (; text < end; text += strlen(text) + 1) {
		if (!memchr(text, '\0', (size_t)(end - text)))
			return -1;
		if ((unsigned)count < most)
			list[count] = text;
		count++;
	}
	return count;
}

const char *sys_string(const struct reader *r, const char *property, bool required)
{
	const struct sys_property *p = find_property(r, property);
	const char *text;

	if (p && split_strings(p, &text, 1) == 1 && *text)
		return text;
	if (p)
		MISTAKE(r, property, "'%s' must be one string in double quotes", property);
	else if (required)
		MISTAKE(r, NULL, "'%s' is missing", property);
	return NULL;
}

bool sys_flag(const struct reader *r, const char *property)
{
	const struct sys_property *p = find_property(r, property);

	if (p && p->length != 0)
		MISTAKE(r, property, "'%s' has no value: write '%s;' or leave it out", property, property);
	return p != NULL;
}

uint64_t sys_number(const struct reader *r, const char *property, uint64_t standard, uint64_t least, uint64_t most)
{
	const struct sys_property *p = find_property(r, property);
	uint64_t value;

	if (!p)
		return standard;
	if (p->length != 4 && p->length != 8) {
		MISTAKE(r, property, "'%s' must be one number, as in <10> or /bits/ 64 <0x100000000>", property);
		return standard;
	}
	value = sys_cells_read(p->value, 0, (unsigned)p->length / 4);
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
	const struct sys_property *p = find_property(r, property);
	int count = p ? split_strings(p, list, most) : 0;

	if (count < 0) {
		MISTAKE(r, property, "'%s' is not a list of strings, as in \"one\", \"two\"", property);
		return 0;
	}
	if ((unsigned)count > most) {
		MISTAKE(r, property, "'%s' has %d strings; at most %u are possible", property, count, most);
		return 0;
	}
	return (unsigned)count;
}

/* Pairs of a start and a length, two cells each. */
unsigned sys_ranges(const struct reader *r, const char *property, struct sys_range *ranges, unsigned most)
{
	const struct sys_property *p = find_property(r, property);
	unsigned count = p ? (unsigned)p->length / 16 : 0;

	if (!p)
		return 0;
	if (count == 0 || p->length % 16 || count > most) {
		MISTAKE(r, property,
			"'%s' must be 1 to %u pairs of start and length, as in /bits/ 64 <0x9010000 0x1000>", property,
			most);
		return 0;
	}
	for (unsigned i = 0; i < count; i++) {
		struct sys_range range = {sys_cells_read(p->value, 4 * i, 2), sys_cells_read(p->value, 4 * i + 2, 2)};

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
	const struct sys_property *p = find_property(r, property);
	unsigned count = p ? (unsigned)p->length / 4 : 0;

	if (!p)
		return 0;
	if (count == 0 || p->length % 4 || count > most) {
		MISTAKE(r, property, "'%s' must be 1 to %u numbers, as in <40 41>", property, most);
		return 0;
	}
	for (unsigned i = 0; i < count; i++)
		list[i] = (uint32_t)sys_cells_read(p->value, i, 1);
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
