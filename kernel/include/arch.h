/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel's core asks of the processor: kernel/arch/aarch64 answers on the target, kernel/arch/host in native
 * tests. Everything here runs with interrupts off.
 */
#pragma once

#include "types.h"

/* Its private types and inline functions. The kernel is freestanding, native tests are not. */
#if __STDC_HOSTED__
#include "kernel/arch/host/inline.h"
#else
#include "arch/aarch64/inline.h"
#endif

/* Start and stop. */
_Noreturn void panic(const char *why, ...) __attribute__((format(printf, 1, 2))); /* global design safe state */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));       /* %s %c %d %u %x %lx %lu %p %zu %% */
/* How much of it was written, or lost since nothing may be: it does not wait for a transmitter that has no room. */
size_t console_write(const char *text, size_t bytes);
void console_off(bool driver); /* a driver owns the UART: print only in panic() */
void console_given(paddr_t start,
		   uint64_t bytes); /* somebody has these registers from now on: off, if the UART's are among them */
_Noreturn void arch_system_off(void);
_Noreturn void arch_system_reset(void);
void arch_start_cpus(void); /* PSCI CPU_ON for every other CPU of the board; each arrives in kernel_secondary() */

/* Physical memory through EL2's own map. */
void *pa_to_va(paddr_t pa);
paddr_t va_to_pa(const void *va);

/* Caches. Lengths in bytes; any alignment. */
void cache_clean_poc(const void *va, size_t bytes); /* so that who runs with caches off sees it */
void cache_sync_code(const void *va, size_t bytes); /* clean to PoU, invalidate instruction caches, all CPUs */
void memory_zero(void *va, size_t bytes);           /* whole pages */
void memory_scrub(void *va, size_t bytes);          /* whole pages: zero, also for who runs with caches off */

/* Stage-2 maintenance, on every CPU (inner shareable), ended by DSB and ISB. */
void tlb_flush_pages(unsigned vmid, paddr_t root, const vaddr_t va[],
		     unsigned count); /* each in a leaf that was broken */
void tlb_flush_space(unsigned vmid, paddr_t root);
/* Stage 1 of a guest on this CPU only; with `code` its instruction caches, too. */
void tlb_flush_cpu_space(unsigned vmid, paddr_t root, bool code);
/* Descriptors: stores between two syncs are in no order. A sync: table walks see what was stored. */
void table_store(uint64_t *entry, uint64_t value);
void table_sync(void);
void table_write(uint64_t *entry, uint64_t value); /* a store with a sync before and behind it */

/* Time: nanoseconds since power-on, and this CPU's timer. */
uint64_t clock_now(void);
uint64_t clock_ns(uint64_t ticks); /* of clock_ticks() */
void clock_arm(uint64_t deadline); /* absolute ns; UINT64_MAX: off */
uint64_t counter_hz(void);

/* Interrupt controller. */
#define GIC_SPURIOUS 1023u
uint32_t gic_ack(void);              /* INTID, or >= 1020 for none */
void gic_drop(uint32_t intid);       /* priority drop (EOImode = 1): it stays active, hence cannot fire again */
void gic_deactivate(uint32_t intid); /* may fire again */
void gic_enable(uint32_t intid, unsigned cpu); /* SPI: routed to cpu; PPI: this CPU's */
void gic_disable(uint32_t intid);
void gic_route(uint32_t intid, unsigned cpu);
void gic_set_edge(uint32_t intid, bool edge);
void gic_set_pending(uint32_t spi, bool pending); /* a level that is high is pending all the same */
bool gic_is_pending(uint32_t spi);
bool gic_is_active(uint32_t spi);
void gic_clear(uint32_t intid);                 /* neither pending nor active, as far as its level allows; disabled */
void gic_set_active(uint32_t ppi, bool active); /* of this CPU */
void gic_send_sgi(unsigned cpu, unsigned sgi);
struct cpu;
struct thread;
void gic_kick_running(const struct cpu *c, const struct thread *t); /* SGI_KICK, if it runs `t` now */
uint32_t gic_intid_limit(void);                                     /* first SPI number that does not exist */

/* SGIs between CPUs, and the kernel's own PPIs. */
#define SGI_KICK        0 /* look at attention and the run queue */
#define SGI_STOP        1 /* panic elsewhere: stop */
#define PPI_MAINTENANCE 25
#define PPI_TIMER       26 /* CNTHP */
#define PPI_VTIMER      27 /* CNTV: the resident vCPU's */

/* SErrors: serror_pending(), which is inline, and */
uint64_t serror_take(void); /* the one that waits; its syndrome, or 0 if none came */

/* Waiting. */
void cpu_relax(void);         /* YIELD */
NAMED bool irq_pending(void); /* ISR_EL1: is an interrupt waiting while they are off? */
NAMED void cpu_idle(void);    /* WFI with interrupts off */
