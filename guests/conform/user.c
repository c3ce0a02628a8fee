/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions, from EL1 and from EL0: which, and with what state. What traps there is what kernels rely on. */
#include "conform.h"

#define EL0T         0x3c0u
#define KEYS(x)      extern const uint32_t user_##x[]
#define ESR(ec, iss) ((uint32_t)(ec) << 26 | 1u << 25 | (iss))
#define SVC_123      ESR(0x15, 123)

extern uint64_t user_run(const uint32_t *function, uint64_t argument, uint64_t spsr);

static uint64_t datum __attribute__((aligned(64))) = 0x1122334455667788;

KEYS(svc);
KEYS(undefined);
KEYS(el1_register);
KEYS(id_register);
KEYS(read);
KEYS(write);
KEYS(jump);
KEYS(brk);
KEYS(hvc);
KEYS(smc);
KEYS(fp);
KEYS(counter);
KEYS(physical_counter);
KEYS(timer);
KEYS(physical_timer);
KEYS(frequency);
KEYS(wfi);
KEYS(wfe);
KEYS(dc_civac);
KEYS(dc_zva);
KEYS(ic_ivau);
KEYS(ctr);
KEYS(dczid);
KEYS(tpidrro_read);
KEYS(tpidrro_write);
KEYS(tpidr);
KEYS(daif);
KEYS(icc);
KEYS(pmu);

/* What a kernel may set, and one that runs at EL0 meets. */
#define OPEN_COUNTERS 1u /* CNTKCTL_EL1 */
#define OPEN_TIMERS   2u
#define CLOSED_FP     4u /* CPACR_EL1 */
#define OPEN_UCI      8u /* SCTLR_EL1.UCI, UCT, DZE, nTWE, nTWI */
#define SCTLR_USER    (1ull << 26 | 1ull << 15 | 1ull << 14 | 1ull << 18 | 1ull << 16)

static const struct row {
	const char *name;
	const uint32_t *function;
	uint64_t argument;
	uint32_t flags, esr; /* 0: not known */
} rows[] = {
    {"svc", user_svc, 0, 0, SVC_123},
    {"undefined", user_undefined, 0, 0, ESR(0, 0)},
    {"el1_register", user_el1_register, 0, 0, ESR(0, 0)},
    {"id_register", user_id_register, 0, 0, 0},
    {"read_kernel", user_read, (uint64_t)&datum, 0, ESR(0x24, 0x0f)},
    {"write_kernel", user_write, (uint64_t)&datum, 0, ESR(0x24, 0x4f)},
    {"jump_kernel", user_jump, (uint64_t)user_run, 0, ESR(0x20, 0x0f)},
    {"read_device", user_read, 0x08000000, 0, ESR(0x24, 0x0d)},
    {"read_own", user_read, (uint64_t)user_svc, 0, SVC_123},
    {"write_own_code", user_write, (uint64_t)user_svc, 0, ESR(0x24, 0x4f)},
    {"read_unaligned", user_read, (uint64_t)user_svc + 1, 0, SVC_123},
    {"jump_unaligned", user_jump, (uint64_t)user_svc + 2, 0, ESR(0x22, 0)},
    {"brk", user_brk, 0, 0, ESR(0x3c, 5)},
    {"hvc", user_hvc, 0, 0, ESR(0, 0)},
    {"smc", user_smc, 0, 0, ESR(0, 0)},
    {"fp", user_fp, 0, 0, SVC_123},
    {"fp_closed", user_fp, 0, CLOSED_FP, ESR(7, 0x1e00000)},
    {"counter", user_counter, 0, 0, 0},
    {"counter_open", user_counter, 0, OPEN_COUNTERS, SVC_123},
    {"physical_counter", user_physical_counter, 0, 0, 0},
    {"physical_counter_open", user_physical_counter, 0, OPEN_COUNTERS, SVC_123},
    {"frequency", user_frequency, 0, 0, 0},
    {"frequency_open", user_frequency, 0, OPEN_COUNTERS, SVC_123},
    {"timer", user_timer, 0, 0, 0},
    {"timer_open", user_timer, 0, OPEN_TIMERS, SVC_123},
    {"physical_timer", user_physical_timer, 0, 0, 0},
    {"physical_timer_open", user_physical_timer, 0, OPEN_TIMERS, SVC_123},
    {"dc_civac", user_dc_civac, (uint64_t)user_svc, 0, 0},
    {"dc_civac_open", user_dc_civac, (uint64_t)user_svc, OPEN_UCI, SVC_123},
    {"dc_zva", user_dc_zva, (uint64_t)user_svc, 0, 0},
    {"ic_ivau", user_ic_ivau, (uint64_t)user_svc, 0, 0},
    {"ic_ivau_open", user_ic_ivau, (uint64_t)user_svc, OPEN_UCI, SVC_123},
    {"ctr", user_ctr, 0, 0, 0},
    {"ctr_open", user_ctr, 0, OPEN_UCI, SVC_123},
    {"dczid", user_dczid, 0, 0, SVC_123},
    {"tpidrro_read", user_tpidrro_read, 0, 0, SVC_123},
    {"tpidrro_write", user_tpidrro_write, 0, 0, ESR(0, 0)},
    {"tpidr", user_tpidr, 0, 0, SVC_123},
    {"daif", user_daif, 0, 0, 0},
    {"icc", user_icc, 0, 0, ESR(0, 0)},
    {"pmu", user_pmu, 0, 0, 0},
};

