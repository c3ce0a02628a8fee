/* SPDX-License-Identifier: Apache-2.0 */
/* What processes and VMs have in common. */
#include "internal.h"
#include <bulkhead.h>
#include <string.h>

#define DEFAULT_PRIORITY    10
#define DEFAULT_RESTARTS    5
#define DEFAULT_DELAY_MS    1000
#define DELAY_MS_MAX        60000
#define SPI_FIRST           32
#define CPUS_ALL            ((1u << CPU_MAX) - 1)
#define ENV_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

struct sys_place sys_owner_place(const struct sys_config *config, unsigned owner, const char *property)
{
	return (struct sys_place){owner < config->process_count ? "processes" : "vms",
				  sys_owner_at(config, owner)->name, property};
}

const char *sys_env(const struct sys_owner *owner, const char *name)
{
	size_t bytes = strlen(name);

	for (unsigned i = 0; i < owner->env_count; i++) {
		if (strncmp(owner->env[i], name, bytes) == 0 && owner->env[i][bytes] == '=')
			return owner->env[i] + bytes + 1;
	}
	return NULL;
}

static const struct sys_cluster *find_cluster(const struct sys_config *config, const char *name)
{
	for (unsigned i = 0; i < config->cluster_count; i++) {
		if (strcmp(config->clusters[i].name, name) == 0)
			return &config->clusters[i];
	}
	return NULL;
}

bool sys_cluster(const struct sys_config *config, const char *name, uint32_t *cpus)
{
	const struct sys_cluster *cluster = find_cluster(config, name);

	if (cluster)
		*cpus = cluster->cpus;
	return cluster != NULL;
}

static void read_env(const struct reader *r, struct sys_owner *own)
{
	unsigned count = sys_strings(r, "env", own->env, SYS_ENV_MAX);

	for (unsigned i = 0; i < count; i++) {
		size_t bytes = strspn(own->env[i], ENV_NAME_CHARACTERS);
		char name[32];

		if (bytes == 0 || bytes >= sizeof(name) || own->env[i][bytes] != '=') {
			MISTAKE(r, "env", "'env' has \"%.32s\"; write NAME=value, NAME of 1 to 31 letters, digits, '_'",
				own->env[i]);
			continue;
		}
		memcpy(name, own->env[i], bytes);
		name[bytes] = '\0';
		own->env_count = i; /* those before it */
		if (sys_env(own, name))
			MISTAKE(r, "env", "'env' gives %s twice; remove one", name);
	}
	own->env_count = count;
}

/* `runmask` gives CPUs by their bits, `cluster` by the name of a group. A wrong value counts as not given. */
static void read_cpus(const struct reader *r, struct sys_owner *own)
{
	const unsigned before = r->report->mistakes;
	const char *name = sys_string(r, "cluster", false);
	const struct sys_cluster *cluster = name ? find_cluster(r->config, name) : NULL;
	bool mask_given = sys_has(r, "runmask");

	own->by_cluster = name != NULL;
	own->sched.runmask = cluster ? cluster->cpus
			     : name  ? CPUS_ALL
				     : (uint32_t)sys_number(r, "runmask", CPUS_ALL, 1, CPUS_ALL);
	if (name && !cluster)
		MISTAKE(r, "cluster", "'cluster' names \"%.32s\", but /clusters has none of that name", name);
	if (name && mask_given)
		MISTAKE(r, "runmask", "'runmask' and 'cluster' both say which CPUs it may use; remove one");
	own->sched_wrong = r->report->mistakes != before || (cluster && cluster->wrong);
	own->runmask_given = (name || mask_given) && !own->sched_wrong;
	if (!own->runmask_given)
		own->sched.runmask = CPUS_ALL;
}

