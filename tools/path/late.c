/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU plugin that counts, on one CPU, what stands between a guest and its interrupt vector: the instructions that
 * the CPU executes from the guest's last instruction to the first of its vector, which includes all from the deadline
 * on; and how often the guest was left, which shows every interrupt and every thread of others. Other CPUs do not
 * count.
 *
 * What a CPU executes while it waits for a lock, around YIELD, does not count: on a host with less CPUs than QEMU
 * emulates that is the host's doing. How long locks are held is measured elsewhere.
 */
#include "qemu_plugin.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version PLUGIN_EXPORT = PLUGIN_API_VERSION;

static uint64_t text_start, text_end, vector;
static unsigned int on_cpu;
static const char *out_path;

#define YIELD    0xd503203fu /* Arm ARM C6.2: HINT #1 */
#define SPIN_MAX 16u         /* instructions of one round, at most */
#define NO_YIELD UINT64_MAX

static uint64_t since_guest, at_yield = NO_YIELD, left, vectors, longest, left_between;
static uint64_t skip; /* vectors before the measurement begins */
static bool in_guest;

static void other(unsigned int cpu, void *data)
{
	(void)data;
	if (cpu != on_cpu)
		return;
	left += in_guest;
	in_guest = false;
	since_guest++;
}

static void yields(unsigned int cpu, void *data)
{
	other(cpu, data);
	if (cpu != on_cpu)
		return;
	if (at_yield != NO_YIELD && since_guest - at_yield <= SPIN_MAX)
		since_guest = at_yield;
	at_yield = since_guest;
}

static void guest(unsigned int cpu, void *data)
{
	(void)data;
	if (cpu != on_cpu)
		return;
	in_guest = true;
	since_guest = 0;
	at_yield = NO_YIELD;
}

/* What comes after the last one does not count. */
static void guest_vector(unsigned int cpu, void *data)
{
	if (cpu != on_cpu)
		return;
	if (vectors++ <= skip)
		left = 0;
	else if (since_guest > longest)
		longest = since_guest;
	left_between = left;
	guest(cpu, data);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		qemu_plugin_insn_exec_cb what = other;
		const uint32_t *opcode = qemu_plugin_insn_haddr(insn);

		if (address == vector)
			what = guest_vector;
		else if (address >= text_start && address < text_end)
			what = guest;
		else if (opcode && *opcode == YIELD)
			what = yields;
		qemu_plugin_register_vcpu_insn_exec_cb(insn, what, PLUGIN_CB_NO_REGS, NULL);
	}
}

static void report(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(out_path, "w");

	(void)id;
	(void)data;
	if (!out) {
		perror(out_path);
		return;
	}
	fprintf(out, "vectors %lu longest %lu left %lu\n", vectors - skip - 1, longest, left_between);
	fclose(out);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "from=", 5) == 0)
			text_start = strtoull(argv[i] + 5, NULL, 0);
		else if (strncmp(argv[i], "to=", 3) == 0)
			text_end = strtoull(argv[i] + 3, NULL, 0);
		else if (strncmp(argv[i], "vector=", 7) == 0)
			vector = strtoull(argv[i] + 7, NULL, 0);
		else if (strncmp(argv[i], "cpu=", 4) == 0)
			on_cpu = (unsigned int)strtoul(argv[i] + 4, NULL, 0);
		else if (strncmp(argv[i], "skip=", 5) == 0)
			skip = strtoull(argv[i] + 5, NULL, 0);
		else if (strncmp(argv[i], "out=", 4) == 0)
			out_path = argv[i] + 4;
	}
	if (text_start >= text_end || vector < text_start || vector >= text_end || !out_path) {
		fprintf(stderr, "late: from, to, vector, out are needed, and the vector lies between the first two\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
