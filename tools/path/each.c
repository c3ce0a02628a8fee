/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU plugin that counts the instructions of each CPU from the first execution of one address to the first one of
 * another after that: how work is shared among CPUs. QEMU must emulate all CPUs by one thread, as it does with -icount.
 *
 * The number of the CPU that QEMU tells a plugin cannot be used then: it is that of the CPU for which the block was
 * translated, which the others execute too. So a CPU is told by TPIDR_EL2, in which the kernel keeps its own address
 * of what it knows of the CPU. The CPUs have numbers in the order in which they are met.
 */
#include "qemu_plugin.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS 8

int qemu_plugin_version PLUGIN_EXPORT = PLUGIN_API_VERSION;

static uint64_t from, to;
static struct cpu {
	uint64_t id;
	uint64_t count;
} cpus[CPUS];
static struct cpu *running; /* whose block is executed */
static void *tpidr_el2;
static struct plugin_bytes *value;
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
		fprintf(out, "%lu\n", cpus[i].count);
	fprintf(out, "end\n");
	fclose(out);
}

static void find_register(qemu_plugin_id_t id, unsigned int cpu)
{
	const struct plugin_array *array = qemu_plugin_get_registers();
	const struct plugin_register *registers = (const void *)array->data;

	(void)id, (void)cpu;
	for (unsigned i = 0; i < array->count; i++)
		if (strcmp(registers[i].name, "TPIDR_EL2") == 0)
			tpidr_el2 = registers[i].handle;
	value = g_byte_array_new();
}

static void begun(unsigned int cpu, void *data)
{
	uint64_t id = 0;

	(void)cpu, (void)data;
	g_byte_array_set_size(value, 0);
	if (state != COUNTING || !tpidr_el2 || qemu_plugin_read_register(tpidr_el2, value) != sizeof(id))
		return;
	memcpy(&id, value->data, sizeof(id));
	for (running = cpus; running->id != 0 && running->id != id; running++)
		if (running == cpus + CPUS - 1)
			abort();
	running->id = id;
}

static void executed(unsigned int cpu, void *data)
{
	uint64_t address = (uint64_t)(uintptr_t)data;

	(void)cpu;
	if (state == BEFORE && address == from)
		state = COUNTING;
	if (state != COUNTING)
		return;
	if (address == to) {
		state = AFTER;
		report();
	} else if (running) {
		running->count++;
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, begun, PLUGIN_CB_R_REGS, NULL);
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
	qemu_plugin_register_vcpu_init_cb(id, find_register);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
