/* SPDX-License-Identifier: Apache-2.0 */
/* What the device tree says of the board: boot/board.c writes it at the start, everybody reads it. */
#include "board.h"
#include "boot.h"

BOOT_FIXED struct board board;
