/* SPDX-License-Identifier: Apache-2.0 */
/* What run masks leave of the budgets of adaptive partitions: see struct sys_share. */
#include "internal.h"
#include <bulkhead.h>
#include <string.h>

struct shares {
	const struct sys_config *config;
	const struct sys_vm_needs *needs;
	uint32_t shared; /* CPUs that are there and nobody's own */
	uint32_t served[SYS_PROCESSES_MAX];
	uint32_t reach[PARTITION_MAX]; /* where anything may run in its name */
};

/* A member of a partition, or all of them. */
struct members {
	uint32_t cpus;  /* where it may keep CPUs busy; 0: it is no member */
	uint32_t reach; /* where anything may run in its name */
	bool wide;      /* one of its threads may use all shared CPUs */
};

unsigned sys_partition_of_vcpu(const struct sys_owner *own, const struct sys_vcpu *vcpu)
{
	return vcpu->partition_given ? vcpu->partition : own->partition;
}

static unsigned count_cpus(uint32_t mask)
{
	return (unsigned)__builtin_popcount(mask);
}

/* Where something may run in the name of each process: its CPUs, those of its servers, and those of theirs. */
static void find_served(struct shares *s)
{
	const struct sys_config *c = s->config;

	for (unsigned i = 0; i < c->process_count; i++)
		s->served[i] = c->processes[i].own.sched.runmask;
	/* A chain of servers has at most as many links as there are processes. */
	for (unsigned round = 0; round < c->process_count; round++) {
		for (unsigned i = 0; i < c->process_count; i++) {
			for (unsigned j = 0; j < c->process_count; j++)
				s->served[i] |= c->processes[i].own.connect & 1u << j ? s->served[j] : 0;
		}
	}
}

/* The virtual CPUs of an owner: none, if it is a process or its configuration is not known. */
static unsigned vcpu_count(const struct shares *s, unsigned owner)
{
	return s->needs && owner >= s->config->process_count ? s->needs[owner - s->config->process_count].cpus : 0;
}

static void add_cpus(const struct shares *s, struct members *m, uint32_t cpus)
{
	m->cpus |= cpus & s->shared;
	m->wide |= (cpus & s->shared) == s->shared;
}

static struct members find_member(const struct shares *s, unsigned partition, unsigned owner)
{
	const struct sys_owner *own = sys_owner_at(s->config, owner);
	const uint32_t mask = own->sched.runmask;
	const bool inside = own->partition == partition;
	struct members m = {0};

	for (unsigned i = 0; i < vcpu_count(s, owner); i++) {
		const struct sys_vcpu *vcpu = &s->needs[owner - s->config->process_count].vcpus[i];

		if (sys_partition_of_vcpu(own, vcpu) == partition)
			add_cpus(s, &m, vcpu->runmask ? vcpu->runmask & mask : mask);
	}
	/* qvm itself has no load of its own beside that of its virtual CPUs. */
	if (inside && m.cpus == 0)
		add_cpus(s, &m, mask);
	m.reach = m.cpus | (inside ? mask : 0);
	for (unsigned i = 0; m.reach != 0 && i < s->config->process_count; i++)
		m.reach |= own->connect & 1u << i ? s->served[i] : 0;
	return m;
}

static struct members find_members(const struct shares *s, unsigned partition)
{
	struct members all = {0};

	if (partition == 0) /* procmgr */
		return (struct members){s->shared, s->shared, true};
	for (unsigned i = 0; i < sys_owner_count(s->config); i++) {
		struct members m = find_member(s, partition, i);

		all.cpus |= m.cpus;
		all.reach |= m.reach & s->shared;
		all.wide |= m.wide;
	}
	return all;
}

static struct shares find_shares(const struct sys_config *config, const struct sys_vm_needs *needs, uint32_t present)
{
	struct shares s = {.config = config, .needs = needs, .shared = config->shared_cpus & present};

