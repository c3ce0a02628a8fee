/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive partitions in the access matrix. */
#include "internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysplan.h>

#define LIST_BYTES 128

/* A list of names that may take several lines. */
struct list {
	const struct sys_printer *printer;
	unsigned partition;
	char text[LIST_BYTES];
};

static void end_list(struct list *list)
{
	if (*list->text)
		sys_print_line(list->printer, "  partition %-2u members:%s", list->partition, list->text);
	list->text[0] = '\0';
}

static void __attribute__((format(printf, 2, 3))) add_name(struct list *list, const char *format, ...)
{
	char name[64];
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (strlen(list->text) + strlen(name) + 2 > LIST_BYTES)
		end_list(list);
	used = strlen(list->text);
	snprintf(list->text + used, LIST_BYTES - used, " %s", name);
}

/* A VM itself, which is its qvm and every virtual CPU that has no other partition; then single virtual CPUs. */
static void add_owner(struct list *list, unsigned owner)
{
	const struct sys_map *map = list->printer->map;
	const struct sys_owner *own = sys_owner_at(map->config, owner);
	const struct sys_vm_needs *needs =
	    map->needs && owner >= map->config->process_count ? &map->needs[owner - map->config->process_count] : NULL;

	if (own->partition == list->partition)
		add_name(list, "%s", own->name);
	for (unsigned i = 0; needs && i < needs->cpus; i++) {
		const struct sys_vcpu *vcpu = &needs->vcpus[i];

		if (vcpu->partition_given && vcpu->partition == list->partition && own->partition != list->partition)
			add_name(list, "%s(vcpu%u)", own->name, i);
	}
}

static void print_members(const struct sys_printer *p, unsigned partition)
{
	struct list list = {.printer = p, .partition = partition};

	if (partition == 0)
		add_name(&list, "procmgr");
	for (unsigned i = 0; i < sys_owner_count(p->map->config); i++)
		add_owner(&list, i);
	end_list(&list);
}

static void print_share(const struct sys_printer *p, unsigned partition)
{
	const struct sys_map *map = p->map;
	struct sys_share share;
	char least[SYS_PERCENT_BYTES];

	if (!map->cpus_known || !map->needs)
		return;
	share = sys_share(map->config, map->needs, map->cpus, partition);
	if (share.narrow)
		sys_print_line(p, "  partition %-2u by its run masks on cpus %02x only: at least %s%%", partition,
			       (unsigned)share.cpus, sys_percent(share.least, least));
}

static void print_partition(const struct sys_printer *p, unsigned index)
{
	const struct sys_partition *part = &p->map->config->partitions[index];
	char budget[SYS_PERCENT_BYTES], max[SYS_PERCENT_BYTES];

	sys_percent(part->budget, budget);
	sys_percent(part->max, max);
	if (index == 0)
		sys_print_line(p, "  partition %-2u %s: budget %s%%, max %s%%, critical without limit", index,
			       part->name, budget, max);
	else
		sys_print_line(p, "  partition %-2u %s: budget %s%%, max %s%%, critical %u ms, parent %s", index,
			       part->name, budget, max, (unsigned)part->critical_us / 1000,
			       p->map->config->partitions[part->parent].name);
	print_share(p, index);
	print_members(p, index);
}

void sys_print_partitions(const struct sys_printer *p)
{
	const struct sys_config *c = p->map->config;

	sys_print_line(p, "  partitions of cpus %02x, window %u ms%s", (unsigned)(c->shared_cpus & p->map->cpus),
		       c->window_ms, c->partition_policy & PARTITION_POLICY_RATIO ? ", freetime-by-ratio" : "");
	if (c->partitions_adjustable)
		sys_print_line(p, "  partitions MAY BE CHANGED while the system runs (adjustable)");
	for (unsigned i = 0; i < c->partition_count; i++)
		print_partition(p, i);
}
