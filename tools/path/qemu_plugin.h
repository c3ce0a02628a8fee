/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of QEMU's plugin interface that we use, declared here because distributions do not package its header.
 * QEMU's documentation, "QEMU TCG Plugins", describes them. Version 2 of the interface came with QEMU 9.0; what is
 * declared here has not changed since.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_EXPORT      __attribute__((visibility("default")))
#define PLUGIN_API_VERSION 2

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info; /* about the emulator: not used */

/* The values are QEMU's: a callback that accesses no registers of the guest, or reads some; which accesses one is
 * about. */
enum qemu_plugin_cb_flags { PLUGIN_CB_NO_REGS = 0, PLUGIN_CB_R_REGS = 1 };
enum qemu_plugin_mem_rw { PLUGIN_MEM_R = 1, PLUGIN_MEM_W = 2 };

typedef void (*qemu_plugin_tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_insn_exec_cb)(unsigned int cpu, void *data);
typedef void (*qemu_plugin_vcpu_mem_cb)(unsigned int cpu, uint32_t info, uint64_t address, void *data);
typedef void (*qemu_plugin_vcpu_cb)(qemu_plugin_id_t id, unsigned int cpu);
typedef void (*qemu_plugin_exit_cb)(qemu_plugin_id_t id, void *data);

/* GLib's arrays, which QEMU is linked with: as far as they are used here. */
struct plugin_array {
	char *data;
	unsigned int count;
};
struct plugin_bytes {
	uint8_t *data;
	unsigned int bytes;
};
struct plugin_bytes *g_byte_array_new(void);
struct plugin_bytes *g_byte_array_set_size(struct plugin_bytes *bytes, unsigned int count);

/* Elements of the array. */
struct plugin_register {
	void *handle;
	const char *name;
	const char *feature;
};
/* Called when a CPU has been made: only there its registers can be asked for. */
void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_cb cb);
struct plugin_array *qemu_plugin_get_registers(void);
/* Appends the register's value, of the CPU that runs, to the bytes. In a callback with PLUGIN_CB_R_REGS. */
int qemu_plugin_read_register(void *handle, struct plugin_bytes *bytes);

/* Called when a block is translated, and before each time the instruction is executed. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_insn_exec_cb cb,
					  enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_insn_exec_cb cb,
					    enum qemu_plugin_cb_flags flags, void *data);
/* Called after the instruction's access. */
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb cb,
				      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_exit_cb cb, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
/* Where the instruction lies in the memory of QEMU itself. */
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

/* What QEMU looks for in a plugin. */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);