	find_served(&s);
	for (unsigned i = 0; i < config->partition_count; i++)
		s.reach[i] = find_members(&s, i).reach;
	return s;
}

/* What everybody else may use of a set of CPUs within their budgets: hundredths of a percent of all shared CPUs. */
static uint32_t used_by_others(const struct shares *s, unsigned partition, uint32_t set)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < s->config->partition_count; i++)
		used += i != partition && (s->reach[i] & set) ? s->config->partitions[i].budget : 0;
	return used;
}

static struct sys_share share_of(const struct shares *s, unsigned partition)
{
	const struct members members = find_members(s, partition);
	const unsigned count = count_cpus(s->shared);
	struct sys_share share = {members.cpus, members.cpus != 0 && !members.wide, 0, true};
	uint32_t best = 0; /* hundredths of a percent of one CPU */

	/* This is the smallest cut of the flow from others' budgets to these CPUs: all sets are tried. */
	for (uint32_t set = share.cpus; share.narrow && set != 0; set = (set - 1) & share.cpus) {
		uint32_t there = count_cpus(set) * PARTITION_PERCENT, used = count * used_by_others(s, partition, set);

		if (there > used && there - used > best)
			best = there - used;
	}
	if (share.narrow) {
		share.least = best / count;
		share.enough = count * s->config->partitions[partition].budget <= best;
	}
	return share;
}

struct sys_share sys_share(const struct sys_config *config, const struct sys_vm_needs *needs, uint32_t present,
			   unsigned partition)
{
	const struct shares s = find_shares(config, needs, present);

	return share_of(&s, partition);
}

static void check_share(const struct shares *s, unsigned partition, struct sys_report *report)
{
	const struct sys_partition *p = &s->config->partitions[partition];
	const struct sys_place place = {"partitions", p->name, "budget"};
	const struct sys_share share = share_of(s, partition);
	char budget[SYS_PERCENT_BYTES], least[SYS_PERCENT_BYTES], names[QVM_NAMES_BYTES];
	uint32_t others = 0;

	if (share.enough)
		return;
	for (unsigned i = 0; i < s->config->partition_count; i++)
		others |= i != partition && (s->reach[i] & share.cpus) && s->config->partitions[i].budget ? 1u << i : 0;
	sys_partition_names(s->config, others, names);
	sys_mistake(report, &place,
		    "its budget is %s %%, but only %s %% can be guaranteed: its members may run on the shared CPUs "
		    "0x%x only (all: 0x%x)%s%s; lower it, or change run masks%s",
		    sys_percent(p->budget, budget), sys_percent(share.least, least), (unsigned)share.cpus,
		    (unsigned)s->shared, *names ? ", where these, or their servers, may use their budgets: " : "",
		    names, *names ? ": these members' or those of the others" : "");
}

/* All exclusive CPUs together leave one to procmgr, and so to servers without a run mask. */
static void check_shared_cpus(const struct sys_config *config, uint32_t present, struct sys_report *report)
{
	struct sys_place place;
	unsigned last = 0;

	if (config->shared_cpus & present)
		return;
	for (unsigned i = 0; i < sys_owner_count(config); i++)
		last = sys_owner_at(config, i)->exclusive_cpus ? i : last;
	place = sys_owner_place(config, last, "exclusive-cpus");
	sys_mistake(report, &place,
		    "all CPUs, 0x%x, are exclusive, and none is left to procmgr and to servers; leave one",
		    (unsigned)present);
}

void sys_check_partitions(const struct sys_config *config, const struct sys_board *board,
			  const struct sys_vm_needs *needs, struct sys_report *report)
{
	const uint32_t present = board ? sys_present_cpus(board) : (1u << CPU_MAX) - 1;
	struct shares s;

	check_shared_cpus(config, present, report);
	/* How many CPUs there are, and whether a virtual CPU has a run mask, must be known. */
	if (!board || !needs)
		return;
	s = find_shares(config, needs, present);
	for (unsigned i = 1; i < config->partition_count; i++)
		check_share(&s, i, report);
}