/* With all counters and timers closed unless the row opens them. */
static void set_flags(uint32_t flags)
{
	uint64_t sctlr = READ_REG("sctlr_el1") & ~SCTLR_USER;

	WRITE_REG("cntkctl_el1", (flags & OPEN_COUNTERS ? 3 : 0) | (flags & OPEN_TIMERS ? 0x300 : 0));
	WRITE_REG("cpacr_el1", flags & CLOSED_FP ? 0 : 3 << 20);
	WRITE_REG("sctlr_el1", flags & OPEN_UCI ? sctlr | SCTLR_USER : sctlr);
	isb();
}

static void check_rows(void)
{
	for (const struct row *r = rows; r < rows + sizeof(rows) / sizeof(rows[0]); r++) {
		if (!CHECK("el0", r->name))
			continue;
		set_flags(r->flags);
		user_run(r->function, r->argument, EL0T);
		set_flags(0);
		if (r->esr)
			found_fault(0, r->esr);
		else
			found(0);
	}
}

/* State that the exception must have saved, and that the handler starts with. */
static void check_saved(void)
{
	const struct fault *f = &faults[0];

	if (CHECK("el0", "svc", "elr")) {
		user_run(user_svc, 0, EL0T);
		uint64_t elr = f->elr;

		fault_clear();
		found_right(elr - (uint64_t)user_svc, 8);
	}
	if (CHECK("el0", "svc", "spsr")) {
		user_run(user_svc, 0, EL0T | 0xa0000000);
		uint64_t spsr = f->spsr;

		fault_clear();
		found_right(spsr, EL0T | 0xa0000000);
	}
	if (CHECK("el0", "read_kernel", "far")) {
		user_run(user_read, (uint64_t)&datum, EL0T);
		uint64_t far = f->far;

		fault_clear();
		found_right(far - (uint64_t)&datum, 0);
	}
	if (CHECK("el0", "read_own", "value")) {
		uint64_t value = user_run(user_read, (uint64_t)user_svc, EL0T);

		fault_clear();
		found_right(value, (uint64_t)user_svc[1] << 32 | user_svc[0]);
	}
}

#define EL1(name_, right, ...)                                                    \
	do {                                                                      \
		if (CHECK("el1", name_)) {                                        \
			uint64_t x = 0;                                           \
			__asm__ volatile(__VA_ARGS__ : "+r"(x)::"memory", "x30"); \
			found_fault(x, right);                                    \
		}                                                                 \
	} while (0)

static void check_el1(void)
{
	static uint32_t words[2];

	EL1("svc", SVC_123, "svc #123");
	EL1("undefined", ESR(0, 0), "mrs %0, sctlr_el2");
	EL1("udf", ESR(0, 0), ".inst 0x00000000");
	EL1("undefined_el3", ESR(0, 0), "mrs %0, s3_6_c1_c1_0");
	EL1("unallocated_register", ESR(0, 0), "mrs %0, s3_0_c15_c15_7");
	EL1("write_id_register", ESR(0, 0), ".inst 0xd518041f"); /* MSR ID_AA64PFR0_EL1, XZR */
	EL1("brk", ESR(0x3c, 0x123), "brk #0x123");
	EL1("jump_unaligned", ESR(0x22, 0), "adr x30, 1f; add %0, x30, #2; br %0; 1:");
	if (CHECK("el1", "load_unaligned_device")) {
		uint64_t value = 0;

		__asm__ volatile("ldr %w0, [%1]" : "+r"(value) : "r"(board.gicd + 2) : "memory");
		found_fault(value, ESR(0x25, 0x21));
	}
	if (CHECK("el1", "load_unaligned"))
		found_right(read_sized((uint64_t)words + 1, 4), 0);
	EL1("fp_closed", ESR(7, 0x1e00000),
	    "msr cpacr_el1, xzr; isb; .inst 0x9e670000; mov %0, #0x300000; msr cpacr_el1, %0; "
	    "isb");
}

void check_user(void)
{
	check_rows();
	check_saved();
	check_el1();
}
