/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and offsets that C and assembler share. */
#pragma once

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
