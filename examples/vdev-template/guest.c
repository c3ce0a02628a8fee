/* SPDX-License-Identifier: Apache-2.0 */
/* A guest without an operating system that looks at the counter three times, and switches itself off. */
#include <stdint.h>

#define UART    ((volatile uint32_t *)0x1c090000) /* as system/counter.qvmconf has them */
#define COUNTER ((volatile uint32_t *)0x1c0a0000)

#define PSCI_SYSTEM_OFF 0x84000008u

void guest(void);

__asm__(".section .text.start, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	adr	x0, stack_top\n"
	"	mov	sp, x0\n"
	"	bl	guest\n"
	"	ldr	w0, =0x84000008\n" /* PSCI SYSTEM_OFF */
	"	hvc	#0\n"
	"	b	.\n"
	"	.balign	16\n"
	"	.space	4096\n"
	"stack_top:\n");

static void put(const char *text)
{
	while (*text != '\0')
		UART[0] = (uint8_t)*text++;
}

void guest(void)
{
	char line[] = "counter: 0\r\n";

	for (uint32_t seen = 0; seen < 3;) {
		const uint32_t count = COUNTER[0];

		if (count == seen)
			continue;
		seen = count;
		line[9] = (char)('0' + count % 10);
		put(line);
		COUNTER[1] = 1;
	}
	put(COUNTER[1] == 0 ? "counter: interrupt taken back\r\n" : "counter: interrupt still raised\r\n");
}
