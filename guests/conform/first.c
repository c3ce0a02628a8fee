/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first things that kernels do on a core, before they have anything to complain with: Zephyr, NuttX, FreeRTOS,
 * FreeBSD, seL4 and U-Boot. Whether EL1 is the highest level, so that the frequency is theirs to write; the firmware's
 * conduits; SCTLR from nothing; a return to the level they are on; CPACR, vectors and timers; the feature registers.
 */
#include "conform.h"

#define SCTLR_RES1         0x30d00800ull /* those of Armv8.0 */
#define SCTLR_SA           0x8ull
#define SCTLR_I            0x1000ull
#define SCTLR_BARE         0x30500800ull /* LSMAOE, nTLSMD, EIS, TSCXT, EOS: a kernel that sets only what it knows */
#define PSTATE_EL1H_MASKED 0x3c5ull

static uint64_t smc(uint64_t function)
{
	register uint64_t x0 __asm__("x0") = function;

	__asm__ volatile(".inst 0xd4000003"
			 : "+r"(x0)
			 :
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return x0;
}

static void check_firmware(void)
{
	uint64_t hz = counter_hz(), pfr0 = READ_REG("id_aa64pfr0_el1");

	if (CHECK("first", "current_el"))
		found_right(READ_REG("currentel"), 4);
	if (CHECK("first", "el1_is_not_the_highest"))
		found((pfr0 & 0xff00) != 0);
	if (CHECK("first", "el0_aarch64"))
		found_right((pfr0 & 0xf) == 1 || (pfr0 & 0xf) == 2, 1);
	if (CHECK("first", "el1_aarch64"))
		found_right((pfr0 & 0xf0) == 0x10 || (pfr0 & 0xf0) == 0x20, 1);
	if (CHECK("first", "cntfrq_write")) {
		WRITE_REG("cntfrq_el0", hz);
		found(0);
	}
	if (CHECK("first", "cntfrq_stays"))
		found_right(counter_hz() == hz, 1);
	if (CHECK("first", "smc_psci_version"))
		found((uint32_t)smc(0x84000000));
	if (CHECK("first", "hvc_psci_version"))
		found_right((uint64_t)hvc(0x84000000, 0, 0, 0) & 0xffffffff, 0x10001);
}

static void check_registers(void)
{
	if (CHECK("first", "cpacr")) {
		WRITE_REG("cpacr_el1", 3 << 20);
		isb();
		found_right(READ_REG("cpacr_el1"), 3 << 20);
	}
	if (CHECK("first", "cntv_cval")) {
		WRITE_REG("cntv_cval_el0", ~0ull);
		found_right(READ_REG("cntv_cval_el0"), ~0ull);
	}
	if (CHECK("first", "cntp_cval")) {
		WRITE_REG("cntp_cval_el0", ~0ull);
		found_right(READ_REG("cntp_cval_el0"), ~0ull);
	}
	if (CHECK("first", "mpidr"))
		found_right(READ_REG("mpidr_el1") & 0xff00ffffff, 0);
	if (CHECK("first", "os_lock")) {
		WRITE_REG("oslar_el1", 0);
		isb();
		found_right(READ_REG("oslsr_el1") & 2, 0);
	}
	if (CHECK("first", "mdscr")) {
		WRITE_REG("mdscr_el1", 1 << 12);
		found_right(READ_REG("mdscr_el1") & 1 << 12, 1 << 12);
		WRITE_REG("mdscr_el1", 0);
	}
}

/* The MMU stays on: what a kernel writes before it has one, with what this guest needs to go on. */
static void sctlr(const char *name, uint64_t value)
{
	const uint64_t before = READ_REG("sctlr_el1"), needs = before & 0x5;

	if (!CHECK("first", "sctlr", name))
		return;
	WRITE_REG("sctlr_el1", value | needs);
	isb();
	value = READ_REG("sctlr_el1");
	WRITE_REG("sctlr_el1", before);
	isb();
	found(value);
}

/* The only way to set PSTATE whole is an exception return; SPSR_EL1 then holds what was written. */
static void check_return(void)
{
	uint64_t at = 0;

	if (CHECK("first", "eret_to_itself")) {
		__asm__ volatile("msr spsr_el1, %1\n\tadr %0, 1f\n\tmsr elr_el1, %0\n\teret\n1:\tmrs %0, daif"
				 : "=&r"(at)
				 : "r"(PSTATE_EL1H_MASKED)
				 : "memory");
		found_right(at | READ_REG("currentel"), 0x3c4);
	}
	if (CHECK("first", "spsr_stays"))
		found_right(READ_REG("spsr_el1"), PSTATE_EL1H_MASKED);
	if (CHECK("first", "stack_of_el0")) {
		__asm__ volatile(
		    "mov x9, sp\n\tmsr spsel, #0\n\tmov sp, x9\n\tstr xzr, [sp, #-16]!\n\tadd sp, sp, #16\n\t"
		    "mrs %0, spsel\n\tmsr spsel, #1"
		    : "=r"(at)
		    :
		    : "x9", "memory");
		found_right(at, 0);
	}
	if (CHECK("first", "serror_unmasked")) {
		__asm__ volatile("msr daifclr, #4\n\tisb\n\tmrs %0, daif\n\tmsr daifset, #4" : "=r"(at) : : "memory");
		found_right(at & 0x100, 0);
	}
}

#define KEEPS(name, value, mask)                                      \
	do {                                                          \
		if (CHECK("first", name)) {                           \
			uint64_t before = READ_REG(name);             \
			WRITE_REG(name, value);                       \
			isb();                                        \
			uint64_t after = READ_REG(name);              \
			WRITE_REG(name, before);                      \
			isb();                                        \
			found_right(after &(mask), (value) & (mask)); \
		}                                                     \
	} while (0)

static void check_kept(void)
{
	KEEPS("contextidr_el1", 0x5au, 0xffffffff);
	KEEPS("tpidr_el1", 0x123456789abcdef0ull, ~0ull);
	KEEPS("tpidr_el0", 0x123456789abcdef0ull, ~0ull);
	KEEPS("tpidrro_el0", 0xfedcba9876543210ull, ~0ull);
	KEEPS("sp_el0", 0x40001230ull, ~0ull);
	KEEPS("vbar_el1", 0x80000800ull, ~0x7ffull);
	KEEPS("cntkctl_el1", 3u, 3);
	KEEPS("csselr_el1", 2u, 14);
}

/* A kernel reads them all before it knows which it has: those that are reserved read as zero and are not Undefined. */
static void check_feature_space(void)
{
#define READS(name, code)                  \
	if (CHECK("first", "reads", name)) \
	(void)READ_REG(code), found(0)
	READS("pfr2", "s3_0_c0_c4_2");
	READS("zfr0", "s3_0_c0_c4_4");
	READS("smfr0", "s3_0_c0_c4_5");
	READS("reserved_4_7", "s3_0_c0_c4_7");
	READS("dfr1", "s3_0_c0_c5_1");
	READS("afr0", "s3_0_c0_c5_4");
	READS("isar2", "s3_0_c0_c6_2");
	READS("reserved_6_7", "s3_0_c0_c6_7");
	READS("mmfr3", "s3_0_c0_c7_3");
	READS("mmfr4", "s3_0_c0_c7_4");
	READS("reserved_7_7", "s3_0_c0_c7_7");
	READS("pfr0_aarch32", "s3_0_c0_c1_0");
	READS("mvfr2", "s3_0_c0_c3_2");
	READS("dczid", "s3_3_c0_c0_7");
	READS("ctr", "s3_3_c0_c0_1");
}

void check_first(void)
{
	check_firmware();
	check_registers();
	sctlr("armv8_0", SCTLR_RES1 | SCTLR_SA | SCTLR_I);
	sctlr("least", SCTLR_BARE);
	check_return();
	check_kept();
	check_feature_space();
}
