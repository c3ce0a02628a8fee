/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What EL2 decides about itself, guests and processes: the bits of its control registers, each with the reason for its
 * value. boot/control.c writes them on every CPU; the world switch takes the values that differ between guests and
 * processes from here. Bits that are not named are 0: RES0, or a feature that nobody is given. Arm ARM D24.2.
 */
#pragma once

#include "bulkhead.h"
#include "types.h"

/* HCR_EL2. */
#define HCR_VM    BIT(0) /* stage 2 on: it is the space of guests and of processes */
#define HCR_SWIO  BIT(1) /* invalidation by set and way never loses data (also trapped by TSW) */
#define HCR_PTW   BIT(2) /* a stage 1 walk must not touch device memory: reads there have side effects */
#define HCR_FMO   BIT(3) /* FIQ, IRQ, SError: to EL2, and virtual ones for the guest */
#define HCR_IMO   BIT(4)
#define HCR_AMO   BIT(5)
#define HCR_FB    BIT(9)  /* a guest's TLBI and IC reach the CPU that its virtual CPU ran on before */
#define HCR_BSU_I BIT(10) /* its barriers reach the inner shareable domain, for the same reason */
#define HCR_DC    BIT(12) /* stage 1 off means normal write-back memory, as stage 2 then limits it */
#define HCR_TWI   BIT(13) /* WFI: the CPU goes to another thread */
/* TWE is not set: WFE ends soon by itself, and spin locks use it. */
#define HCR_TID3  BIT(18) /* feature registers: hidden features are not offered */
#define HCR_TSC   BIT(19) /* SMC: firmware is not a guest's */
#define HCR_TIDCP BIT(20) /* IMPLEMENTATION DEFINED registers */
#define HCR_TACR  BIT(21) /* ACTLR_EL1 */
#define HCR_TSW   BIT(22) /* cache operations by set and way hit other worlds' lines: qvm cleans by address instead */
#define HCR_TLBI  (BIT(24) | BIT(25)) /* TPU, TTLB: hcr_guest() */
#define HCR_TGE   BIT(27)             /* EL0 is EL2's: processes */
#define HCR_RW    BIT(31)             /* EL1 is AArch64 */
#define HCR_E2H   BIT(34)             /* no VHE */
#define HCR_TLOR  BIT(35) /* limited ordering regions: physical addresses in registers that are not switched */
#define HCR_TERR  BIT(36) /* RAS error records are the board's */
#define HCR_TEA   BIT(37) /* synchronous external aborts: to EL2, which decides who is to blame */
#define HCR_EVT   (BIT(50) | BIT(52) | BIT(54) | BIT(55)) /* TICAB, TOCU, TTLBIS, TTLBOS, of FEAT_EVT */
#define HCR_TID5  BIT(58)                                 /* GMID_EL1: no memory tagging */
/*
 * Not set, besides: TID1 (REVIDR, AIDR: guests need them to see errata), TID2 (CTR_EL0 is read on hot paths; CSSELR_EL1
 * is switched), VSE (no virtual SError is made), TPCP, TVM, TRVM, TDZ (only about the guest's own memory), HCD (HVC is
 * the guest's way to qvm), API, APK (pointer authentication traps: its keys are not switched), FWB (one encoding of
 * memory types for every CPU and the SMMU), ATA, EnSCXT, FIEN, NV, AMVOFFEN (features that are hidden).
 */
#define HCR_GUEST                                                                                            \
	(HCR_RW | HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_I | HCR_TWI | \
	 HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TLOR | HCR_TERR | HCR_TEA | HCR_TID5)
/*
 * With VCPU_LOCAL_MAINTENANCE local TLBI and IC stay local, and broadcast ones trap. Without FEAT_EVT all of them do,
 * and DC CVAU.
 */
static inline uint64_t hcr_guest(unsigned flags, unsigned evt)
{
	uint64_t hcr = flags & VCPU_NO_WFI_EXIT ? HCR_GUEST & ~HCR_TWI : HCR_GUEST;

	return flags & VCPU_LOCAL_MAINTENANCE ? (hcr & ~HCR_FB) | (evt >= 2 ? HCR_EVT : HCR_TLBI) : hcr;
}
/* With TGE, interrupts go to EL2 whatever FMO, IMO and AMO are, SMC and HVC are undefined, and feature registers trap.
 */
#define HCR_PROCESS (HCR_RW | HCR_TGE | HCR_VM | HCR_DC | HCR_TWI | HCR_TIDCP | HCR_TEA)

