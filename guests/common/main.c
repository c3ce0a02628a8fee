/* SPDX-License-Identifier: Apache-2.0 */
/* From the assembler entry to the guest's own code, boot arguments, and the first level of exceptions. */
#include "guest.h"

#define BOOTARGS_BYTES 256

char bootargs[BOOTARGS_BYTES];
struct board board;

void guest_start(const void *fdt, uint64_t entry_virtual, uint64_t entry_physical)
{
	fdt_bootargs(fdt, bootargs, sizeof(bootargs));
	board = (struct board){
	    .uart = fdt_reg(fdt, "arm,pl011", 0),
	    .gicd = fdt_reg(fdt, "arm,gic-v3", 0),
	    .gicr = fdt_reg(fdt, "arm,gic-v3", 1),
	    .entry_virtual = entry_virtual,
	    .entry_physical = entry_physical,
	};
	if (!board.uart) {
		board.uart = fdt_reg(fdt, "arm,sbsa-uart", 0);
		board.sbsa_uart = true;
	}
	if (!board.gicd || !board.gicr)
		system_off();
	uart_init();
	guest_gic_init(0);
	guest_main();
	system_off();
}

void secondary_start(unsigned int cpu)
{
	guest_gic_init(cpu);
	guest_secondary(cpu);
	irq_disable();
	hvc(PSCI_CPU_OFF, 0, 0, 0);
}

unsigned int cpu_index(void)
{
	return READ_REG("mpidr_el1") & (CPU_LIMIT - 1);
}

/* Vectors come in fours: synchronous, IRQ, FIQ, SError. */
void exception(struct frame *frame, unsigned int vector)
{
	if ((vector & 3) != 1) {
		guest_fault(frame, vector);
		return;
	}
	uint32_t intid = READ_REG("icc_iar1_el1") & 0xffffff;

	if (intid >= INTID_SPURIOUS)
		return;
	guest_irq(frame, intid);
	WRITE_REG("icc_eoir1_el1", intid);
	__asm__ volatile("isb");
}

__attribute__((weak)) void guest_fault(struct frame *frame, unsigned int vector)
{
	line_begin();
	put("guest: exception, vector ");
	put_number(vector);
	put(" esr ");
	put_hex(frame->esr);
	put(" elr ");
	put_hex(frame->elr);
	put(" far ");
	put_hex(frame->far);
	line_end();
	system_off();
}

__attribute__((weak)) void guest_gic_init(unsigned int cpu)
{
	if (cpu == 0)
		gic_init_distributor();
	gic_init_redistributor(cpu);
	gic_init_cpu();
}

__attribute__((weak)) void guest_irq(struct frame *frame, uint32_t intid)
{
	(void)frame;
	gic_disable(intid);
}

__attribute__((weak)) void guest_secondary(unsigned int cpu)
{
	(void)cpu;
}

static uint64_t parse_number(const char *text)
{
	uint64_t value = 0, base = 10;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	for (;; text++) {
		uint64_t digit = *text >= '0' && *text <= '9'   ? (uint64_t)(*text - '0')
				 : *text >= 'a' && *text <= 'f' ? (uint64_t)(*text - 'a' + 10)
								: 16;

		if (digit >= base)
			return value;
		value = value * base + digit;
	}
}

uint64_t bootarg(const char *name, uint64_t otherwise)
{
	for (const char *p = bootargs; *p;) {
		const char *q = name;

		while (*q && *p == *q) {
			p++;
			q++;
		}
		if (*q == 0 && *p == '=')
			return parse_number(p + 1);
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return otherwise;
}

/* GCC may call these even in a freestanding program. */
void *memset(void *to, int value, size_t bytes);
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memset(void *to, int value, size_t bytes)
{
	uint8_t *p = to;

	while (bytes--)
		*p++ = (uint8_t)value;
	return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memcpy(void *restrict to, const void *restrict from,
									   size_t bytes)
{
	uint8_t *p = to;
	const uint8_t *q = from;

	while (bytes--)
		*p++ = *q++;
	return to;
}
