/* SPDX-License-Identifier: Apache-2.0 */
/* The access matrix as text. */
#include "internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysplan.h>

#define LINE_BYTES 192

static void print_range(const struct sys_printer *p, uint64_t start, uint64_t bytes, const char *what,
			const char *owner, const char *detail)
{
	const char *open = *detail ? " (" : "", *close = *detail ? ")" : "";

	if (start == SYS_ANYWHERE)
		sys_print_line(p, "  anywhere %#-12" PRIx64 " %-7s %s%s%s%s", bytes, what, owner, open, detail, close);
	else
		sys_print_line(p, "  %010" PRIx64 "-%010" PRIx64 " %-7s %s%s%s%s", start, start + bytes - 1, what,
			       owner, open, detail, close);
}

/* Adds a word to a list in `text`. */
static void append_word(char *text, size_t bytes, const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, bytes - used, "%s%s", used ? " " : "", word);
}

/* ---- memory ---- */

static const char *region_owner(const struct sys_config *config, const char *name)
{
	for (unsigned i = 0; i < sys_owner_count(config); i++) {
		const struct sys_owner *own = sys_owner_at(config, i);

		for (unsigned j = 0; j < own->region_count; j++) {
			if (strcmp(own->regions[j], name) == 0)
				return own->name;
		}
	}
	return "nobody";
}

static void print_pool(const struct sys_printer *p, const struct plan_item *item)
{
	const struct sys_pool *pool = &p->map->config->pools[item->slot];
	char vms[128] = "";

	for (unsigned v = 0; v < p->map->config->vm_count; v++) {
		if (pool->vms & (1u << v))
			append_word(vms, sizeof(vms), p->map->config->vms[v].own.name);
	}
	print_range(p, item->start, item->bytes, "pool", *vms ? vms : "nobody", pool->name);
}

static void print_item(const struct sys_printer *p, const struct plan_item *item)
{
	static const char *const uses[] = {"kernel", "ram", "guest", "region"};
	const struct sys_config *config = p->map->config;

	if (item->use == PLAN_POOL)
		print_pool(p, item);
	else if (item->use == PLAN_REGION)
		print_range(p, item->start, item->bytes, uses[item->use],
			    region_owner(config, config->regions[item->slot].name), config->regions[item->slot].name);
	else
		print_range(p, item->start, item->bytes, uses[item->use], sys_owner_at(config, item->slot - 1)->name,
			    "");
}

/* In the order of addresses; items without one follow in the order of the plan. */
static void print_memory(const struct sys_printer *p)
{
	const struct plan *plan = p->map->plan;
	uint64_t from = 0;

	for (;;) {
		const struct plan_item *next = NULL;

		for (unsigned i = 0; i < plan->count; i++) {
			const struct plan_item *item = &plan->item[i];

			if (item->start != SYS_ANYWHERE && item->start >= from && (!next || item->start < next->start))
				next = item;
		}
		if (!next)
			break;
		print_item(p, next);
		from = next->start + next->bytes;
	}
	for (unsigned i = 0; i < plan->count; i++) {
		if (plan->item[i].start == SYS_ANYWHERE)
			print_item(p, &plan->item[i]);
	}
}

/* ---- devices ---- */

static void print_claim(const struct sys_printer *p, const struct sys_claim *claim)
{
	const struct sys_owner *own = sys_owner_at(p->map->config, claim->owner);
	const char *name = claim->source == SYS_BY_DEVICE   ? own->devices[claim->index]
			   : claim->source == SYS_BY_REGION ? own->regions[claim->index]
							    : "";

	if (claim->what == SYS_INTERRUPT)
		sys_print_line(p, "  interrupt %-11" PRIu64 " irq     %s%s%s%s", claim->start, own->name,
			       *name ? " (" : "", name, *name ? ")" : "");
	else if (claim->what == SYS_MMIO)
		print_range(p, claim->start, claim->bytes, "device", own->name, name);
	else if (claim->reserved)
		print_range(p, claim->start, claim->bytes, "region", own->name, name);
}

