/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are: in the guest map of Bulkhead, or on QEMU's machine `virt` without a hypervisor, for which a guest
 * is built with -DBOARD_VIRT -Wl,--defsym=LOAD_ADDRESS=0x40200000. Used by C and by assembler.
 */
#pragma once

#ifdef BOARD_VIRT
#define BOARD_RAM  0x40000000
#define BOARD_UART 0x09000000
#define BOARD_GICD 0x08000000
#define BOARD_GICR 0x080a0000
/* QEMU enters an ELF kernel with x0 = 0 and leaves the device tree at the start of RAM. */
#define BOARD_FDT 0x40000000
#else
#define BOARD_RAM  0x80000000
#define BOARD_UART 0x1c090000
#define BOARD_GICD 0x2f000000
#define BOARD_GICR 0x2f100000
#define BOARD_FDT  0
#endif

#define GICR_STRIDE    0x20000
#define GICR_SGI_FRAME 0x10000
#define CPU_LIMIT      8
#define STACK_BYTES    8192

/* struct frame in bytes, and where the parts that start.S writes by name are. */
#define FRAME_BYTES   304
#define FRAME_SP_EL0  248
#define FRAME_ELR     256
#define FRAME_SPSR    264
#define FRAME_ESR     272
#define FRAME_FAR     280
#define FRAME_COUNTER 288
