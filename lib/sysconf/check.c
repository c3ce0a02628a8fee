/* SPDX-License-Identifier: Apache-2.0 */
/* The system against the board and against what its VMs ask for. */
#include "internal.h"
#include <bulkhead.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is compared with what. */
struct check {
	const struct sys_config *config;
	const struct sys_board *board;
	const struct sys_claims *claims;
	struct sys_report *report;
};

static void wrong_at(const struct check *c, unsigned owner, const char *property, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void wrong_at(const struct check *c, unsigned owner, const char *property, const char *format, ...)
{
	struct sys_place place = sys_owner_place(c->config, owner, property);
	char text[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sys_mistake(c->report, &place, "%s", text);
}

/* ---- memory ---- */

uint64_t sys_memory_bytes(const struct sys_config *config, const struct sys_vm_needs *needs)
{
	uint64_t sum = 0;

	/* No overflow: each part is at most 2^42 (sys_read(), SPACE_LIMIT), and there are fewer than 150. */
	for (unsigned i = 0; i < sys_owner_count(config); i++)
		sum += sys_owner_at(config, i)->memory + sys_owner_at(config, i)->kernel_memory;
	for (unsigned i = 0; needs && i < config->vm_count; i++)
		sum += needs[i].guest_bytes;
	for (unsigned i = 0; i < config->region_count; i++)
		sum += config->regions[i].bytes;
	for (unsigned i = 0; i < config->pool_count; i++)
		sum += config->pools[i].bytes;
	return sum;
}

static void check_memory(const struct check *c, const struct sys_vm_needs *needs)
{
	static const struct sys_place root = {"", "", NULL};
	uint64_t wanted = sys_memory_bytes(c->config, needs), there = c->board->ram_bytes;

	if (wanted > there)
		sys_mistake(c->report, &root,
			    "the system needs %" PRIu64 " bytes of RAM, the board has %" PRIu64 ": %" PRIu64
			    " bytes are missing; give less to the processes and VMs",
			    wanted, there, wanted - there);
}

static bool is_ram(const struct sys_board *board, const struct sys_range *range)
{
	uint64_t at = range->start, end = range->start + range->bytes;

	/* Each round passes at least one of the board's ranges. */
	for (unsigned round = 0; round < board->ram_count && at < end; round++) {
		for (unsigned i = 0; i < board->ram_count; i++) {
			const struct sys_range *ram = &board->ram[i];

			if (range_holds(ram->start, ram->bytes, at, 1))
				at = ram->start + ram->bytes;
		}
	}
	return at >= end;
}

static void check_region(const struct check *c, unsigned index)
{
	const struct sys_region *region = &c->config->regions[index];
	struct sys_place place = {"memory", region->name, "start"};
	struct sys_range range = {region->start, region->bytes};
	char where[SYS_WHERE_MAX];

	for (unsigned i = 0; i < index; i++) {
		const struct sys_region *early = &c->config->regions[i];
		struct sys_place there = {"memory", early->name, NULL};
		struct sys_range other = {early->start, early->bytes};

		if (!early->wrong && early->start != SYS_ANYWHERE && sys_share_page(&range, &other))
			sys_mistake(c->report, &place,
				    "0x%" PRIx64 "-0x%" PRIx64 " overlaps /memory/%s%s, 0x%" PRIx64 "-0x%" PRIx64
				    "; move one of them",
				    range.start, range.start + range.bytes - 1, early->name,
				    sys_where(c->report, &there, where), other.start, other.start + other.bytes - 1);
	}
	if (!c->board)
		return;
	if (!is_ram(c->board, &range))
		sys_mistake(c->report, &place,
			    "0x%" PRIx64 "-0x%" PRIx64
			    " is not, or not all of it, RAM of the board; choose another 'start'",
			    range.start, range.start + range.bytes - 1);
	for (unsigned i = 0; i < c->board->reserved_count; i++) {
		const struct sys_reserved *kept = &c->board->reserved[i];

		if (sys_share_page(&range, &kept->range))
			sys_mistake(c->report, &place,
				    "0x%" PRIx64 "-0x%" PRIx64 " overlaps 0x%" PRIx64 "-0x%" PRIx64
				    ", which the firmware reserves (%s%s); move it",
				    range.start, range.start + range.bytes - 1, kept->range.start,
				    kept->range.start + kept->range.bytes - 1,
				    *kept->name ? "/reserved-memory/" : "/memreserve/", kept->name);
	}
}

#define TABLE_BYTES  (2ull << 20) /* of addresses, that a table of pages covers */
#define TABLES_BYTES (1ull << 30) /* that a table of such tables covers */

/*
 * Page tables for `memory`, besides the three that each process has: its program, stack and heap lie apart, and begin
 * at random pages, so that they are mapped by the page.
 */
static uint64_t more_tables(uint64_t memory, uint64_t table_bytes)
{
	uint64_t count = memory / table_bytes + (memory % table_bytes != 0);

	return count > 3 ? count - 3 : 0;
}

/*
 * The kernel memory without which a process, or a VM with what it needs, cannot start: a page for each page table and
 * each virtual CPU, a third of a page for each thread. It was counted (`pidin mem`) for the random places that need the
 * fewest tables. With a few pages less than the real need a start fails and says so.
 */
static uint64_t kernel_memory_least(const struct sys_owner *own, const struct sys_vm_needs *vm)
{
	uint64_t pages = more_tables(own->memory, TABLE_BYTES) + more_tables(own->memory, TABLES_BYTES);

	if (!vm)
		return (10 + pages) * QVM_PAGE;
	return (22 + pages + vm->cpus + vm->cpus / 3 + (vm->guest_bytes >> 30)) * QVM_PAGE;
}

static void check_kernel_memory(const struct check *c, unsigned owner, const struct sys_vm_needs *needs)
{
	const struct sys_owner *own = sys_owner_at(c->config, owner);
	const bool is_vm = owner >= c->config->process_count;
	uint64_t least;

	if (is_vm && !needs)
		return;
	least = kernel_memory_least(own, is_vm ? &needs[owner - c->config->process_count] : NULL);
	if (own->kernel_memory < least)
		wrong_at(c, owner, "kernel-memory",
			 "'kernel-memory' is 0x%" PRIx64 " bytes; the start alone needs 0x%" PRIx64
			 ", and running needs more; raise it",
			 own->kernel_memory, least);
}

/* ---- CPUs ---- */

static void check_cluster(const struct check *c, const struct sys_cluster *cluster)
{
	struct sys_place place = {"clusters", cluster->name, "cpus"};
	uint32_t lacking = cluster->cpus & ~sys_present_cpus(c->board);

	if (lacking)
		sys_mistake(c->report, &place, "'cpus' has CPU %d, which the board does not have: it has CPUs 0 to %u",
			    __builtin_ctz(lacking), c->board->cpus - 1);
}

static void check_cpus(const struct check *c, unsigned owner)
{
	const struct sys_owner *own = sys_owner_at(c->config, owner);
	uint32_t present = c->board ? sys_present_cpus(c->board) : (1u << CPU_MAX) - 1;

	/* A mask that is not given means all CPUs that no other owner has exclusively. Clusters were checked before. */
	if (own->by_cluster && (own->sched.runmask & ~present))
		return;
	if (c->board && own->runmask_given && (own->sched.runmask & ~present))
		wrong_at(c, owner, "runmask",
			 "'runmask' 0x%x names CPUs that the board does not have; its %u CPUs are 0x%x",
			 (unsigned)own->sched.runmask, c->board->cpus, (unsigned)present);
	else if (!(own->sched.runmask & present))
		wrong_at(c, owner, NULL,
			 "no CPU is left for it: 'exclusive-cpus' of others takes them all; leave it one");
}

/* ---- arguments and variables ---- */

#define CLAIM_BYTES 8 /* "-r" and a region's number, or "-i" and an INTID */

static size_t list_bytes(const char *const *list, unsigned count)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < count; i++)
		bytes += strlen(list[i]) + 1;
	return bytes;
}

