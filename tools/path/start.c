/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU plugin that counts every instruction, on all CPUs, from power-on until one address is first executed, the
 * first instruction of a guest, and says how often each instruction ran, how many had run before it first did, and
 * where it lies in the board's memory: programs that are linked at the same addresses are told apart by that. With
 * `from` it counts from the first execution of that address, or from the one after `skip` others.
 */
#include "qemu_plugin.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE_BITS 18
#define SITE_MAX  (1u << SITE_BITS)

struct site {
	uint64_t address;
	const void *where; /* in QEMU's memory; NULL: unused */
	uint64_t count, first;
};

int qemu_plugin_version PLUGIN_EXPORT = PLUGIN_API_VERSION;

static struct site sites[SITE_MAX];
static uint64_t from, skip, stop_at, total;
static const char *out_path;
static bool started, stopped;

/* One site for each instruction in memory, however often QEMU translates it. */
static struct site *site_of(uint64_t address, const void *where)
{
	uint64_t hash = (uint64_t)(uintptr_t)where / 4 * 0x9e3779b97f4a7c15ull >> (64 - SITE_BITS);

	for (unsigned i = 0; i < SITE_MAX; i++) {
		struct site *s = &sites[(hash + i) % SITE_MAX];

		if (!s->where)
			*s = (struct site){.address = address, .where = where};
		if (s->where == where && s->address == address)
			return s;
	}
	fprintf(stderr, "more than %u instructions\n", SITE_MAX);
	abort();
}

/* Where the first instruction of the kernel's image lies says where the others do: the script knows its address. */
static void report(void)
{
	FILE *out = fopen(out_path, "w");

	if (!out) {
		perror(out_path);
		return;
	}
	fprintf(out, "total %lu\n", total);
	for (unsigned i = 0; i < SITE_MAX; i++)
		if (sites[i].count != 0)
			fprintf(out, "%lx %lx %lu %lu\n", sites[i].address, (uint64_t)(uintptr_t)sites[i].where,
				sites[i].count, sites[i].first);
	fprintf(out, "end\n");
	fclose(out);
}

static void executed(unsigned int cpu, void *data)
{
	struct site *s = data;

	(void)cpu;
	if (!started && s->address == from)
		started = skip-- == 0;
	if (stopped || !started)
		return;
	if (s->address == stop_at) {
		stopped = true;
		report();
		return;
	}
	if (s->count++ == 0)
		s->first = total;
	total++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count && !stopped; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_insn_exec_cb(
		    insn, executed, PLUGIN_CB_NO_REGS,
		    site_of(qemu_plugin_insn_vaddr(insn), qemu_plugin_insn_haddr(insn)));
	}
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "stop=", 5) == 0)
			stop_at = strtoull(argv[i] + 5, NULL, 0);
		else if (strncmp(argv[i], "from=", 5) == 0)
			from = strtoull(argv[i] + 5, NULL, 0);
		else if (strncmp(argv[i], "skip=", 5) == 0)
			skip = strtoull(argv[i] + 5, NULL, 0);
		else if (strncmp(argv[i], "out=", 4) == 0)
			out_path = argv[i] + 4;
	}
	started = from == 0;
	if (stop_at == 0 || !out_path)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
