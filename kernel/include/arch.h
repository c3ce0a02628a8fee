/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that an architecture provides to the rest of the kernel: kernel/arch/aarch64 on the target, kernel/arch/host in
 * native tests. Everything here runs with interrupts off. Beside the functions below it defines
 *
 * - `struct board board` (board.h), which it fills in before it calls kernel_main();
 * - the functions of panic.h: the end of all CPUs is the architecture's;
 * - memset() and its like (types.h);
 * - vectors that call trap_*() (trap.h) and the *_direct() functions (message.h), and the first steps of each CPU up to
 *   kernel_main() and kernel_secondary() (cpu.h).
 */
#pragma once

#include "types.h"

struct cpu;
struct space;
struct thread;
struct timer;
struct trap;
struct vcpu;

/* clang-format off */
/*
 * The architecture's inline.h defines
 *
 * - struct frame: general registers of a thread or of a guest, as the vectors save them;
 * - struct user_regs: what is switched with every change of context;
 * - struct fpu: registers that are switched only when somebody uses them;
 * - struct arch_vcpu: what only the architecture knows of a virtual CPU, and its registers that are not in the processor;
 * - struct arch_entry_work: why it must not enter a guest the short way;
 * - struct arch_cpu, struct arch_board: what only the architecture knows of a CPU and of the board;
 * - ARCH_BOARD_DEVICES: how many devices the kernel may keep for itself;
 * - ARCH_VCPU_TIMERS: how many timers of a guest need a deadline in the kernel's heap, with VCPU_REST, which is maintain.c's;
 * - ARCH_IRQ_*, IPI_*: the numbers of the kernel's own interrupts;
 * - ARCH_AFFINITY_MASK: bits that a virtual CPU's affinity may have;
 * - ARCH_VREG_FRAME_LAST: registers of a virtual CPU up to this number are in its frame;
 *
 * and, inline where a call would cost more than the answer,
 *
 * - arch_this_cpu();
 * - arch_frame_get(), arch_frame_set(): a register of a call;
 * - arch_frame_repeat(), arch_frame_skip(): the call is executed once more; an instruction that trapped is passed over;
 * - arch_clock_ticks(): the counter, for differences only; read early or late by what the processor has in flight;
 * - arch_async_error_pending(): an asynchronous error waits for arch_async_error_take();
 * - arch_lock_relax(): in the loop of a ticket lock;
 * - arch_desc_*, arch_leaf_*, ARCH_DESC_*, ARCH_LEAF_*: the codec of descriptors, for mm/space.c;
 * - ARCH_LR_*, ARCH_VGIC_*, ARCH_VMCR_*: the codec of list registers, for object/vgic.c.
 *
 * The kernel is freestanding, native tests are not.
 */
/* clang-format on */
#if __STDC_HOSTED__
#include "kernel/arch/host/inline.h"
#else
#include "arch/aarch64/inline.h"
#endif

/* Start and stop. */
_Noreturn void arch_system_off(void);
_Noreturn void arch_system_reset(void);
void arch_start_cpus(void);   /* every other CPU of the board by kernel_secondary(); they are online when it returns */
uint64_t arch_features(void); /* FEATURE_*: what every CPU has; they have all arrived */
void arch_boot_end(void);     /* this CPU has left the start for good: its code and constants go out of its map */
/* Out of the kernel. It does not return; that is not declared, since a compiler takes what leads to such a call for
 * rare. */
void arch_resume(struct frame *f);

/* The console's transmitter, if board.console has bytes. */
bool arch_console_full(void); /* it takes no byte just now */
void arch_console_put(char c);

/* Physical memory through the kernel's own map. */
void *arch_pa_to_va(paddr_t pa);
paddr_t arch_va_to_pa(const void *va);

/* Caches and memory. */
void arch_cache_sync_code(const void *va, size_t bytes); /* any bytes, before they are executed, on all CPUs */
void arch_memory_zero(void *va, size_t bytes);           /* whole pages */
void arch_memory_scrub(void *va, size_t bytes);          /* whole pages: zero, also for who runs with caches off */

/* Maintenance of a space's translations, on every CPU, done when it returns. Pages: each in a leaf that was broken. */
void arch_tlb_flush_pages(const struct space *s, const vaddr_t va[], unsigned count);
void arch_tlb_flush_space(const struct space *s);
/* A guest's own translations on this CPU only; with `code` its instruction caches, too. */
void arch_tlb_flush_cpu_space(const struct space *s, bool code);
/* Descriptors: stores between two syncs are in no order. A sync: table walks see what was stored. */
void arch_table_store(uint64_t *entry, uint64_t value);
void arch_table_sync(void);
void arch_table_write(uint64_t *entry, uint64_t value); /* a store with a sync before and after it */

/* Time: nanoseconds since power-on, and this CPU's timer. */
uint64_t arch_clock_now(void);
uint64_t arch_clock_ns(uint64_t ticks); /* of arch_clock_ticks() */
void arch_clock_arm(uint64_t deadline); /* absolute ns; UINT64_MAX: off */
uint64_t arch_counter_hz(void);

