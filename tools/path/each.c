/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU plugin that counts the instructions of each CPU from the first execution of one address to the first one of
 * another after that: how work is shared among CPUs.
 */
#include "qemu_plugin.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS 8

int qemu_plugin_version PLUGIN_EXPORT = PLUGIN_API_VERSION;

static uint64_t from, to, counts[CPUS];
static const char *out_path;
static enum { BEFORE, COUNTING, AFTER } state;

static void report(void)
{
	FILE *out = fopen(out_path, "w");

	if (!out) {
		perror(out_path);
		return;
	}
	for (unsigned i = 0; i < CPUS; i++)
		fprintf(out, "%lu\n", counts[i]);
	fprintf(out, "end\n");
	fclose(out);
}

static void executed(unsigned int cpu, void *data)
{
	uint64_t address = (uint64_t)(uintptr_t)data;

	if (state == BEFORE && address == from)
		state = COUNTING;
	if (state != COUNTING)
		return;
	if (address == to) {
		state = AFTER;
		report();
	} else if (cpu < CPUS) {
		counts[cpu]++;
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "from=", 5) == 0)
			from = strtoull(argv[i] + 5, NULL, 0);
		else if (strncmp(argv[i], "to=", 3) == 0)
			to = strtoull(argv[i] + 3, NULL, 0);
		else if (strncmp(argv[i], "out=", 4) == 0)
			out_path = argv[i] + 4;
	}
	if (from == 0 || to == 0 || !out_path)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
