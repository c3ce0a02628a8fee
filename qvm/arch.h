/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that qvm asks of the guest's architecture: qvm/arch/aarch64 answers. Nothing outside of qvm/arch includes another
 * header of that folder, or names its registers or its interrupt controller. The ABI of the architecture has the exits
 * EXIT_MMIO_READ, EXIT_MMIO_WRITE and EXIT_KICK besides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu;
struct exit_reply;
struct device_ops;
struct loader;

/*
 * struct arch_vm and struct arch_vcpu are what the architecture keeps of a VM and of a virtual CPU. Inline, since each
 * exit comes by:
 *
 * bool arch_interrupts_refused(const struct arch_vm *vm): does arch_interrupts_retry() have something to do?
 * bool arch_is_call(exit, x1): is this exit, of VcpuRun, a call of the guest to its firmware?
 * bool arch_call_query(const struct arch_vm *vm, const uint64_t x[3], uint64_t *result): does it only ask? x: the
 *     guest's first three registers.
 * const struct arch_request *arch_take_request(const struct arch_vcpu *vcpu): of an access to a device that was not
 *     done: what the kernel is to finish it with, x2 to x4 of ACT_PRIVATE; or null.
 * uint64_t arch_abort(bool write): for ACT_ABORT, an access that nothing answers.
 *
 * ARCH_ELF_MACHINE, ARCH_MACHINE: e_machine of the guest's programs, and its name, which messages have.
 * ARCH_INTERRUPT_CELLS: #interrupt-cells of the guest's interrupt controller.
 */
#include "qvm/arch/aarch64/inline.h"

/*
 * Interrupts. guest_intr_set() and guest_intr_pulse() of <qvm/guest.h> are the architecture's, too.
 *
 * arch_interrupts_init() makes the interrupt controller of the guest and enters its registers; interrupts 0 to `count`
 * - 1 exist at least. A mistake ends the process.
 */
void arch_interrupts_init(unsigned count);
/* The first address after the registers of the interrupt controller that the configuration describes. */
uint64_t arch_interrupts_end(void);
/* Writes where its registers lie, as a member of the JSON of report.c: at most `room` bytes, with the NUL. */
void arch_interrupts_json(char *text, size_t room);
/* The same as arch_take_request() and what it tells, at once. *value: what was read. False: there is no request. */
bool arch_finish_request(const struct vcpu *vcpu, uint64_t ipa, uint64_t *value);
/* Binds an interrupt to one of the host, when there are vCPUs and before the first one runs. 0, or the kernel's error.
 */
int arch_interrupt_bind(unsigned interrupt, unsigned host);
/* Interrupts that the kernel had no room for may find it now. */
void arch_interrupts_retry(void);

/* Virtual CPUs and their power. */
void arch_power_init(void);             /* before vCPUs are made */
void arch_vcpu_init(struct vcpu *vcpu); /* the kernel has just made it */
/* Turns on a vCPU that is off, with the VM's lock held: it starts at `entry`, with `argument`. */
void arch_vcpu_on(struct vcpu *vcpu, uint64_t entry, uint64_t argument);
void arch_vcpu_begin(struct vcpu *vcpu); /* its own thread, once it has been turned on: reset, and where it starts */
/* The program counter, and how often the guest has exited; also while it runs. 0: the kernel does not tell. */
uint64_t arch_vcpu_pc(const struct vcpu *vcpu);
uint64_t arch_vcpu_exits(const struct vcpu *vcpu);
/* Logs all registers that tell a developer where the guest is. */
void arch_vcpu_log(const struct vcpu *vcpu);

/*
 * An exit that is neither an access to a device nor a kick. `devices` is how the devices are reached that the access
 * turns out to mean. False: there is no such exit.
 */
struct vcpu_run;
bool arch_exit(struct vcpu *vcpu, const struct vcpu_run *exit, const struct device_ops *devices,
	       struct exit_reply *reply);
/* The name of a system register, whose access has made an exit with this syndrome, as an assembler takes it. */
int arch_register_name(char *text, size_t room, uint64_t syndrome);

/* Memory that a guest with its caches off reads: cleaned and invalidated to where it does. */
void arch_cache_flush(const void *start, uint64_t bytes);
/* The same, and what instruction caches have of it goes. */
void arch_cache_sync(const void *start, uint64_t bytes);

/* The format of kernels that the architecture has of its own. */
bool arch_image_is(const void *file, uint64_t bytes);
/* Loads one; `address` may be LOAD_ANYWHERE. False: l->problem says why not. */
bool arch_image_load(struct loader *l, uint64_t address, const void *file, uint64_t bytes);

/* The guest's device tree (fdt_tree.h). */
struct tree;
/* Removes the user's nodes of what the VM has of its own. */
void arch_fdt_remove(struct tree *t);
/* The name by which `intr` of the configuration calls the interrupt controller. */
const char *arch_fdt_controller(const struct tree *t);
/* Adds CPUs, firmware, timer and interrupt controller. */
void arch_fdt_add(struct tree *t);
/* An interrupt of a device, as the interrupt controller's binding has it. */
void arch_fdt_interrupt(unsigned interrupt, uint32_t cells[ARCH_INTERRUPT_CELLS]);
