/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel learnt from firmware's device tree at start. Filled in once by the boot CPU, then only read. */
#pragma once

#include "bulkhead.h"
#include "types.h"

struct range {
	paddr_t start;
	uint64_t bytes;
};

#define BOARD_RAM_MAX      16
#define BOARD_RESERVED_MAX 32

struct board {
	struct range ram[BOARD_RAM_MAX]; /* whole pages, ascending, not overlapping */
	unsigned ram_count;
	struct range reserved[BOARD_RESERVED_MAX]; /* of firmware: memreserve, /reserved-memory (all of them) */
	unsigned reserved_count;
	uint64_t image_readonly; /* bytes at its begin that never change */
	struct range image;      /* kernel: text to end of bss and stacks */
	struct range dtb;        /* the device tree blob */
	struct range initrd;     /* boot archive; bytes 0: none */
	unsigned cpu_count;
	uint64_t cpu_mpidr[CPU_MAX]; /* affinity fields only; [0] is the boot CPU */
	struct range gicd, gicr[4];
	unsigned gicr_count;
	struct range uart;                                       /* PL011 of stdout-path; bytes 0: none */
	struct range smmu;                                       /* SMMUv3; bytes 0: none */
	enum { CONDUIT_NONE, CONDUIT_SMC, CONDUIT_HVC } conduit; /* how firmware is called; NONE: not known yet */
	uint8_t seed[16];                                        /* all zero: the tree has none */
};

extern struct board board;