static void print_unresolved(const struct sys_printer *p)
{
	const struct sys_config *config = p->map->config;

	for (unsigned i = 0; i < sys_owner_count(config); i++) {
		const struct sys_owner *own = sys_owner_at(config, i);

		for (unsigned j = 0; j < own->device_count; j++)
			sys_print_line(p, "  %-21s device  %s (%s)", "of the board", own->name, own->devices[j]);
	}
}

/* ---- processes and VMs ---- */

/* The names that it serves. */
static void print_names(const struct sys_printer *p, unsigned owner)
{
	const struct sys_process *process = &p->map->config->processes[owner];
	char names[LINE_BYTES] = "";

	if (sys_serves(process, process->own.name))
		append_word(names, sizeof(names), process->own.name);
	for (unsigned i = 0; i < process->serves_count; i++) {
		if (strcmp(process->serves[i], process->own.name) != 0)
			append_word(names, sizeof(names), process->serves[i]);
	}
	if (*names)
		sys_print_line(p, "  slot %-2u serves: %s", owner + 1, names);
}

static void print_reach(const struct sys_printer *p, unsigned owner)
{
	const struct sys_config *config = p->map->config;
	const struct sys_owner *own = sys_owner_at(config, owner);
	char names[LINE_BYTES] = "";

	for (unsigned i = 0; i < config->process_count; i++) {
		if (own->connect & (1u << i))
			append_word(names, sizeof(names), config->processes[i].own.name);
	}
	if (*names)
		sys_print_line(p, "  slot %-2u connects to: %s", owner + 1, names);
	if (owner < config->process_count)
		print_names(p, owner);
	else
		sys_print_line(p, "  slot %-2u beside its guest's RAM: %llu KiB of memory, %llu KiB of kernel memory",
			       owner + 1, (unsigned long long)own->memory >> 10,
			       (unsigned long long)own->kernel_memory >> 10);
	if (own->dma_uncontained)
		sys_print_line(p, "  slot %-2u REACHES ALL MEMORY by its devices' DMA (dma-uncontained)", owner + 1);
}

static void print_owner(const struct sys_printer *p, unsigned owner)
{
	static const char *const abilities[] = {"process", "vcpu", "system", "log", "public", "xsched"};
	static const char *const restarts[] = {"", ", restart on failure", ", restart always"};
	const struct sys_config *config = p->map->config;
	const struct sys_owner *own = sys_owner_at(config, owner);
	uint32_t able = owner < config->process_count ? config->processes[owner].abilities : 1u << 1;
	char list[64] = "";

	for (unsigned i = 0; i < sizeof(abilities) / sizeof(abilities[0]); i++) {
		if (able & (1u << i))
			append_word(list, sizeof(list), abilities[i]);
	}
	sys_print_line(p, "  slot %-2u cpus %02x%s prio %u-%u %s %s%s%s%s", owner + 1,
		       (unsigned)(own->sched.runmask & p->map->cpus), own->exclusive_cpus ? " exclusive" : "",
		       own->sched.priority, own->sched.max_priority, own->name, *list ? "able: " : "able: none", list,
		       restarts[own->restart], own->critical ? ", critical" : "");
}

void sys_map(const struct sys_map *map, void (*line)(void *context, const char *text), void *context)
{
	struct sys_printer p = {map, line, context};
	bool resolved = false;

	sys_print_line(&p, "access matrix:");
	print_memory(&p);
	for (unsigned i = 0; i < map->claims->count; i++) {
		print_claim(&p, &map->claims->claim[i]);
		resolved |= map->claims->claim[i].source == SYS_BY_DEVICE;
	}
	if (!resolved)
		print_unresolved(&p);
	if (map->config->vm_count && map->archive.bytes)
		print_range(&p, map->archive.start, map->archive.bytes, "rom", "every VM, to read", "");
	for (unsigned i = 0; i < sys_owner_count(map->config); i++) {
		print_owner(&p, i);
		print_reach(&p, i);
	}
	if (map->config->partitions_given)
		sys_print_partitions(&p);
	sys_print_line(&p, "  safety %s, design safe state ends with a %s",
		       map->config->safety == QVM_SAFETY_REQUIRED ? "required"
		       : map->config->safety == QVM_SAFETY_WARN   ? "warn"
								  : "none",
		       map->config->safe_state_reset ? "reset" : "halt");
}
