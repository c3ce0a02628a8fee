/* SPDX-License-Identifier: Apache-2.0 */
/* Promises of the feature registers that are about what translation and debug do, rather than about an instruction. */
#include "conform.h"

#define GIB    (1ull << 30)
#define WINDOW (200ull * GIB) /* of the VA, with tables of its own */
#define TABLE  3ull
#define PAGE   3ull
#define AF     (1ull << 10)
#define INNER  (3ull << 8)
#define EL0_RW (1ull << 6)
#define GP     (1ull << 50) /* guarded page */

#define TABLE_READ_ONLY (2ull << 61) /* APTable: nothing that it leads to is written */
#define TCR_HPD0        (1ull << 41)
#define TCR_E0PD0       (1ull << 55)
#define NOP             0xd503201fu
#define RET             0xd65f03c0u

static uint64_t level2[512] __attribute__((aligned(4096)));
static uint64_t level3[512] __attribute__((aligned(4096)));
static uint64_t pages[2][512] __attribute__((aligned(4096)));

static void flush(void)
{
	__asm__ volatile("dsb sy; tlbi vmalle1; dsb sy; isb" ::: "memory");
}

/* The window's first page, with attributes in its table and in its entry. */
static void window(uint64_t table, uint64_t attributes)
{
	uint64_t *level1 = (uint64_t *)READ_REG("ttbr0_el1");

	level3[0] = (uint64_t)pages[0] | AF | INNER | attributes | PAGE;
	level2[0] = (uint64_t)level3 | TABLE;
	level1[WINDOW >> 30] = (uint64_t)level2 | table | TABLE;
	flush();
}

static void window_close(void)
{
	((uint64_t *)READ_REG("ttbr0_el1"))[WINDOW >> 30] = 0;
	flush();
}

static void set_tcr(uint64_t value)
{
	WRITE_REG("tcr_el1", value);
	flush();
}

/* Was there an exception? It is no longer one. */
static bool faulted(void)
{
	bool any = faults[0].any;

	fault_clear();
	return any;
}

/* HPDS: a table's attributes can be switched off. */
static bool does_hpds(void)
{
	uint64_t tcr = READ_REG("tcr_el1");
	bool limited, free;

	window(TABLE_READ_ONLY, 0);
	write_sized(WINDOW, 8, 1);
	limited = faulted();
	set_tcr(tcr | TCR_HPD0);
	write_sized(WINDOW, 8, 2);
	free = !faulted();
	set_tcr(tcr);
	window_close();
	return limited && free;
}

static bool unprivileged_faults(void)
{
	uint64_t value;

	__asm__ volatile("ldtr %0, [%1]" : "=r"(value) : "r"(WINDOW) : "memory");
	return faulted();
}

/* E0PD: what EL0 may read is closed to it by one bit. */
static bool does_e0pd(void)
{
	uint64_t tcr = READ_REG("tcr_el1");
	bool open, closed;

	window(0, EL0_RW);
	open = !unprivileged_faults();
	set_tcr(tcr | TCR_E0PD0);
	closed = unprivileged_faults();
	set_tcr(tcr);
	window_close();
	return open && closed;
}

static void call_window(void)
{
	__asm__ volatile("blr %0" ::"r"(WINDOW) : "x30", "memory");
}

/* BT: a call of what is no landing pad faults in a guarded page, and in no other. */
static bool does_bti(void)
{
	bool open, closed;

	pages[0][0] = (uint64_t)RET << 32 | NOP;
	__asm__ volatile("dc cvau, %0; dsb ish; ic iallu; dsb ish; isb" ::"r"(pages[0]) : "memory");
	window(0, 0);
	call_window();
	open = !faulted();
	window(0, GP);
	call_window();
	closed = faulted();
	window_close();
	pages[0][0] = 0;
	return open && closed;
}

/* An entry is changed, and the old one is invalidated in this way: is the new one seen? */
static bool seen_after(void (*invalidate)(void))
{
	bool old, new, undefined;

	pages[0][0] = 0xa;
	pages[1][0] = 0xb;
	window(0, 0);
	old = read_sized(WINDOW, 8) == 0xa;
	level3[0] = 0;
	dsb();
	invalidate();
	level3[0] = (uint64_t)pages[1] | AF | INNER | PAGE;
	dsb();
	isb();
	undefined = faulted();
	new = read_sized(WINDOW, 8) == 0xb;
	window_close();
	pages[0][0] = pages[1][0] = 0;
	return old && new && !undefined;
}