static void read_sched(const struct reader *r, struct sys_owner *own)
{
	static const char *const policies[] = {"rr", "fifo", NULL};
	struct sys_sched *sched = &own->sched;
	const unsigned before = r->report->mistakes;

	sched->priority = (uint8_t)sys_number(r, "priority", DEFAULT_PRIORITY, 1, PRIO_MAX);
	sched->max_priority = (uint8_t)sys_number(r, "max-priority", sched->priority, 1, PRIO_MAX);
	if (sched->max_priority < sched->priority && r->report->mistakes == before)
		MISTAKE(r, "max-priority", "'max-priority' %u is below 'priority' %u; raise it", sched->max_priority,
			sched->priority);
	read_cpus(r, own);
	sched->policy = sys_choice(r, "policy", policies, 0) == 1 ? SCHED_FIFO_ : SCHED_RR_;
	own->sched_wrong |= r->report->mistakes != before;
	own->exclusive_cpus = sys_flag(r, "exclusive-cpus");
	if (!own->exclusive_cpus || own->runmask_given)
		return;
	own->exclusive_cpus = false;
	if (!sys_has(r, "runmask") && !sys_has(r, "cluster"))
		MISTAKE(r, "exclusive-cpus", "'exclusive-cpus' needs 'runmask' or 'cluster' to say which CPUs");
}

static void read_interrupts(const struct reader *r, struct sys_owner *own)
{
	own->interrupt_count = sys_numbers(r, "interrupts", own->interrupts, SYS_IRQS_MAX);
	for (unsigned i = 0; i < own->interrupt_count; i++) {
		uint32_t intid = own->interrupts[i];

		if (intid < SPI_FIRST)
			MISTAKE(r, "interrupts",
				"interrupt %u is %s: each CPU has its own, and the kernel keeps it; use an SPI, 32 to "
				"1019",
				(unsigned)intid, intid < 16 ? "an SGI" : "a PPI");
		else if (intid > SYS_SPI_LAST)
			MISTAKE(r, "interrupts", "there is no interrupt %u; use an SPI, 32 to 1019", (unsigned)intid);
	}
}

static void read_restart(const struct reader *r, struct sys_owner *own)
{
	static const char *const policies[] = {"never", "on-failure", "always", NULL};
	static const char *const more[] = {"restart-limit", "restart-delay"};

	own->restart = (enum sys_restart)sys_choice(r, "restart", policies, SYS_RESTART_NEVER);
	own->restart_limit = (unsigned)sys_number(r, more[0], DEFAULT_RESTARTS, 1, 1000);
	own->restart_delay_ms = (unsigned)sys_number(r, more[1], DEFAULT_DELAY_MS, 1, DELAY_MS_MAX);
	own->critical = sys_flag(r, "critical");
	for (unsigned i = 0; i < 2 && own->restart == SYS_RESTART_NEVER; i++) {
		if (sys_has(r, more[i]))
			MISTAKE(r, more[i],
				"'%s' without 'restart = \"on-failure\"' or \"always\" has no effect; remove it",
				more[i]);
	}
}

void sys_read_owner(const struct reader *r, struct sys_owner *own, uint64_t memory, uint64_t kernel_memory)
{
	unsigned before;

	own->name = r->place.name;
	own->arg_count = sys_strings(r, "args", own->args, SYS_ARGS_MAX);
	read_env(r, own);
	read_sched(r, own);
	own->memory = sys_memory(r, "memory", memory);
	own->kernel_memory = sys_memory(r, "kernel-memory", kernel_memory);
	before = r->report->mistakes;
	own->device_count = sys_strings(r, "devices", own->devices, SYS_DEVICES_MAX);
	own->mmio_count = sys_ranges(r, "mmio", own->mmio, SYS_MMIO_MAX);
	own->region_count = sys_strings(r, "regions", own->regions, SYS_REGIONS_MAX);
	read_interrupts(r, own);
	own->gifts_wrong = r->report->mistakes != before;
	own->dma_uncontained = sys_flag(r, "dma-uncontained");
	read_restart(r, own);
	sys_read_membership(r, own);
}

static struct sys_owner *owner_to_write(struct sys_config *config, unsigned owner)
{
	return owner < config->process_count ? &config->processes[owner].own
					     : &config->vms[owner - config->process_count].own;
}

void sys_share_cpus(struct sys_config *config)
{
	uint32_t exclusive = 0;

	for (unsigned i = 0; i < sys_owner_count(config); i++) {
		if (sys_owner_at(config, i)->exclusive_cpus)
			exclusive |= sys_owner_at(config, i)->sched.runmask;
	}
	config->shared_cpus = CPUS_ALL & ~exclusive;
	for (unsigned i = 0; i < sys_owner_count(config); i++) {
		struct sys_owner *own = owner_to_write(config, i);

		if (!own->runmask_given)
			own->sched.runmask &= ~exclusive;
	}
}
