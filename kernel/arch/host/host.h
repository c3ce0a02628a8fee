/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake machine under the kernel's core, for native tests: RAM is a block of the host's memory, time stands still
 * until a test moves it on, interrupts come when a test raises them, and what the kernel does to tables, TLBs and
 * caches is recorded in order. Each simulated CPU is whoever has set host_cpu to its number: one host thread in turn,
 * or many.
 */
#pragma once

#include "cpu.h"

#define HOST_RAM_START    0x40000000ull
#define HOST_RAM_BYTES    (32ull << 20)
#define HOST_INTIDS       96u
#define HOST_CONSOLE      0x9000000ull /* the UART that the kernel prints on */
#define HOST_CONSOLE_FIFO 16u          /* what it takes at once; each second time nothing */

extern _Thread_local unsigned host_cpu;

/* As at power-on: RAM zero, no interrupt, every CPU's structures empty. Statics of the core stay as they are. */
void host_reset(unsigned cpu_count);
_Noreturn void host_fail(const char *what, ...) __attribute__((format(printf, 1, 2)));

/* Time. */
void host_clock_set(uint64_t now);
void host_clock_step(uint64_t step);     /* each question for the time takes so long: 0 until this is called */
uint64_t host_clock_armed(unsigned cpu); /* UINT64_MAX: off */

/* The console. */
bool host_console_is_off(void);
size_t host_console_taken(void); /* bytes, written or lost */

/* Invalidating a space on one CPU takes so long. */
void host_flush_takes(uint64_t ticks);

/* Interrupts. */
void host_raise(uint32_t spi);
void host_gic_reset(void); /* nothing is enabled, pending or active */
bool host_irq_waits(unsigned cpu);
bool host_is_enabled(uint32_t spi);
unsigned host_sgi_count(unsigned cpu); /* SGIs sent to it since host_reset() */
/* arch_irq_pending() raises this SPI when it was asked so many times; 0: never. */
void host_raise_after(unsigned questions, uint32_t spi);

/* An INTID that the kernel knows nothing of waits for the CPU that asks first; the last one that got its priority drop.
 */
void host_raise_foreign(uint32_t intid);
uint32_t host_dropped(void);

/* An SError waits on a CPU: its syndrome. */
void host_serror(unsigned cpu, uint64_t syndrome);

/* What arch_cpu_idle() does when nothing waits: back to where the CPU's loop said, by longjmp. */
void host_idle_to(void *jump); /* jmp_buf of this host thread; NULL: arch_cpu_idle() returns at once */

/* What the vectors of the target do with a process's exception (aarch64/entry.S, trap.c). */
struct frame *host_vector(struct frame *f, struct cpu *c);
/* And with an interrupt. */
struct frame *host_vector_irq(struct frame *f, struct cpu *c);
/* The same with a guest's. */
struct frame *host_guest_trap(struct cpu *c, struct vcpu *v, uint64_t syndrome);

/* The exception that host_vector() finds. */
struct trap;
#define HOST_SVC   1u
#define HOST_OTHER 2u
#define HOST_HVC   3u
#define HOST_WFI   4u
/* TLBI or IC of a guest with VCPU_LOCAL_MAINTENANCE: all CPUs of its VM, TLBs or instruction caches as well. */
#define HOST_TLBI_ALL   6u
#define HOST_TLBI_LOCAL 7u
#define HOST_IC_ALL     8u
/* An SGI to the virtual CPUs that x0 is a mask of; the physical timer, after so many ticks as x1 says. */
#define HOST_SGI   9u
#define HOST_TIMER 10u
void host_trap_set(unsigned syndrome, const struct trap *trap);

/* Where a walk of a space's tables for an address ends; that entry means addresses of 1 << *shift bytes. */
uint64_t *host_walk(paddr_t root, vaddr_t va, unsigned *shift);

/* What the processor holds, as tests see it. */
struct host_registers {
	struct user_regs user;
	uint64_t fp;  /* stands for all FP registers */
	uint64_t el1; /* stands for EL1's */
	uint64_t lr[16];
};
extern struct host_registers host_registers[CPU_MAX];

/* Locks: how many the calling CPU holds. */
unsigned host_locks_held(void);
void host_lock_wanted(bool always);                       /* as if another CPU waited for each lock that is held */
void host_each_hold(void (*check)(void));                 /* called before the kernel lock is released; NULL: nothing */
void host_each_lock(void (*taken)(const struct lock *l)); /* called for each lock that is taken; NULL: nothing */

/* ---- the recorder ---- */

enum host_event_kind {
	HOST_TABLE_WRITE, /* at = host address of the entry, value */
	HOST_TLBI_PAGE,   /* IPAS2E1IS: value = VMID, at = host address of the entry that the address leads to */
	HOST_TLBI_STAGE1, /* VMALLE1IS: value = VMID */
	HOST_TLBI_SPACE,  /* VMALLS12E1IS: value = VMID */
	HOST_TLBI_CPU,    /* VMALLE1: value = VMID, cpu */
	HOST_IC_CPU,      /* IC IALLU: cpu */
	HOST_DSB,
	HOST_ZERO,      /* at = host address, value = bytes */
	HOST_CLEAN_POC, /* same */
	HOST_SYNC_CODE, /* same */
};

struct host_event {
	uint8_t kind, cpu; /* that it happened on */
	uint64_t at, value;
	const void *root; /* of an invalidation: host address of the root table that is in VTTBR_EL2 */
};

void host_record(bool on); /* on: from empty */
void host_record_event(enum host_event_kind kind, uint64_t at, uint64_t value);
void host_record_tlbi(enum host_event_kind kind, const uint64_t *entry, unsigned vmid, const void *root);
void host_record_leave_out(enum host_event_kind kind, unsigned n); /* the n-th of that kind from now is lost */
unsigned host_record_count(void);
const struct host_event *host_record_at(unsigned i);
/*
 * Do the events so far keep the rules? NULL: yes. Else which one is broken:
 * a valid descriptor becomes another valid one only by way of an invalid one and a TLB invalidation that reaches it: of
 * its space, or of its address and, after a DSB, of what stage 1 made of it, with the VMID that its tables have;
 * each invalidation waits for the stores before it and is waited for; a table is zeroed, and that is ordered, before an
 * entry points at it; nothing that was broken is still without its invalidation.
 */
const char *host_record_check(void);
/* Was [at, at + bytes) subject of `kind` since the recorder was switched on? */
bool host_record_covers(enum host_event_kind kind, uint64_t at, uint64_t bytes);

/* ---- CPUs as host threads (threads.c) ---- */

/* Runs `run` in so many threads at once, each as a CPU of its own, until all have returned. */
void host_threads(unsigned count, void (*run)(unsigned cpu));