/* CPTR_EL2, E2H = 0. */
#define CPTR_RES1 0x32ff
#define CPTR_TZ   BIT(8)  /* SVE traps: its registers are not switched. RES1 without SVE */
#define CPTR_TFP  BIT(10) /* FP and SIMD trap until the registers are this context's */
#define CPTR_TSM  BIT(12) /* SME traps. RES1 without SME */
#define CPTR_TTA  BIT(20) /* trace unit */
#define CPTR_TAM  BIT(30) /* activity monitors count for the whole CPU: a side channel */
/* TCPAC is not set: CPACR_EL1 is switched. */
#define CPTR_BASE (CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA | CPTR_TAM)

/* MDCR_EL2. HPMN is added by control_mdcr(): all counters, which is what reset means; 0 has no defined meaning. */
#define MDCR_TPMCR BIT(5) /* PMU: not switched, a side channel */
#define MDCR_TPM   BIT(6)
/* TDE is not set: a guest's BRK is its own. For processes TGE says the same. */
#define MDCR_TDA   BIT(9)  /* breakpoints and watchpoints compare in every world: trapped until switched */
#define MDCR_TDOSA BIT(10) /* OS lock: answered, so that DBGPRCR_EL1 and OSDLR_EL1 stay out of reach */
#define MDCR_TDRA  BIT(11) /* debug ROM addresses are physical */
#define MDCR_TPMS  BIT(14) /* statistical profiling */
#define MDCR_HPMD  BIT(17) /* events do not count at EL2 */
#define MDCR_TTRF  BIT(19) /* trace filter */
#define MDCR_TDCC  BIT(27) /* debug communication channel */
/* E2PB and E2TB 0: profiling and trace buffers are EL2's, who has none. */
#define MDCR_BASE \
	(MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_HPMD | MDCR_TTRF | MDCR_TDCC)

/*
 * CNTHCTL_EL2: EL1PCTEN 0: the physical counter traps and is answered, since it would show the time that a guest did
 * not run; EL1PCEN 0: the physical timer traps. The virtual ones are free. No event stream (EVNTEN 0).
 */
#define CNTHCTL_VALUE 0

/*
 * HSTR_EL2: AArch32 code at EL0 may reach CP15 c7 (barriers) and c13 (thread registers, which are switched), nothing
 * else. Bits 4 and 14 are RES0: c4 has no register, c14 is CNTHCTL_EL2's.
 */
#define HSTR_VALUE 0x9f6f

/* VTCR_EL2: SPACE_BITS of IPA in 3 levels from one level-1 table, 4 KiB granule, walks inner shareable write-back. */
#define VTCR_T0SZ  (64 - SPACE_BITS)
#define VTCR_BASE  (BIT(31) /* RES1 */ | 3 << 12 /* SH0 */ | 1 << 10 | 1 << 8 | 1 << 6 /* SL0 */ | VTCR_T0SZ)
#define VTCR_PS(p) ((p) << 16) /* PARange, at most 5: 48 bits. VMIDs have 8 bits (VS 0), no hardware update of AF */

/* SCTLR_EL2. */
#define SCTLR_RES1 0x30c50830 /* with EOS and EIS: exceptions synchronise */
#define SCTLR_M    BIT(0)
#define SCTLR_C    BIT(2)
#define SCTLR_SA   BIT(3)
#define SCTLR_I    BIT(12)
#define SCTLR_IESB BIT(21) /* RES0 without RAS: an error shows before the exception that comes after it */
#define SCTLR_WXN  BIT(19) /* writable is never executable */
/* A 0: message copies use unaligned loads. EE 0. DSSBS 0: no speculative store bypass at EL2. EnIA... 0. */
#define SCTLR_EL2_VALUE (SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_IESB | SCTLR_WXN)

#define MAIR_DEVICE    0ull /* index: Device-nGnRE */
#define MAIR_NORMAL    1ull /* normal, write-back, both allocate */
#define MAIR_EL2_VALUE 0xff04ull

/* TCR_EL2, E2H = 0: RES1, 48 bits, walks inner shareable write-back, 4 KiB. */
#define TCR_BASE (BIT(31) | BIT(23) | 3ull << 12 | 1ull << 10 | 1ull << 8 | 16)

#define HAS_RAS (sysreg_field(id_aa64pfr0_el1, 28) != 0) /* the registers of errors that are deferred */

bool control_has_pmu(void); /* this CPU counts events */
uint64_t control_tcr(void);
uint64_t control_vtcr(void);
uint64_t control_mdcr(void);
