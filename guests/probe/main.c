/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at what the configuration says, and tells. Boot arguments, each an address but the last two:
 * peek=A reads a word there, poke=A writes one there and reads it again, exclusive=A reads one with an instruction that
 * nothing emulates; register=1 reads a system register that no guest has; idle=1 waits for interrupts for ever.
 */
#include "guest.h"

#define WORD 0x12345678u

static volatile uint32_t exception_class; /* of the last exception; 0: there was none */

void guest_irq(struct frame *frame, uint32_t intid)
{
	(void)frame;
	gic_disable(intid);
}

/* What cannot be done is passed over, and told. */
void guest_fault(struct frame *frame, unsigned int vector)
{
	(void)vector;
	exception_class = (uint32_t)(frame->esr >> 26 & 0x3f);
	frame->elr += 4;
}

static void tell(const char *what, uint64_t value)
{
	line_begin();
	put("probe: ");
	put(what);
	put(" ");
	put_hex(value);
	put(" exception ");
	put_hex(exception_class);
	line_end();
	exception_class = 0;
}

/* The register has the same value before, so that one which is not written can be told. */
static uint64_t read_exclusive(uint64_t address)
{
	uint64_t value = WORD;

	__asm__ volatile("ldxr %w0, [%1]; clrex" : "+r"(value) : "r"(address) : "memory");
	return value;
}

static uint64_t read_register(void)
{
	uint64_t value = WORD;

	__asm__ volatile("mrs %0, pmcr_el0" : "+r"(value));
	return value;
}

void guest_main(void)
{
	uint64_t peek = bootarg("peek", 0), poke = bootarg("poke", 0), exclusive = bootarg("exclusive", 0);

	tell("counter", board.entry_virtual);
	tell("physical", board.entry_physical);
	tell("frequency", counter_hz());
	if (peek)
		tell("peek", read32(peek));
	if (poke) {
		write32(poke, WORD);
		tell("write", 0);
		tell("poke", read32(poke));
	}
	if (exclusive)
		tell("exclusive", read_exclusive(exclusive));
	if (bootarg("register", 0))
		tell("register", read_register());
	say("probe: done");
	while (bootarg("idle", 0))
		__asm__ volatile("dsb sy; wfi" ::: "memory");
}