#define TTL_4K_3 (7ull << 44) /* the entry is in level 3, of 4 KiB */
#define RANGE_4K (1ull << 46) /* TG; SCALE and NUM are 0: two pages */

static void by_ttl(void)
{
	__asm__ volatile("tlbi vae1, %0; dsb sy; isb" ::"r"(WINDOW >> 12 | TTL_4K_3) : "memory");
}

static void by_range(void)
{
	register uint64_t x0 __asm__("x0") = WINDOW >> 12 | RANGE_4K;

	__asm__ volatile(".inst 0xd5088620; dsb sy; isb" ::"r"(x0) : "memory"); /* TLBI RVAE1, X0 */
}

static bool does_ttl(void)
{
	return seen_after(by_ttl);
}

static bool does_range(void)
{
	return seen_after(by_range);
}

/* CCIDX: CCSIDR_EL1 of the first data cache has the wide form, and says a size that a cache may have. */
static bool does_ccidx(void)
{
	uint64_t ccsidr, ways, sets;

	WRITE_REG("csselr_el1", 0);
	isb();
	ccsidr = READ_REG("ccsidr_el1");
	ways = (ccsidr >> 3 & 0x1fffff) + 1;
	sets = (ccsidr >> 32 & 0xffffff) + 1;
	return ccsidr >> 32 && ways <= 64 && sets * ways << ((ccsidr & 7) + 4) >= 4096;
}

#define EACH(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define TRY_B(n)                      \
	READ_REG("dbgbvr" #n "_el1"); \
	count += faulted() ? 0 : 1;
#define TRY_W(n)                      \
	READ_REG("dbgwvr" #n "_el1"); \
	count += faulted() ? 0 : 1;
#define KEEP_B(n)                                       \
	case n:                                         \
		WRITE_REG("dbgbcr" #n "_el1", CONTEXT); \
		kept = READ_REG("dbgbcr" #n "_el1");    \
		WRITE_REG("dbgbcr" #n "_el1", 0);       \
		break;
#define CONTEXT (3ull << 20) /* BT: linked context ID match; not enabled */

/* BRPs, WRPs: as many registers as are promised, and no more. CTX_CMPs: the last breakpoints compare contexts. */
static void check_numbers(void)
{
	uint64_t dfr0 = READ_REG("id_aa64dfr0_el1"), count = 0, kept = 0;
	unsigned int last = dfr0 >> 12 & 15;

	if (CHECK("promise", "breakpoints")) {
		EACH(TRY_B)
		found_right(count, last + 1);
	}
	if (CHECK("promise", "watchpoints")) {
		count = 0;
		EACH(TRY_W)
		found_right(count, (dfr0 >> 20 & 15) + 1);
	}
	if (CHECK("promise", "context_breakpoints"))
		found_right((dfr0 >> 28 & 15) <= last, 1);
	if (CHECK("promise", "context_breakpoint_last")) {
		switch (last) {
			EACH(KEEP_B)
		default: break;
		}
		found_right(kept, CONTEXT);
	}
}

enum feature_register { PFR1, ISAR0, MMFR1, MMFR2 };

static uint64_t features(enum feature_register reg)
{
	switch (reg) {
	case PFR1: return READ_REG("s3_0_c0_c4_1");
	case ISAR0: return READ_REG("s3_0_c0_c6_0");
	case MMFR1: return READ_REG("s3_0_c0_c7_1");
	default: return READ_REG("s3_0_c0_c7_2");
	}
}

/* Without the promise a control bit may do anything, as it is RES0; an instruction or a format is not there. */
static const struct effect {
	const char *name;
	enum feature_register features;
	unsigned int low, least; /* as in promise.c */
	bool (*does)(void);
	bool only_if;
} effects[] = {
    {"hpds", MMFR1, 12, 1, does_hpds, false},      {"e0pd", MMFR2, 60, 1, does_e0pd, false},
    {"bti", PFR1, 0, 1, does_bti, false},          {"ttl", MMFR2, 48, 1, does_ttl, false},
    {"tlb_range", ISAR0, 56, 2, does_range, true}, {"ccidx", MMFR2, 20, 1, does_ccidx, true},
};

void check_effects(void)
{
	for (const struct effect *e = effects; e < effects + sizeof(effects) / sizeof(effects[0]); e++) {
		if (!CHECK("promise", e->name))
			continue;
		bool promised = (features(e->features) >> e->low & 15) >= e->least, does = e->does();

		fault_clear();
		found_right(promised ? does : !does || !e->only_if, 1);
	}
	check_numbers();
}
