/* SPDX-License-Identifier: Apache-2.0 */
/* The transmitter of a PL011 (Arm DDI 0183) that firmware has set up, for kernel/console.c. */
#include "arch.h"
#include "boot.h"
#include "sysreg.h"

#define UART_DR 0x000
#define UART_FR 0x018
#define UART_CR 0x030
#define FR_TXFF BIT(5)
#define CR_ON   0x301u /* UARTEN, TXE, RXE */

void console_early(void)
{
	if ((mmio_read32(board.console.start + UART_CR) & 1) == 0)
		mmio_write32(board.console.start + UART_CR, CR_ON);
}

bool arch_console_full(void)
{
	return mmio_read32(board.console.start + UART_FR) & FR_TXFF;
}

void arch_console_put(char c)
{
	mmio_write32(board.console.start + UART_DR, (uint8_t)c);
}
