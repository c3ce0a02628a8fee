/* SPDX-License-Identifier: Apache-2.0 */
/* Memory regions, clusters of CPUs, and pools for shared memory. */
#include "internal.h"
#include <bulkhead.h>
#include <string.h>
#include <vdevoption.h>

bool sys_good_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return *name && strlen(name) < NAME_MAX_ && strspn(name, allowed) == strlen(name);
}

void sys_check_name(const struct reader *r)
{
	if (!sys_good_name(r->place.name))
		MISTAKE(r, NULL, "its name must be 1 to %d letters, digits, '_', '-' or '.'", NAME_MAX_ - 1);
}

void sys_read_region(const struct reader *r)
{
	static const char *const words[] = {"start", "bytes", NULL};
	const unsigned before = r->report->mistakes;
	struct sys_config *c = r->config;
	struct sys_region region = {.name = r->place.name,
				    .start = sys_number(r, "start", SYS_ANYWHERE, 0, 1ull << 52)};

	sys_words(r, words);
	if (c->region_count == SYS_REGIONS_MAX) {
		MISTAKE(r, NULL, "more than %d regions", SYS_REGIONS_MAX);
		return;
	}
	if (!sys_has(r, "bytes"))
		MISTAKE(r, NULL, "'bytes' is missing");
	if (region.start != SYS_ANYWHERE && region.start % QVM_PAGE)
		MISTAKE(r, "start", "'start' 0x%llx is not a multiple of the page size, 0x1000",
			(unsigned long long)region.start);
	region.bytes = sys_memory(r, "bytes", QVM_PAGE);
	region.wrong = r->report->mistakes != before;
	c->regions[c->region_count++] = region;
}

void sys_read_cluster(const struct reader *r)
{
	static const char *const words[] = {"cpus", NULL};
	struct sys_config *c = r->config;
	uint32_t list[CPU_MAX], cpus = 0;
	unsigned count = sys_numbers(r, "cpus", list, CPU_MAX);

	sys_words(r, words);
	if (c->cluster_count == SYS_CLUSTERS_MAX) {
		MISTAKE(r, NULL, "more than %d clusters", SYS_CLUSTERS_MAX);
		return;
	}
	if (!sys_has(r, "cpus"))
		MISTAKE(r, NULL, "'cpus' is missing");
	for (unsigned i = 0; i < count; i++) {
		if (list[i] < CPU_MAX)
			cpus |= 1u << list[i];
		else
			MISTAKE(r, "cpus", "'cpus' has CPU %u; CPUs are 0 to %d", (unsigned)list[i], CPU_MAX - 1);
	}
	c->clusters[c->cluster_count++] = (struct sys_cluster){r->place.name, cpus ? cpus : 1, cpus == 0};
}

static uint32_t read_vms(const struct reader *r)
{
	const struct sys_config *c = r->config;
	const char *list[SYS_VMS_MAX];
	unsigned count = sys_strings(r, "vms", list, SYS_VMS_MAX), v;
	uint32_t mask = 0;

	if (!sys_has(r, "vms"))
		MISTAKE(r, NULL, "'vms' is missing: which VMs may use it, as in \"one\", \"two\"");
	for (unsigned i = 0; i < count; i++) {
		for (v = 0; v < c->vm_count && strcmp(c->vms[v].own.name, list[i]) != 0; v++)
			;
		if (v < c->vm_count)
			mask |= 1u << v;
		else
			MISTAKE(r, "vms", "'vms' names \"%.32s\", but there is no VM of that name", list[i]);
	}
	return mask;
}

void sys_read_pool(const struct reader *r)
{
	static const char *const words[] = {"bytes", "vms", "names", NULL};
	struct sys_config *c = r->config;
	struct sys_pool *pool = &c->pools[c->pool_count];

	sys_words(r, words);
	if (c->pool_count == SYS_POOLS_MAX) {
		MISTAKE(r, NULL, "more than %d pools", SYS_POOLS_MAX);
		return;
	}
	if (!sys_has(r, "bytes"))
		MISTAKE(r, NULL, "'bytes' is missing");
	pool->name = r->place.name;
	pool->bytes = sys_memory(r, "bytes", QVM_PAGE);
	pool->vms = read_vms(r);
	pool->pattern_count = sys_strings(r, "names", pool->patterns, SYS_PATTERNS_MAX);
	for (unsigned i = 0; i < pool->pattern_count; i++) {
		const char *wrong = vdev_pattern(pool->patterns[i]);

		if (wrong)
			MISTAKE(r, "names", "\"%.64s\" in 'names' %s", pool->patterns[i], wrong);
	}
	c->pool_count++;
}
