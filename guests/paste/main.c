/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what is typed at its console and says what came. Boot arguments:
 *
 *     bytes=N    after so many bytes it prints their number, and a sum in which the order counts; again and again
 *     pause=N    milliseconds without reading after each KiB, or with each=N after so many bytes
 *     deaf=N     seconds without reading at the beginning
 *     ask=1      first asks the terminal what it answers to: its attributes, the cursor's place, colours
 */
#include "guest.h"

#define UART_DR 0x00
#define UART_FR 0x18
#define FR_RXFE (1u << 4)

static void rest_ms(uint64_t ms)
{
	uint64_t end = now() + ms * counter_hz() / 1000;

	while (now() < end)
		yield();
}

static uint8_t read_byte(void)
{
	while (read32(board.uart + UART_FR) & FR_RXFE)
		yield();
	return (uint8_t)read32(board.uart + UART_DR);
}

static void read_bytes(uint64_t bytes, uint64_t pause, uint64_t each)
{
	uint64_t sum = 0;

	for (uint64_t i = 1; i <= bytes; i++) {
		sum = (sum * 31 + read_byte()) % 1000003;
		if (pause && i % each == 0)
			rest_ms(pause);
	}
	line_begin();
	put("paste: ");
	put_number(bytes);
	put(" bytes, sum ");
	put_number(sum);
	line_end();
}

void guest_main(void)
{
	say("paste: ready");
	if (bootarg("ask", 0))
		say("\x1b[c\x1b[>c\x1b[6n\x1b[5n\x1b]11;?\x1b\\\x1bP$qm\x1b\\paste: asked");
	rest_ms(bootarg("deaf", 0) * 1000);
	for (;;)
		read_bytes(bootarg("bytes", 1), bootarg("pause", 0), bootarg("each", 1024));
}

void guest_secondary(unsigned int cpu)
{
	(void)cpu;
}

void guest_irq(struct frame *frame, uint32_t intid)
{
	(void)frame;
	(void)intid;
}
