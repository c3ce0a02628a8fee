/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive partitions: names and budgets. A budget is a claim on the parent's: no two have the same time. */
#include "internal.h"
#include <bulkhead.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_WINDOW_MS 100

static const char partitions_folder[] = "partitions";

static bool find_partition(const struct sys_config *config, const char *name, uint32_t *index)
{
	for (*index = 0; *index < config->partition_count; ++*index) {
		if (strcmp(config->partitions[*index].name, name) == 0)
			return true;
	}
	return false;
}

const char *sys_partition_names(const struct sys_config *config, uint32_t which, char text[QVM_NAMES_BYTES])
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < config->partition_count; i++) {
		const char *name = config->partitions[i].name, *comma = used ? ", " : "";

		if (!(which & 1u << i))
			continue;
		if (used + strlen(name) + sizeof(", , ...") > QVM_NAMES_BYTES) {
			snprintf(text + used, QVM_NAMES_BYTES - used, "%s...", comma);
			break;
		}
		used += (size_t)snprintf(text + used, QVM_NAMES_BYTES - used, "%s%s", comma, name);
	}
	return text;
}

bool sys_partition_named(const struct sys_config *config, const char *name, uint32_t *index,
			 char names[QVM_NAMES_BYTES])
{
	if (find_partition(config, name, index))
		return true;
	sys_partition_names(config, ~0u, names);
	*index = 0;
	return strcmp(name, SYS_SYSTEM) == 0; /* also where there is no description */
}

/* Digits, and after a point one or two more; up to 100. In hundredths of a percent. */
static bool parse_percent(const char *text, uint32_t *percent)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits), more = text[whole] == '.' ? strspn(text + whole + 1, digits) : 0;
	const char *end = text + whole + (text[whole] == '.' ? 1 + more : 0);

	*percent = 0;
	if (whole == 0 || whole > 3 || more > 2 || (text[whole] == '.' && more == 0) || *end != '\0')
		return false;
	for (size_t i = 0; i < whole; i++)
		*percent = 10 * *percent + (uint32_t)(text[i] - '0');
	for (size_t i = 1; i <= 2; i++)
		*percent = 10 * *percent + (i <= more ? (uint32_t)(text[whole + i] - '0') : 0);
	return *percent <= PARTITION_PERCENT;
}

const char *sys_percent(uint32_t percent, char text[SYS_PERCENT_BYTES])
{
	unsigned whole = (unsigned)percent / 100, rest = (unsigned)percent % 100;

	if (rest == 0)
		snprintf(text, SYS_PERCENT_BYTES, "%u", whole);
	else if (rest % 10 == 0)
		snprintf(text, SYS_PERCENT_BYTES, "%u.%u", whole, rest / 10);
	else
		snprintf(text, SYS_PERCENT_BYTES, "%u.%02u", whole, rest);
	return text;
}

static uint32_t read_percent(const struct reader *r, const char *property, bool required, uint32_t standard)
{
	const char *text = sys_string(r, property, required);
	uint32_t percent;

	if (!text)
		return standard;
	if (parse_percent(text, &percent))
		return percent;
	MISTAKE(r, property, "'%s' is \"%.16s\"; it must be 0 to 100 percent with at most two decimals, as \"29.5\"",
		property, text);
	return standard;
}

static uint32_t read_policy(const struct reader *r)
{
	static const struct {
		const char *name;
		uint32_t bit; /* 0: none of the kernel's yet */
	} policies[] = {
	    {"freetime-by-ratio", PARTITION_POLICY_RATIO}, {"limit-cpu-usage", 0}, {"partition-local-priorities", 0}};
	const char *list[3];
	unsigned count = sys_strings(r, "policy", list, 3), j;
	uint32_t bits = 0;

	for (unsigned i = 0; i < count; i++) {
		for (j = 0; j < 3 && strcmp(list[i], policies[j].name) != 0; j++)
			;
		if (j == 3)
			MISTAKE(r, "policy", "'policy' has \"%.32s\"; write \"freetime-by-ratio\", or leave it out",
				list[i]);
		else if (policies[j].bit == 0)
			MISTAKE(r, "policy", "'policy' has \"%s\", which is not supported yet; remove that", list[i]);
		else if (bits & policies[j].bit)
			MISTAKE(r, "policy", "'policy' has \"%s\" twice; remove one", list[i]);
		bits |= j < 3 ? policies[j].bit : 0;
	}
	return bits;
}

void sys_begin_partitions(struct sys_config *c)
{
	c->partitions[0] = (struct sys_partition){.name = SYS_SYSTEM,
						  .budget = PARTITION_PERCENT,
						  .max = PARTITION_PERCENT,
						  .critical_us = SYS_CRITICAL_MOST_US};
	c->partition_count = 1;
	c->window_ms = DEFAULT_WINDOW_MS;
	c->shared_cpus = (1u << CPU_MAX) - 1;
}

