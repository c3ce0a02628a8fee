/* SPDX-License-Identifier: Apache-2.0 */
/* Compares what a VM's configuration needs with what the description gives the VM. */
#include "internal.h"
#include <bulkhead.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Configurations are read one after the other into the same memory, so places keep only the name of the file. */
static struct qvm_place keep_place(const struct sys_vm *vm, const struct qvm_place *place)
{
	const char *file = place->file ? place->file : "", *kept = "command line";

	if (strcmp(vm->config, file) == 0)
		kept = vm->config;
	for (unsigned i = 0; i < vm->own.arg_count; i++) {
		const char *name = vm->own.args[i], *slash = strrchr(name, '/');

		if (*name == '@' && strcmp(slash ? slash + 1 : name + 1, file) == 0)
			kept = slash ? slash + 1 : name + 1;
	}
	return (struct qvm_place){kept, place->line};
}

static void add_pass(struct sys_vm_needs *needs, enum sys_what what, uint64_t start, uint64_t bytes, bool ram,
		     struct qvm_place place)
{
	needs->passes[needs->pass_count++] = (struct sys_pass){what, ram, start, bytes, place};
}

static void add_passes(struct sys_vm_needs *needs, const struct sys_vm *vm, const struct qvm_config *config)
{
	_Static_assert(SYS_PASSES_MAX >= QVM_PASSES_MAX + QVM_PASS_INTRS_MAX, "all of a configuration");

	for (unsigned i = 0; i < config->pass_count; i++) {
		const struct qvm_pass *pass = &config->passes[i];

		add_pass(needs, SYS_MMIO, pass->host, pass->bytes, (pass->attributes & QVM_PASS_M) != 0,
			 keep_place(vm, &pass->place));
	}
	for (unsigned i = 0; i < config->pass_intr_count; i++) {
		const struct qvm_pass_intr *pass = &config->pass_intrs[i];

		add_pass(needs, SYS_INTERRUPT, pass->host, 1, false, keep_place(vm, &pass->place));
	}
}

static void add_cpu(struct sys_vm_needs *needs, const struct sys_vm *vm, const struct qvm_cpu *cpu, unsigned index)
{
	const bool given = cpu->partition != NULL;

	if (cpu->sched_given && cpu->priority > needs->priority_max) {
		needs->priority_max = cpu->priority;
		needs->priority_place = keep_place(vm, &cpu->place);
	}
	for (unsigned bit = 0; bit < CPU_MAX && cpu->runmask_given; bit++) {
		if ((cpu->runmask & ~needs->runmask) & (1u << bit))
			needs->runmask_places[bit] = keep_place(vm, &cpu->place);
	}
	if (cpu->runmask_given)
		needs->runmask |= cpu->runmask;
	needs->vcpus[index] = (struct sys_vcpu){.runmask = cpu->runmask_given ? cpu->runmask : 0,
						.partition = (uint8_t)cpu->partition_id,
						.partition_given = given};
}

void sys_vm_needs(struct sys_vm_needs *needs, const struct sys_vm *vm, const struct qvm_config *config)
{
	memset(needs, 0, sizeof(*needs));
	strncpy(needs->name, config->name, sizeof(needs->name) - 1);
	needs->name_given = config->name_given;
	needs->name_place = keep_place(vm, &config->name_place);
	needs->guest_bytes = qvmconf_memory_bytes(config);
	needs->cpus = config->cpu_count;
	for (unsigned i = 0; i < config->cpu_count; i++)
		add_cpu(needs, vm, &config->cpus[i], i);
	for (unsigned i = 0; i < config->vdev_count; i++) {
		const struct qvm_vdev *vdev = &config->vdevs[i];

		if (vdev->priority > needs->priority_max) {
			needs->priority_max = vdev->priority;
			needs->priority_place = keep_place(vm, &vdev->place);
		}
		sys_add_peers(needs, config, vdev, keep_place(vm, &vdev->place));
	}
	/* qvm waits for a log ring that the configuration names. */
	for (unsigned i = 0; i < config->logger_count; i++) {
		const struct qvm_logger *logger = &config->loggers[i];

		if (logger->dest & QVM_LOG_SLOG)
			sys_need_service(needs, SYS_SLOGGER, logger->vdev == QVM_LOGGER_VM ? "logger" : "log", "",
					 keep_place(vm, &logger->place));
	}
	add_passes(needs, vm, config);
	sys_reserve_needs(needs, config);
}

