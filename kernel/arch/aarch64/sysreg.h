/* SPDX-License-Identifier: Apache-2.0 */
/* System registers and device registers. */
#pragma once

#include "types.h"

#define SYSREG_TEXT_(name) #name
#define SYSREG_TEXT(name)  SYSREG_TEXT_(name)

#define SYSREG_READ_(qualifier, name)                                                  \
	({                                                                             \
		uint64_t sysreg_value_;                                                \
		__asm__ qualifier("mrs %0, " SYSREG_TEXT(name) : "=r"(sysreg_value_)); \
		sysreg_value_;                                                         \
	})
#define sysreg_read(name)     SYSREG_READ_(volatile, name)
#define sysreg_constant(name) SYSREG_READ_(, name) /* never changes on a CPU: may be read once, before a loop */
#define sysreg_write(name, value) \
	__asm__ volatile("msr " SYSREG_TEXT(name) ", %x0" : : "rZ"((uint64_t)(value)) : "memory")
#define sysreg_field(name, low) ((unsigned)(sysreg_read(name) >> (low)) & 0xf)

#define isb()       __asm__ volatile("isb" : : : "memory")
#define dsb(domain) __asm__ volatile("dsb " #domain : : : "memory")

/* Registers that an assembler for Armv8.0 does not know by name. Arm ARM D24. */
#define HCRX_EL2         S3_4_C1_C2_2
#define HFGRTR_EL2       S3_4_C1_C1_4
#define HFGWTR_EL2       S3_4_C1_C1_5
#define HFGITR_EL2       S3_4_C1_C1_6
#define HDFGRTR_EL2      S3_4_C3_C1_4
#define HDFGWTR_EL2      S3_4_C3_C1_5
#define HAFGRTR_EL2      S3_4_C3_C1_6
#define HFGRTR2_EL2      S3_4_C3_C1_2
#define HFGWTR2_EL2      S3_4_C3_C1_3
#define HDFGRTR2_EL2     S3_4_C3_C1_0
#define HDFGWTR2_EL2     S3_4_C3_C1_1
#define HFGITR2_EL2      S3_4_C3_C1_7
#define GCSCR_EL2        S3_4_C2_C5_0
#define SCTLR2_EL2       S3_4_C1_C0_3
#define TCR2_EL2         S3_4_C2_C0_3
#define SCXTNUM_EL2      S3_4_C13_C0_7
#define CNTHV_CTL_EL2    S3_4_C14_C3_1
#define CNTPOFF_EL2      S3_4_C14_C0_6
#define VSESR_EL2        S3_4_C5_C2_3
#define VDISR_EL2        S3_4_C12_C1_1
#define TRFCR_EL2        S3_4_C1_C2_1
#define PMSCR_EL2        S3_4_C9_C9_0
#define PMBLIMITR_EL1    S3_0_C9_C10_0
#define PMBIDR_EL1       S3_0_C9_C10_7
#define TRBLIMITR_EL1    S3_0_C9_C11_0
#define BRBCR_EL2        S2_4_C9_C0_0
#define MPAM0_EL1        S3_0_C10_C5_1
#define MPAM1_EL1        S3_0_C10_C5_0
#define MPAM2_EL2        S3_4_C10_C5_0
#define MPAMHCR_EL2      S3_4_C10_C4_0
#define MPAMIDR_EL1      S3_0_C10_C4_4
#define ID_AA64MMFR3_EL1 S3_0_C0_C7_3

static inline uint32_t mmio_read32(paddr_t at)
{
	uint32_t value;

	/* Plain loads and stores: with other forms an emulator or a stage 2 could not tell the register. */
	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return value;
}

static inline uint64_t mmio_read64(paddr_t at)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return value;
}

static inline void mmio_write32(paddr_t at, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}

static inline void mmio_write64(paddr_t at, uint64_t value)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}

bool cpu_wait_mmio(paddr_t at, uint32_t mask, uint32_t value); /* false: the masked bits never get there */