void sys_read_partitions(struct reader *r)
{
	static const char *const words[] = {"window-ms", "policy", "adjustable", NULL};
	struct sys_config *c = r->config;
	int folder = fdt_subnode_offset(r->dtb, 0, partitions_folder);

	if (folder < 0)
		return;
	r->place.folder = "";
	sys_node(r, folder);
	sys_properties(r, words);
	c->partitions_given = true;
	c->window_ms = (unsigned)sys_number(r, "window-ms", DEFAULT_WINDOW_MS, WINDOW_MS_MIN, WINDOW_MS_MAX);
	c->partition_policy = read_policy(r);
	c->partitions_adjustable = sys_flag(r, "adjustable");
}

static void check_partition_name(const struct reader *r)
{
	const char *name = r->place.name;
	uint32_t index;

	if (!sys_good_name(name) || strlen(name) >= SYS_PARTITION_NAME || (name[0] >= '0' && name[0] <= '9'))
		MISTAKE(r, NULL, "its name must be 1 to %d letters, digits, '_', '-' or '.', and no digit first",
			SYS_PARTITION_NAME - 1);
	else if (find_partition(r->config, name, &index))
		MISTAKE(r, NULL,
			"its name is taken: each partition needs another one, and \"" SYS_SYSTEM "\" is always there");
}

/* The parent stands before its children, so that there is no circle. */
static uint32_t read_parent(const struct reader *r)
{
	const struct sys_config *c = r->config;
	const char *name = sys_string(r, "parent", false);
	int folder = fdt_subnode_offset(r->dtb, 0, partitions_folder);
	char names[QVM_NAMES_BYTES];
	uint32_t index;

	if (!name || sys_partition_named(c, name, &index, names))
		return name ? index : 0;
	if (strcmp(name, r->place.name) == 0)
		MISTAKE(r, "parent", "'parent' names the partition itself; choose another");
	else if (fdt_subnode_offset(r->dtb, folder, name) >= 0)
		MISTAKE(r, "parent", "'parent' names \"%.32s\", which stands after it; write that first", name);
	else
		MISTAKE(r, "parent", "'parent' names \"%.32s\", but there is none of that name; there are %s", name,
			names);
	return 0;
}

static struct sys_place place_of_partition(const struct sys_config *c, uint32_t index)
{
	return index == 0 ? (struct sys_place){"", partitions_folder, NULL}
			  : (struct sys_place){partitions_folder, c->partitions[index].name, "budget"};
}

/* Takes the budget from the parent's, if that has as much left. */
static void take_budget(const struct reader *r, const struct sys_partition *p)
{
	struct sys_partition *parent = &r->config->partitions[p->parent];
	const struct sys_place there = place_of_partition(r->config, p->parent);
	char where[SYS_WHERE_MAX], wanted[SYS_PERCENT_BYTES], left[SYS_PERCENT_BYTES], missing[SYS_PERCENT_BYTES];

	if (p->budget <= parent->budget)
		parent->budget -= p->budget;
	else
		MISTAKE(r, "budget",
			"'budget' is %s %%, but its parent %s%s has only %s %% left: %s %% are missing; give less to "
			"it or to the parent's other children",
			sys_percent(p->budget, wanted), parent->name, sys_where(r->report, &there, where),
			sys_percent(parent->budget, left), sys_percent(p->budget - parent->budget, missing));
}

/* A bound that nobody keeps must not pass for one. */
static void check_max(const struct reader *r, const struct sys_partition *p)
{
	char max[SYS_PERCENT_BYTES];

	if (p->max < PARTITION_PERCENT)
		MISTAKE(r, "max", "'max' is %s %%, but a maximum below 100 %% is not supported yet; remove it",
			sys_percent(p->max, max));
}

void sys_read_partition(const struct reader *r)
{
	static const char *const words[] = {"budget", "max", "critical-budget-ms", "parent", NULL};
	struct sys_config *c = r->config;
	struct sys_partition p = {.parent = 0};

	check_partition_name(r);
	if (c->partition_count == PARTITION_MAX) {
		MISTAKE(r, NULL, "more than %u partitions besides " SYS_SYSTEM, PARTITION_MAX - 1);
		return;
	}
	sys_words(r, words);
	strncpy(p.name, r->place.name, sizeof(p.name) - 1);
	p.parent = read_parent(r);
	p.budget = read_percent(r, "budget", true, 0);
	p.max = read_percent(r, "max", false, PARTITION_PERCENT);
	p.critical_us = 1000 * (uint32_t)sys_number(r, "critical-budget-ms", 0, 0, (uint64_t)c->window_ms * CPU_MAX);
	check_max(r, &p);
	take_budget(r, &p);
	c->partitions[c->partition_count++] = p;
}

void sys_read_membership(const struct reader *r, struct sys_owner *own)
{
	const char *name = sys_string(r, "partition", false);
	char names[QVM_NAMES_BYTES];
	uint32_t index = 0;

	if (name && !sys_partition_named(r->config, name, &index, names))
		MISTAKE(r, "partition", "'partition' names \"%.32s\", but there is none of that name; there are %s",
			name, names);
	own->partition = (uint8_t)index;
}
