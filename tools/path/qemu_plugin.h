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

/* The values are QEMU's: a callback that reads or writes no registers of the guest; which accesses one is about. */
enum qemu_plugin_cb_flags { PLUGIN_CB_NO_REGS = 0 };
enum qemu_plugin_mem_rw { PLUGIN_MEM_R = 1, PLUGIN_MEM_W = 2 };

typedef void (*qemu_plugin_tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_insn_exec_cb)(unsigned int cpu, void *data);
typedef void (*qemu_plugin_vcpu_mem_cb)(unsigned int cpu, uint32_t info, uint64_t address, void *data);
typedef void (*qemu_plugin_exit_cb)(qemu_plugin_id_t id, void *data);

/* Called when a block is translated, and before each time the instruction is executed. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_trans_cb cb);
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