/* What procmgr adds: arguments for the devices of a server; variables for the regions and clusters of a VM. */
static size_t made_bytes(const struct check *c, unsigned owner)
{
	const struct sys_owner *own = sys_owner_at(c->config, owner);
	size_t bytes = 0;

	for (unsigned i = 0; owner < c->config->process_count && i < c->claims->count; i++)
		bytes += c->claims->claim[i].owner == owner ? CLAIM_BYTES : 0;
	for (unsigned i = 0; owner >= c->config->process_count && i < own->region_count; i++)
		bytes += sizeof(ASINFO_VARIABLE "=,") + 2 * 16 + strlen(own->regions[i]);
	for (unsigned i = 0; owner >= c->config->process_count && i < c->config->cluster_count; i++)
		bytes += sizeof(CLUSTER_VARIABLE "=") + 2 + strlen(c->config->clusters[i].name);
	return bytes;
}

static void check_strings(const struct check *c, unsigned owner)
{
	const struct sys_owner *own = sys_owner_at(c->config, owner);
	const unsigned vm = owner - c->config->process_count;
	const char *text =
	    owner < c->config->process_count ? c->config->processes[owner].program : c->config->vms[vm].config;
	size_t bytes = list_bytes(own->args, own->arg_count) + list_bytes(own->env, own->env_count);

	if (!text)
		return; /* it is missing, which was reported */
	bytes += made_bytes(c, owner) + strlen(text) + 1;
	if (owner >= c->config->process_count)
		bytes += sizeof(SAFETY_PROGRAM) + sizeof("@") - 1;
	if (bytes > SYS_STRINGS_MAX)
		wrong_at(
		    c, owner, own->arg_count != 0 ? "args" : "env",
		    "'args' and 'env', with what procmgr adds, take %u bytes; at most %u are possible; shorten them",
		    (unsigned)bytes, SYS_STRINGS_MAX);
}

