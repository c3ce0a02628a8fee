/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel learnt from firmware's device tree at start. Filled in once by the boot CPU, then only read. */
#pragma once

#include "arch.h"
#include "bulkhead.h"
#include "types.h"

#define BOARD_RESERVED_MAX 32

struct board {
	struct range ram[BOOT_RAM_MAX]; /* whole pages, ascending, not overlapping */
	unsigned ram_count;
	struct range reserved[BOARD_RESERVED_MAX]; /* of firmware: memreserve, /reserved-memory (all of them) */
	unsigned reserved_count;
	uint64_t image_readonly; /* bytes at its begin that never change */
	struct range image;      /* kernel: text to end of bss and stacks */
	struct range unused;     /* in there: whole pages that this board does not need, RAM like any other */
	struct range dtb;        /* the device tree blob */
	struct range initrd;     /* boot archive; bytes 0: none */
	unsigned cpu_count;
	struct range devices[ARCH_BOARD_DEVICES]; /* the kernel's own, granted to nobody; bytes 0: there is no such */
	struct range console;                     /* the UART that the kernel prints on; bytes 0: none */
	struct arch_board arch;
	uint8_t seed[16]; /* all zero: the tree has none */
};

extern struct board board;
