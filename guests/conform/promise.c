/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a feature register promises can be done; what it does not promise is Undefined. What takes more than one
 * instruction to see is in promise_effect.c. There is no check here of those fields that a VM sees and that
 *   - other groups rest on: AdvSIMD (fpu), GIC (icc), DebugVer, DoubleLock (debug), ASIDBits (walk), TGran4, TGran16,
 *     TGran64 (shape);
 *   - give no instruction and no bit of control, but say how the hardware behaves: CSV2, CSV3, DGH, ETS, BBM, RPRES,
 *     AT, IDS, SNSMem. Bulkhead is not between the guest and these;
 *   - choose rights, bits or sizes of stage 1 that the hardware alone looks at: ExS, PARange, HAFDBS, LSM, ST, VARange.
 *     qvm's own walk of such tables is in test_memory.py.
 */
#include "conform.h"

/* Feature registers. */
#define PFR0  read_pfr0
#define PFR1  read_pfr1
#define DFR0  read_dfr0
#define ISAR0 read_isar0
#define ISAR1 read_isar1
#define ISAR2 read_isar2
#define MMFR1 read_mmfr1
#define MMFR2 read_mmfr2

#define FEATURES(reg, code)              \
	static uint64_t read_##reg(void) \
	{                                \
		return READ_REG(code);   \
	}

FEATURES(pfr0, "s3_0_c0_c4_0")
FEATURES(pfr1, "s3_0_c0_c4_1")
FEATURES(dfr0, "s3_0_c0_c5_0")
FEATURES(isar0, "s3_0_c0_c6_0")
FEATURES(isar1, "s3_0_c0_c6_1")
FEATURES(isar2, "s3_0_c0_c6_2")
FEATURES(mmfr1, "s3_0_c0_c7_1")
FEATURES(mmfr2, "s3_0_c0_c7_2")

static uint64_t word __attribute__((aligned(64)));

/* One instruction by its encoding, with x0 = the word's address and what it may change. */
#define TRY(name, code)                                                                    \
	static void try_##name(void)                                                       \
	{                                                                                  \
		register uint64_t x0 __asm__("x0") = (uint64_t)&word;                      \
		__asm__ volatile(".inst " code : "+r"(x0) : : "x1", "x2", "memory", "cc"); \
	}

TRY(aes, "0x4e284800")     /* AESE v0, v0 */
TRY(sha1, "0x5e280800")    /* SHA1H s0, s0 */
TRY(sha2, "0x5e282800")    /* SHA256SU0 v0, v0 */
TRY(crc32, "0x9ac24c21")   /* CRC32X w1, w1, x2 */
TRY(atomic, "0xf8220001")  /* LDADD x2, x1, [x0] */
TRY(rdm, "0x6e808400")     /* SQRDMLAH v0.4s */
TRY(dp, "0x6e809400")      /* UDOT v0.4s */
TRY(fhm, "0x4e20ec00")     /* FMLAL v0.4s */
TRY(ts, "0xd500401f")      /* CFINV */
TRY(tlb_os, "0xd508811f")  /* TLBI VMALLE1OS */
TRY(rndr, "0xd53b2401")    /* MRS x1, RNDR */
TRY(dpb, "0xd50b7c20")     /* DC CVAP, x0 */
TRY(dpb2, "0xd50b7d20")    /* DC CVADP, x0 */
TRY(jscvt, "0x1e7e0001")   /* FJCVTZS w1, d0 */
TRY(fcma, "0x6e80c400")    /* FCMLA v0.4s */
TRY(lrcpc, "0xf8bfc001")   /* LDAPR x1, [x0] */
TRY(lrcpc2, "0xd9400001")  /* LDAPUR x1, [x0] */
TRY(frintts, "0x1e284000") /* FRINT32Z s0, s0 */
TRY(sb, "0xd50330ff")      /* SB */
TRY(specres, "0xd50b739f") /* CFP RCTX, xzr */
TRY(bf16, "0x6e40fc00")    /* BFDOT v0.4s */
TRY(i8mm, "0x4e80a400")    /* SMMLA v0.4s */
TRY(bc, "0x54000030")      /* BC.EQ to the next instruction */
TRY(pan, "0xd500409f")     /* MSR PAN, #0 */
TRY(uao, "0xd500407f")     /* MSR UAO, #0 */
TRY(dit, "0xd503405f")     /* MSR DIT, #0 */
TRY(ssbs, "0xd503403f")    /* MSR SSBS, #0 */
TRY(fp, "0x1e602800")      /* FADD d0, d0, d0 */
TRY(half, "0x1ee02800")    /* FADD h0, h0, h0 */
TRY(pmu, "0xd53b9c01")     /* MRS x1, PMCR_EL0 */
TRY(ras, "0xd5385301")     /* MRS x1, ERRIDR_EL1 */

