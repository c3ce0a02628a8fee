/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start, between the files of this folder. Code marked "MMU off" runs at its physical address on device-like
 * memory: it must not follow a pointer that the linker stored, nor use exclusives, nor access memory unaligned.
 */
#pragma once

#include "board.h"
#include "cpu.h"
#include "image.h"

#define BOOT_FIXED __attribute__((section(".bss..boot"))) /* written with the MMU off, then read only */
#define BOOT_PAGES __attribute__((section(".bss..boot_pages"), aligned(4096))) /* the same, for tables */

extern char __image_start[], __boot_text_end[], __boot_end[], __text_end[], __rodata_end[], __zero_start[],
    __boot_bss_end[], __image_end[];
extern char cpu_stacks[CPU_MAX][STACK_AREA];
extern char secondary_entry[], vectors[], vectors_mitigated[];

/* What head.S loads to turn the MMU on. It knows the offsets. */
struct mmu_registers {
	uint64_t mair, tcr, ttbr, sctlr;
};
extern struct mmu_registers mmu_boot;
extern uint64_t mmu_start_ttbr, mmu_kernel_ttbr; /* TTBR0_EL2: with the code of the start, and without */

/* MMU off. */
void boot_early(const void *dtb);
void board_parse(const void *dtb);
void console_early(void); /* the console's transmitter is on */
void smmu_close(void);
void tables_build(void);
const char *control_refusal(void); /* why this CPU cannot be used, or NULL */
_Noreturn void boot_refuse(const char *why);

/* MMU on or off. */
void cache_clean(const void *va, size_t bytes); /* any bytes, so that who runs with caches off sees them */

/* MMU on. */
_Noreturn void boot_main(void);
_Noreturn void boot_secondary(unsigned cpu);
void mmu_use_tables(uint64_t ttbr); /* mmu_start_ttbr or mmu_kernel_ttbr, from here on */
extern const char *control_opening; /* register that control_init() is just opening, or NULL */
void control_init(void);
void errata_init(void);
void clock_init(void);
void cpu_note_features(void);
bool firmware_needs_mitigation(void); /* each entry of this CPU into the kernel must call firmware */