void sys_check_vm(const struct sys_config *config, const struct sys_board *board, unsigned v,
		  const struct sys_vm_needs *needs, struct sys_report *report)
{
	const struct sys_owner *own = &config->vms[v].own;
	struct sys_place node = {"vms", own->name, NULL}, place = {"vms", own->name, NULL};
	uint32_t outside = own->sched_wrong ? 0 : needs->runmask & ~own->sched.runmask;
	uint32_t absent = board ? needs->runmask & ~sys_present_cpus(board) : 0;
	char where[SYS_WHERE_MAX];

	/* CPUs of a cluster were reported with it. */
	for (unsigned i = 0; i < config->cluster_count; i++)
		absent &= ~config->clusters[i].cpus;
	if (needs->name_given && strcmp(needs->name, own->name) != 0)
		sys_mistake_at(report, &needs->name_place,
			       "the VM is '%s' here and /vms/%s%s in the system; the two names "
			       "must be equal",
			       needs->name, own->name, sys_where(report, &node, where));
	place.property = "max-priority";
	if (needs->priority_max > own->sched.max_priority && !own->sched_wrong)
		sys_mistake_at(report, &needs->priority_place,
			       "priority %u is above the 'max-priority' %u of /vms/%s%s; raise one or lower the "
			       "other",
			       needs->priority_max, own->sched.max_priority, own->name,
			       sys_where(report, &place, where));
	place.property = "runmask";
	if (outside)
		sys_mistake_at(
		    report, &needs->runmask_places[__builtin_ctz(outside)],
		    "this CPU may run on CPU %d, which is not in the run mask 0x%x of /vms/%s%s; change one of "
		    "them",
		    __builtin_ctz(outside), (unsigned)own->sched.runmask, own->name, sys_where(report, &place, where));
	else if (board && absent)
		sys_mistake_at(
		    report, &needs->runmask_places[__builtin_ctz(absent)],
		    "this CPU may run on CPU %d, which the board does not have: it has CPUs 0 to %u; choose another",
		    __builtin_ctz(absent), board->cpus - 1);
}

/* Does the claim contain address or interrupt `at` of what is passed? */
static bool claim_has(const struct sys_claim *claim, const struct sys_pass *pass, uint64_t at)
{
	if (claim->start == SYS_ANYWHERE || (claim->what == SYS_INTERRUPT) != (pass->what == SYS_INTERRUPT) ||
	    (pass->ram && claim->what != SYS_MEMORY))
		return false;
	return range_holds(claim->start, claim->bytes, at, 1);
}

/* The claim of another owner on it, or NULL. */
static const struct sys_claim *find_rival(const struct sys_claims *claims, unsigned owner, const struct sys_pass *pass,
					  uint64_t at)
{
	for (unsigned i = 0; i < claims->count; i++) {
		if (claims->claim[i].owner != owner && claim_has(&claims->claim[i], pass, at))
			return &claims->claim[i];
	}
	return NULL;
}

/* The first address or interrupt of what is passed that the owner does not have; false: it has all. */
static bool find_gap(const struct sys_claims *claims, unsigned owner, const struct sys_pass *pass, uint64_t *at)
{
	uint64_t end = pass->start + pass->bytes;

	*at = pass->start;
	for (unsigned round = 0; round < claims->count && *at < end; round++) {
		const uint64_t before = *at;

		for (unsigned i = 0; i < claims->count; i++) {
			const struct sys_claim *claim = &claims->claim[i];

			if (claim->owner == owner && claim_has(claim, pass, *at))
				*at = claim->start + claim->bytes;
		}
		if (*at == before)
			break;
	}
	return *at < end;
}

static void report_gap(const struct sys_config *config, const struct sys_claims *claims, unsigned owner,
		       const struct sys_pass *pass, uint64_t at, struct sys_report *report)
{
	const struct sys_claim *other = find_rival(claims, owner, pass, at);
	struct sys_place here = sys_owner_place(config, owner, NULL), there;
	char what[64], where[SYS_WHERE_MAX], mine[SYS_WHERE_MAX];

	if (pass->what == SYS_INTERRUPT)
		snprintf(what, sizeof(what), "interrupt %" PRIu64, pass->start);
	else
		snprintf(what, sizeof(what), "0x%" PRIx64 "-0x%" PRIx64, pass->start, pass->start + pass->bytes - 1);
	sys_where(report, &here, mine);
	if (other) {
		there = sys_claim_place(config, other);
		sys_mistake_at(report, &pass->place, "'pass' of %s, which /%s/%s%s has; /vms/%s%s cannot pass it", what,
			       there.folder, there.name, sys_where(report, &there, where), here.name, mine);
	} else if (at > pass->start) {
		sys_mistake_at(report, &pass->place,
			       "'pass' of %s, but /vms/%s%s has only 0x%" PRIx64 " bytes from there; shorten it", what,
			       here.name, mine, at - pass->start);
	} else {
		sys_mistake_at(report, &pass->place,
			       "'pass' of %s, which /vms/%s%s does not own; give it to the VM by %s", what, here.name,
			       mine,
			       pass->what == SYS_INTERRUPT ? "'devices' or 'interrupts'"
			       : pass->ram                 ? "'regions'"
							   : "'devices', 'mmio' or 'regions'");
	}
}

void sys_check_passes(const struct sys_config *config, const struct sys_board *board, const struct sys_claims *claims,
		      unsigned v, const struct sys_vm_needs *needs, struct sys_report *report)
{
	const struct sys_owner *own = &config->vms[v].own;
	unsigned owner = config->process_count + v;

	/* Devices and reserved memory are known only with the board. */
	if (!board && (own->device_count || own->region_count))
		return;
	for (unsigned i = 0; i < needs->pass_count; i++) {
		uint64_t at;

		if (find_gap(claims, owner, &needs->passes[i], &at) &&
		    (!(claims->wrong & 1u << owner) || find_rival(claims, owner, &needs->passes[i], at)))
			report_gap(config, claims, owner, &needs->passes[i], at, report);
	}
}