/* The interrupt controller. INTIDs below 32 are this CPU's own; from 32 on they are SPIs. */
uint32_t arch_irq_ack(void);                        /* INTID, or ARCH_IRQ_NONE, or more for none of ours */
void arch_irq_drop(uint32_t intid);                 /* others may come; it stays active, hence cannot fire again */
void arch_irq_deactivate(uint32_t intid);           /* may fire again */
void arch_irq_enable(uint32_t intid, unsigned cpu); /* an SPI: routed to cpu */
void arch_irq_disable(uint32_t intid);
void arch_irq_route(uint32_t spi, unsigned cpu);
void arch_irq_set_edge(uint32_t intid, bool edge);
void arch_irq_set_pending(uint32_t spi, bool pending); /* a level that is high is pending all the same */
bool arch_irq_is_pending(uint32_t spi);
bool arch_irq_is_active(uint32_t spi);
void arch_irq_clear(uint32_t intid); /* neither pending nor active, as far as its level allows; disabled */
uint32_t arch_irq_limit(void);       /* first SPI number that does not exist */
void arch_ipi_send(unsigned cpu, unsigned ipi);
void arch_ipi_kick_running(const struct cpu *c, const struct thread *t); /* IPI_KICK, if it runs `t` now */

/* The asynchronous error that waits: its syndrome, or 0 if none came. */
uint64_t arch_async_error_take(void);

/* Waiting. */
void arch_cpu_relax(void);             /* in a loop that waits for another CPU */
NAMED uint64_t arch_irq_pending(void); /* not 0: an interrupt waits while they are off */
NAMED void arch_cpu_idle(void);        /* until an interrupt waits */

/* Exceptions of processes. */
uint64_t arch_trap_syndrome(void);
void arch_trap_decode(uint64_t syndrome, struct trap *t);
/*
 * Settings of the resident guest that make instructions of a process trap are left alone until a process meets one.
 * True: there was such a setting, it is off now, and comes back with the guest.
 */
bool arch_guest_settings_off(struct cpu *c);

/* What the processor holds of a context. */
/* The first context of a thread of t->process: code, its argument, stack pointer, thread pointer. */
void arch_thread_init(struct thread *t, uint64_t entry, uint64_t arg, uint64_t stack, uint64_t tls);
void arch_user_switch(struct cpu *c, struct user_regs *to); /* NULL: only save */
void arch_space_activate(struct cpu *c, const struct space *s);
void arch_process_registers(struct cpu *c); /* a guest's registers that mean something to a process get its values */
void arch_fpu_save(struct cpu *c, const struct fpu *only);  /* if `only` or, with NULL, anyone owns it: to memory */
void arch_fpu_trap(struct cpu *c, struct fpu *want);        /* its first use: the registers are `want`'s from now on */
void arch_fpu_prepare(struct cpu *c, const struct fpu *of); /* a use traps unless the registers are this context's */

/* Virtual CPUs. */
void arch_vcpu_reset(struct vcpu *v); /* the core to its architected values; its lock is held, or nobody knows it */
unsigned arch_vcpu_lr_count(void);    /* virtual interrupts that the processor holds at once */
/*
 * VcpuRun: finishes the exit before (enum vcpu_action) on the CPU that is to run it, with the call's arguments a2 to
 * a5. False: it was not an exit for this action.
 */
bool arch_vcpu_run(struct cpu *c, struct vcpu *v, const struct frame *f);
/* Frame of the guest; of the process if it must not enter now. */
struct frame *arch_vcpu_enter(struct cpu *c, struct vcpu *v);
bool arch_vcpu_evict(struct cpu *c); /* the resident's state to memory; true: somebody has requested it */
void arch_vcpu_drop(struct cpu *c, struct vcpu *v); /* its thread dies here: forget its registers */
/* Home here or in memory: vgic state up to date, images empty. Its lock is held. */
void arch_vcpu_settle(struct vcpu *v);
void arch_vcpu_offer(struct vcpu *v); /* the way back, of one whose home is here */
/* VcpuPrivate; likewise. */
int arch_vcpu_private(struct vcpu *v, uint64_t op, uint32_t value, uint32_t mask, uint32_t *now);
/* Home here, and its guest does not run: a candidate of its vgic as it is now. Its lock is held. False: it is `dirty`.
 */
bool arch_vcpu_show(struct vcpu *v, unsigned index);
/* VcpuGet, VcpuSet, its lock is held: what is not in the frame is in memory; `running`: its thread is in the guest. 0,
 * -KE_BUSY, -KE_INVAL. */
int64_t arch_vcpu_get(struct vcpu *v, uint64_t reg, bool running, uint64_t *value);
int64_t arch_vcpu_set(struct vcpu *v, uint64_t reg, bool running, uint64_t value);
NAMED void arch_vcpu_irq_timer(struct cpu *c);           /* ARCH_IRQ_VTIMER */
NAMED void arch_vcpu_irq_maintenance(struct cpu *c);     /* ARCH_IRQ_MAINTENANCE */
struct thread *arch_vcpu_timer_expired(struct timer *t); /* its CPU's lock is held; for vcpu_wake() */
