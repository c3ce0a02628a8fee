/* SPDX-License-Identifier: Apache-2.0 */
/* Self-hosted debug (Arm ARM D2): breakpoints, watchpoints, also on a device's register, single step, OS lock. */
#include "conform.h"

#define MDSCR_SS   1ull
#define MDSCR_KDE  (1ull << 13)
#define MDSCR_MDE  (1ull << 15)
#define BCR        0x1e3ull                                          /* enabled, at EL1, all bytes of the instruction */
#define WCR(ls)    (0xffull << 5 | (uint64_t)(ls) << 3 | 1 << 1 | 1) /* eight bytes, at EL1 */
#define WCR_LOAD   1
#define WCR_STORE  2
#define SPSR_SS    (1ull << 21)
#define EL0T_DEBUG 0x1c0ull

extern const char break_here[];
extern const uint32_t user_step[];
extern uint64_t user_run(const uint32_t *function, uint64_t argument, uint64_t spsr);
void break_run(void);

static volatile uint64_t watched[2] __attribute__((aligned(16)));

#define EACH(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define SET_B(n)                                        \
	case n:                                         \
		WRITE_REG("dbgbvr" #n "_el1", address); \
		WRITE_REG("dbgbcr" #n "_el1", control); \
		break;
#define SET_W(n)                                        \
	case n:                                         \
		WRITE_REG("dbgwvr" #n "_el1", address); \
		WRITE_REG("dbgwcr" #n "_el1", control); \
		break;

static void set_breakpoint(unsigned int n, uint64_t address, uint64_t control)
{
	switch (n) {
		EACH(SET_B)
	default: break;
	}
	isb();
}

static void set_watchpoint(unsigned int n, uint64_t address, uint64_t control)
{
	switch (n) {
		EACH(SET_W)
	default: break;
	}
	isb();
}

static unsigned int breakpoints(void)
{
	return (READ_REG("id_aa64dfr0_el1") >> 12 & 15) + 1;
}

static unsigned int watchpoints(void)
{
	return (READ_REG("id_aa64dfr0_el1") >> 20 & 15) + 1;
}

static void enable(uint64_t bits)
{
	WRITE_REG("mdscr_el1", bits);
	isb();
	__asm__ volatile("msr daifclr, #8" ::: "memory");
}

static void disable(void)
{
	__asm__ volatile("msr daifset, #8" ::: "memory");
	WRITE_REG("mdscr_el1", 0);
	isb();
}

/* Runs the line of instructions with breakpoints on n of them, and takes all off again. */
static void run_with(unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++)
		set_breakpoint(i, (uint64_t)break_here + 4 * i, BCR);
	enable(MDSCR_KDE | MDSCR_MDE);
	break_run();
	disable();
	for (unsigned int i = first; i < first + n; i++)
		set_breakpoint(i, 0, 0);
}

static void check_breakpoints(void)
{
	unsigned int n = breakpoints();

	if (CHECK("debug", "breakpoints", "number"))
		found(n);
	for (unsigned int i = 0; i < n; i++) {
		char name[] = {(char)('a' + i), 0};

		if (!CHECK("debug", "breakpoint", name))
			continue;
		run_with(i, 1);
		uint64_t elr = faults[0].elr - (uint64_t)break_here, count = faults[0].count;

		fault_clear();
		found_right(count << 32 | elr, 1ull << 32 | 4 * i);
	}
	if (CHECK("debug", "breakpoint", "all")) {
		run_with(0, n);
		uint64_t count = faults[0].count;

		fault_clear();
		found_right(count, n);
	}
	if (CHECK("debug", "breakpoint", "syndrome")) {
		run_with(0, 1);
		found_fault(0, 0xc6000022);
	}
}

/* What keeps a breakpoint from happening. */
static const struct gate {
	const char *name;
	uint64_t mdscr;
	bool masked, locked; /* PSTATE.D, the OS Lock */
} gates[] = {
    {"masked", MDSCR_KDE | MDSCR_MDE, true, false},
    {"not_in_kernel", MDSCR_MDE, false, false},
    {"not_enabled", MDSCR_KDE, false, false},
    {"os_lock", MDSCR_KDE | MDSCR_MDE, false, true},
};

static void lock(bool closed)
{
	WRITE_REG("oslar_el1", closed);
	isb();
}

static void check_gates(void)
{
	set_breakpoint(0, (uint64_t)break_here, BCR);
	for (const struct gate *g = gates; g < gates + sizeof(gates) / sizeof(gates[0]); g++) {
		if (!CHECK("debug", "breakpoint", g->name))
			continue;
		lock(g->locked);
		enable(g->mdscr);
		if (g->masked)
			__asm__ volatile("msr daifset, #8" ::: "memory");
		break_run();
		disable();
		found_right(0, 0);
	}
	set_breakpoint(0, 0, 0);
	lock(true);
	if (CHECK("debug", "os_lock", "closed"))
		found(READ_REG("oslsr_el1"));
	lock(false);
	if (CHECK("debug", "os_lock", "open"))
		found(READ_REG("oslsr_el1"));
}

static const struct watch {
	const char *name;
	uint64_t offset; /* of what is accessed, from what is watched */
	unsigned int control;
	bool store;
	uint32_t esr; /* 0: nothing happens */
} watches[] = {
    {"load", 0, WCR_LOAD, false, 0xd6000022},
    {"store", 0, WCR_STORE, true, 0xd6000062},
    {"load_not_stored", 0, WCR_STORE, false, 0},
    {"store_not_loaded", 0, WCR_LOAD, true, 0},
    {"load_beside", 8, WCR_LOAD, false, 0},
    {"load_any", 0, WCR_LOAD | WCR_STORE, false, 0xd6000022},
    {"store_any", 0, WCR_LOAD | WCR_STORE, true, 0xd6000062},
};

static void watch_at(const char *kind, uint64_t address, const struct watch *w)
{
	if (!CHECK("debug", kind, w->name))
		return;
	set_watchpoint(0, address, WCR(w->control));
	enable(MDSCR_KDE | MDSCR_MDE);
	uint64_t at = address + w->offset;

	if (w->store)
		__asm__ volatile("str xzr, [%0]" ::"r"(at) : "memory");
	else
		__asm__ volatile("ldr x9, [%0]" ::"r"(at) : "x9", "memory");
	disable();
	set_watchpoint(0, 0, 0);
	if (w->esr)
		found_fault(0, w->esr);
	else
		found_right(0, 0);
}

static void check_watchpoints(void)
{
	if (CHECK("debug", "watchpoints", "number"))
		found(watchpoints());
	for (const struct watch *w = watches; w < watches + sizeof(watches) / sizeof(watches[0]); w++) {
		watch_at("watch_memory", (uint64_t)watched, w);
		watch_at("watch_device", board.gicd + 0x6140, w); /* GICD_IROUTER40 */
		watch_at("watch_normal_device", map_normal(board.gicd + 0x6140), w);
	}
	for (unsigned int i = 0; i < watchpoints(); i++) {
		char name[] = {(char)('a' + i), 0};

		if (!CHECK("debug", "watchpoint", name))
			continue;
		set_watchpoint(i, (uint64_t)watched, WCR(WCR_LOAD));
		enable(MDSCR_KDE | MDSCR_MDE);
		__asm__ volatile("ldr x9, [%0]" ::"r"(watched) : "x9", "memory");
		disable();
		set_watchpoint(i, 0, 0);
		found_fault(0, 0xd6000022);
	}
}

static void check_step(void)
{
	if (CHECK("debug", "step", "el0")) {
		enable(MDSCR_SS);
		user_run(user_step, 0, EL0T_DEBUG | SPSR_SS);
		disable();
		uint64_t elr = faults[0].elr - (uint64_t)user_step;
		uint32_t esr = faults[0].esr;

		fault_clear();
		found_right(elr << 32 | esr, 4ull << 32 | 0xcb000022);
	}
	if (CHECK("debug", "step", "result")) {
		enable(MDSCR_SS);
		uint64_t value = user_run(user_step, 0, EL0T_DEBUG | SPSR_SS);

		disable();
		fault_clear();
		found_right(value, 1);
	}
}

/* Registers keep what is written, each CPU its own. */
static uint64_t other_breakpoint(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	return READ_REG("dbgbvr0_el1");
}

static void check_registers(void)
{
	if (CHECK("debug", "dbgbvr0", "written")) {
		WRITE_REG("dbgbvr0_el1", 0x12345678);
		isb();
		found_right(READ_REG("dbgbvr0_el1"), 0x12345678);
	}
	if (CHECK("debug", "dbgbvr0", "other_cpu"))
		found_right(other(other_breakpoint, 0, 0) == 0x12345678, 0);
	WRITE_REG("dbgbvr0_el1", 0);
	if (CHECK("debug", "contextidr", "written")) {
		WRITE_REG("contextidr_el1", 0x1234);
		isb();
		found_right(READ_REG("contextidr_el1"), 0x1234);
	}
}

void check_debug(void)
{
	lock(false);
	check_breakpoints();
	check_gates();
	check_watchpoints();
	check_step();
	check_registers();
}