static void try_breakpoint(void)
{
	WRITE_REG("dbgbvr1_el1", READ_REG("dbgbvr1_el1"));
}

static void try_watchpoint(void)
{
	WRITE_REG("dbgwvr1_el1", READ_REG("dbgwvr1_el1"));
}

static const struct promise {
	const char *name;
	uint64_t (*features)(void);
	unsigned int low, least; /* field, and the value from which on it is promised; above 7 it is negative: no */
	void (*try_it)(void);
	bool only_if; /* without the promise it is Undefined */
} promises[] = {
    {"aes", ISAR0, 4, 1, try_aes, true},
    {"sha1", ISAR0, 8, 1, try_sha1, true},
    {"sha2", ISAR0, 12, 1, try_sha2, true},
    {"crc32", ISAR0, 16, 1, try_crc32, true},
    {"atomic", ISAR0, 20, 2, try_atomic, true},
    {"rdm", ISAR0, 28, 1, try_rdm, true},
    {"dp", ISAR0, 44, 1, try_dp, true},
    {"fhm", ISAR0, 48, 1, try_fhm, true},
    {"ts", ISAR0, 52, 1, try_ts, false},
    {"tlb_os", ISAR0, 56, 1, try_tlb_os, true},
    {"rndr", ISAR0, 60, 1, try_rndr, true},
    {"dpb", ISAR1, 0, 1, try_dpb, true},
    {"dpb2", ISAR1, 0, 2, try_dpb2, true},
    {"jscvt", ISAR1, 12, 1, try_jscvt, true},
    {"fcma", ISAR1, 16, 1, try_fcma, true},
    {"lrcpc", ISAR1, 20, 1, try_lrcpc, true},
    {"lrcpc2", ISAR1, 20, 2, try_lrcpc2, true},
    {"frintts", ISAR1, 32, 1, try_frintts, true},
    {"sb", ISAR1, 36, 1, try_sb, true},
    {"specres", ISAR1, 40, 1, try_specres, true},
    {"bf16", ISAR1, 44, 1, try_bf16, true},
    {"i8mm", ISAR1, 52, 1, try_i8mm, true},
    {"bc", ISAR2, 20, 1, try_bc, true},
    {"pan", MMFR1, 20, 1, try_pan, true},
    {"uao", MMFR2, 4, 1, try_uao, true},
    {"fp", PFR0, 16, 0, try_fp, true},
    {"half", PFR0, 16, 1, try_half, true},
    {"dit", PFR0, 48, 1, try_dit, true},
    {"ras", PFR0, 28, 1, try_ras, true},
    {"ssbs", PFR1, 4, 2, try_ssbs, true},
    {"breakpoint1", DFR0, 12, 1, try_breakpoint, false},
    {"watchpoint1", DFR0, 20, 1, try_watchpoint, false},
    {"pmu", DFR0, 8, 1, try_pmu, true},
};

/* 1: what is promised works, and what is not promised does not. */
static void keep(const struct promise *p)
{
	unsigned int field = (unsigned int)(p->features() >> p->low) & 15;
	bool promised = field >= p->least && field < 8, works;

	p->try_it();
	works = !faults[0].any;
	fault_clear();
	found_right(promised ? works : !works || !p->only_if, 1);
}

void check_promises(void)
{
	for (const struct promise *p = promises; p < promises + sizeof(promises) / sizeof(promises[0]); p++)
		if (CHECK("promise", p->name))
			keep(p);
}
