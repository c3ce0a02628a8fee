/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime of our bare-metal guests: everything runs at EL1 with the MMU off, so all memory is Device-nGnRnE and
 * nothing here uses exclusive accesses (Arm ARM B2.9.2: not guaranteed to work on such memory).
 */
#pragma once

#include "board.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READ_REG(name)                                                      \
	({                                                                  \
		uint64_t value_;                                            \
		__asm__ volatile("mrs %0, " name : "=r"(value_)::"memory"); \
		value_;                                                     \
	})
#define WRITE_REG(name, value) __asm__ volatile("msr " name ", %0" ::"r"((uint64_t)(value)) : "memory")

/* What start.S stores on an exception; counter = CNTVCT_EL0 at the vector. */
struct frame {
	uint64_t x[31];
	uint64_t sp_el0, elr, spsr, esr, far, counter, pad;
};
_Static_assert(sizeof(struct frame) == FRAME_BYTES, "struct frame and start.S disagree");
_Static_assert(offsetof(struct frame, counter) == FRAME_COUNTER, "struct frame and start.S disagree");

extern char image_start[], image_end[];

/* Where things are, from the device tree (0: there is none), and what the counters showed at the first instruction. */
struct board {
	uint64_t uart, gicd, gicr, entry_virtual, entry_physical;
	bool sbsa_uart; /* what Arm's Server Base System Architecture keeps of a PL011: there is nothing to set up */
};
extern struct board board;

/* What a guest provides. */
void guest_main(void);                                      /* on the first virtual CPU, interrupts masked */
void guest_secondary(unsigned int cpu);                     /* on each that cpu_on() started; returning powers it off */
void guest_gic_init(unsigned int cpu);                      /* before either; the default makes it ready for use */
void guest_irq(struct frame *frame, uint32_t intid);        /* acknowledged; completed afterwards */
void guest_fault(struct frame *frame, unsigned int vector); /* anything else; the default reports and powers off */

/* start.S */
void secondary_entry(void);

/* main.c */
extern char bootargs[];                                 /* "" when there are none */
uint64_t bootarg(const char *name, uint64_t otherwise); /* value of name=, decimal or 0x hexadecimal */
void guest_start(const void *fdt, uint64_t entry_virtual, uint64_t entry_physical);
void secondary_start(unsigned int cpu);
void exception(struct frame *frame, unsigned int vector);
unsigned int cpu_index(void);

/* fdt.c */
void fdt_bootargs(const void *fdt, char *text, size_t bytes);                  /* text is always terminated */
uint64_t fdt_reg(const void *fdt, const char *compatible, unsigned int index); /* of a child of the root; 0: none */

/* uart.c: a line is printed whole, whichever virtual CPUs print. */
void uart_init(void);
void line_begin(void);
void put(const char *text);
void put_number(uint64_t value);
void put_hex(uint64_t value);
void line_end(void);
void say(const char *text);

/* gic.c: GICv3, system-register interface, Group 1, affinity 0.0.0.n. */
#define INTID_VTIMER   27
#define INTID_PTIMER   30
#define INTID_SPURIOUS 1020 /* and above */
void gic_init_distributor(void);
void gic_init_redistributor(unsigned int cpu);
void gic_init_cpu(void);
void gic_enable_private(unsigned int cpu, uint32_t intid);
void gic_disable(uint32_t intid);

/* Sends a software-generated interrupt (ICC_SGI1R_EL1, GICv3 specification 12.2.21). */
static inline void gic_send_sgi(unsigned int cpu, uint32_t intid)
{
	WRITE_REG("icc_sgi1r_el1", ((uint64_t)intid << 24) | (1ull << cpu));
	__asm__ volatile("isb");
}

/* psci.c */
#define PSCI_CPU_SUSPEND    0xc4000001u
#define PSCI_CPU_OFF        0x84000002u
#define PSCI_CPU_ON         0xc4000003u
#define PSCI_SYSTEM_OFF     0x84000008u
#define PSCI_SYSTEM_RESET   0x84000009u
#define SMCCC_NOT_SUPPORTED (-1)
int64_t hvc(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
int64_t cpu_on(unsigned int cpu); /* 0, or PSCI's error */
unsigned int cpu_on_all(void);    /* how many run now, the caller included */
_Noreturn void system_off(void);

/* Time: the virtual counter and timer. */
static inline uint64_t now(void)
{
	uint64_t value;
	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
}

static inline uint64_t counter_hz(void)
{
	return READ_REG("cntfrq_el0");
}

static inline void timer_set(uint64_t deadline)
{
	WRITE_REG("cntv_cval_el0", deadline);
	WRITE_REG("cntv_ctl_el0", 1);
	__asm__ volatile("isb");
}

static inline void timer_off(void)
{
	WRITE_REG("cntv_ctl_el0", 0);
	__asm__ volatile("isb");
}

static inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

static inline uint64_t read64(uint64_t address)
{
	uint64_t value;
	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void barrier(void)
{
	__asm__ volatile("dmb sy" ::: "memory");
}

static inline void yield(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static inline uint32_t read32(uint64_t address)
{
	uint32_t value;
	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

/* With what was written while it was off. `tcr` is without the size of physical addresses: as many bits as there are.
 */
static inline void mmu_turn_on(const void *table, uint64_t mair, uint64_t tcr, uint64_t sctlr)
{
	uint64_t size = READ_REG("id_aa64mmfr0_el1") & 15;

	/* Nothing stale may hide what was written with the caches off (Arm ARM D8.2). Lines of 16 bytes at the least.
	 */
	for (uint64_t p = (uint64_t)image_start; p < (uint64_t)image_end; p += 16)
		__asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
	WRITE_REG("mair_el1", mair);
	WRITE_REG("tcr_el1", tcr | (size < 5 ? size : 5) << 32);
	WRITE_REG("ttbr0_el1", table);
	__asm__ volatile("dsb sy; isb; tlbi vmalle1; dsb sy; isb" ::: "memory");
	WRITE_REG("sctlr_el1", sctlr);
	__asm__ volatile("isb" ::: "memory");
}
