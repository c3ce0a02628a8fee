/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at the machine in hundreds of small checks and prints what it finds: a line for each, with the check's id. The
 * same Image runs on the bare machine and in a VM; the host compares. Where the architecture says what is right, the
 * guest says so too, so that two machines that are wrong in the same way are noticed.
 *
 * The checks run on the first virtual CPU, with interrupts masked unless a check unmasks them; the second one does what
 * it is told. The MMU is on, with an identity map of Normal memory where RAM is and Device memory elsewhere.
 */
#pragma once

#include "guest.h"

/* --- check.c: the lines --- */

/*
 * Begins the check whose id is these parts with dots between them; NULL ends them early. False: it is passed over,
 * because it has been run before a restart. Each check begins with a time limit of its own.
 */
bool check(const char *a, const char *b, const char *c, const char *d);
#define CHECK(...)                   CHECK_PARTS(__VA_ARGS__, NULL, NULL, NULL, NULL)
#define CHECK_PARTS(a, b, c, d, ...) check(a, b, c, d)

/*
 * What was found, and what is right where the architecture says so. An exception, or an end by the watchdog, since
 * check() is what was found instead.
 */
void found(uint64_t value);
void found_right(uint64_t value, uint64_t right);
void found_all(const uint64_t *values, unsigned int n);
void found_all_right(const uint64_t *values, const uint64_t *rights, unsigned int n);
void found_fault(uint64_t value, uint32_t right); /* an exception with this ESR_EL1 is right */

/* Has the check time? For the condition of each loop that waits. */
bool in_time(void);
void pause_us(uint64_t microseconds);

/* --- fault.c: exceptions are passed over, and noted for the virtual CPU that has them --- */

struct fault {
	volatile bool any;  /* an exception since fault_clear() */
	volatile bool hang; /* the watchdog ended an instruction */
	volatile uint32_t esr, vector;
	volatile uint64_t far, elr, spsr;
	volatile unsigned int count;
};
extern struct fault faults[CPU_LIMIT];
void fault_clear(void);

/* An interrupt that stays is taken by the handler: how often since, and which the last time. */
struct taken {
	volatile unsigned int count, fiq;
	volatile uint32_t intid;
};
extern struct taken takens[CPU_LIMIT];
extern volatile bool complete_by_write; /* the handler ends an interrupt by GICR_ICACTIVER0 and not by ICC_EOIR1_EL1 */

/*
 * Between these two, the physical timer ends an instruction that does not end by itself. Not for checks of this timer.
 */
void watchdog_on(void);
void watchdog_off(void);

/* --- other.c: what the second virtual CPU does --- */

typedef uint64_t job(uint64_t a, uint64_t b);
bool other_start(void);                             /* false: there is no second virtual CPU */
uint64_t other(job *run, uint64_t a, uint64_t b);   /* waits for the result; a fault there counts as one here */
void other_begin(job *run, uint64_t a, uint64_t b); /* does not wait */
uint64_t other_end(void);

/* --- access.c --- */

uint64_t read_sized(uint64_t address, uint64_t size); /* 1, 2, 4 or 8 bytes */
void write_sized(uint64_t address, unsigned int size, uint64_t value);

/* --- gic.c of this guest: the interrupt controller in the state that checks begin with --- */

#define GICD(offset)      (board.gicd + (offset))
#define GICR(cpu, offset) (board.gicr + (uint64_t)(cpu)*GICR_STRIDE + (offset))
#define SGI(cpu, offset)  (GICR(cpu, offset) + GICR_SGI_FRAME)

#define BANK_IGROUPR    0x080
#define BANK_ISENABLER  0x100
#define BANK_ICENABLER  0x180
#define BANK_ISPENDR    0x200
#define BANK_ICPENDR    0x280
#define BANK_ISACTIVER  0x300
#define BANK_ICACTIVER  0x380
#define BANK_IPRIORITYR 0x400
#define BANK_ICFGR      0xc00
#define GICD_CTLR_RIGHT 0x52 /* DS, ARE, EnableGrp1 */
#define GICD_IROUTER    0x6000

void gic_clean(void); /* nothing enabled, pending or active; all in Group 1 with priority 0xa0; CPU interfaces open */
/* The register of a bank that has this interrupt's bit: in the redistributor of that virtual CPU, or in the
 * distributor. */
uint64_t gic_bank(unsigned int cpu, unsigned int bank, uint32_t intid);
bool gic_bit(unsigned int cpu, unsigned int bank, uint32_t intid);
void gic_set(unsigned int cpu, unsigned int bank, uint32_t intid);
void gic_configure(unsigned int cpu, uint32_t intid, bool edge);
void gic_priority(unsigned int cpu, uint32_t intid, uint8_t priority);

/* access.S: every kind of load and store, as a function of an address and a value. */
struct access {
	const char *name;
	uint64_t (*run)(uint64_t address, uint64_t value);
	uint64_t write;
};
extern const struct access accesses[], accesses_end[];

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline void dsb(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

/* --- map.c: stage 1 --- */

void map_build(void);
void map_on(void);
uint64_t map_normal(uint64_t address); /* another VA of an address below 1 GiB, as Normal memory */

/* --- the groups of checks --- */

/* Before anything is written. */
void reset_gicd(void);
void reset_gicr(void);
void reset_banks(void);
void reset_icc(void);

void check_self(void);
void check_gicd(void);
void check_gicr(void);
void check_banks(void);
void check_icc(void);
void check_state(void);
void check_scripts(void);
void check_random(void);
void check_psci(void);
void check_first(void);
void check_promises(void);
void check_effects(void);
void check_power(void);
void check_ipi(void);
void check_timer(void);
void check_uart(void);
void check_group0(void);
void check_memory(void);
void check_walk(void);
void check_shapes(void);
void check_user(void);
void check_debug(void);
void check_cache(void);
void check_fpu(void);
void check_smp(void);
void check_id(void);
