/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of this guest share. The measuring itself is that of guests/bench. */
#pragma once

#include "timed.h"

#define VCPUS  4
#define SETTLE 20 /* microseconds in which the other side gets to where it waits, through the scheduler if need be */

extern struct irq_record records[VCPUS];

/* Devices, by boot arguments; 0: there is none. `raiser` is tests/bench/raise/raise.c, `second` is another PL011. */
#define RAISER_INTID 40
extern uint64_t raiser, second;

#define UART_DR        0x00
#define UART_FR        0x18
#define GICD_TYPER     0x0004
#define GICD_IGROUPR   0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR   0x0200
#define GICD_ICPENDR   0x0280
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITY 0x0400
#define PSCI_VERSION   0x84000000u
#define HVC_UNKNOWN    0x86000000u /* no function: standard hypervisor range, SMC32 (SMCCC 1.2, 6.1) */

#define SCTLR_A   (1ull << 1)
#define SCTLR_UMA (1ull << 9)
#define MDSCR_MDE (1ull << 15)

/* access.c: each sweep goes over all operations of a row. */
void measure_calls_swept(void);
void measure_uart(void);
void measure_uart_wide(void);
void measure_gic(void);

/* odd.c */
void measure_odd(void);
void sctlr_write(uint64_t value);

/* around.c: interrupts of devices, pending or in flight, around another one. */
enum spis { SPIS_NONE, SPIS_PENDING, SPIS_IN_FLIGHT };
void spis_begin(enum spis how, unsigned int count);
void spis_end(void);
void spi_enable(uint32_t intid, uint8_t priority);
void measure_timers(void);

/* raised.c */
void measure_raised(void);

/* others.c: the other virtual CPUs. */
extern volatile uint64_t ready_at;
enum peer_mode { PEER_SPINS, PEER_WAITS, PEER_RAISES, PEER_ENDS };
bool peers_start(unsigned int count, bool linux_like); /* records 1 to count; false: there are not so many */
void peers_set(enum peer_mode mode);                   /* PEER_ENDS waits until they are off */
void peer_run(unsigned int cpu);
uint64_t time_sgi_to(unsigned int targets); /* the last one's vector counts */
uint64_t time_sgi_to_waiting(void);
void measure_pairs(void);
void measure_targets(void);
void measure_cpu_on(void);
void measure_first_cpu_on(void);
void raise_by_peer(void);

/* mmu.c */
void mmu_build(void);
void mmu_enable(void);

/* turns.c: two VMs on one CPU. */
void turns_from(void);
void turns_to(void);

/* real.c: the same rows in the states that guests are really in. */
void measure_real(bool other_vm);

static inline void fp_use(void)
{
	__asm__ volatile(".arch_extension fp; fmov d0, d0");
}