static void check_exclusive(const struct check *c, unsigned owner, unsigned other)
{
	const struct sys_owner *own = sys_owner_at(c->config, owner), *rival = sys_owner_at(c->config, other);
	struct sys_place there =
	    sys_owner_place(c->config, other, rival->exclusive_cpus ? "exclusive-cpus" : "runmask");
	uint32_t both = own->sched.runmask & rival->sched.runmask;
	char where[SYS_WHERE_MAX];

	/* If both are exclusive, the clash is reported once. */
	if (!own->exclusive_cpus || owner == other || !both || (rival->exclusive_cpus && other > owner))
		return;
	wrong_at(c, owner, "exclusive-cpus",
		 "its CPUs 0x%x are exclusive, but /%s/%s%s has 0x%x too; give one of them other CPUs",
		 (unsigned)own->sched.runmask, there.folder, there.name, sys_where(c->report, &there, where),
		 (unsigned)both);
}

unsigned sys_check(const struct sys_config *config, const struct sys_board *board, const struct sys_vm_needs *needs,
		   struct sys_claims *claims, struct sys_report *report)
{
	struct check c = {config, board, claims, report};
	unsigned owners = sys_owner_count(config);

	sys_claims_read(claims, config, board, report);
	if (board)
		sys_resolve(claims, config, board, report);
	for (unsigned i = 0; i < config->region_count; i++) {
		if (!config->regions[i].wrong && config->regions[i].start != SYS_ANYWHERE)
			check_region(&c, i);
	}
	for (unsigned i = 0; board && i < config->cluster_count; i++)
		check_cluster(&c, &config->clusters[i]);
	for (unsigned i = 0; i < owners; i++) {
		check_kernel_memory(&c, i, needs);
		check_cpus(&c, i);
		check_strings(&c, i);
		for (unsigned j = 0; j < owners; j++)
			check_exclusive(&c, i, j);
	}
	sys_check_partitions(config, board, needs, report);
	for (unsigned i = 0; needs && i < config->vm_count; i++) {
		sys_check_vm(config, board, i, &needs[i], report);
		sys_check_consoles(config, i, needs, report);
		sys_check_services(config, i, &needs[i], report);
		sys_check_passes(config, board, claims, i, &needs[i], report);
	}
	for (unsigned i = 0; board && i < config->process_count; i++)
		sys_check_driver(config, board, claims, i, report);
	for (unsigned i = 0; i < config->process_count; i++)
		sys_check_console_count(config, needs, i, report);
	if (board)
		check_memory(&c, needs);
	return report->mistakes;
}
