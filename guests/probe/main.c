/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at what the configuration says, and tells. Boot arguments, addresses first:
 * peek=A reads a word there, poke=A writes one there and reads it again, exclusive=A reads one with LDXR; register=1
 * reads a system register that no guest has, vector=1 executes an instruction of SVE, which no guest has (the CPU must
 * have it); keys=N tells the next N characters that come on its console; setway=1 goes twice through all caches by set
 * and way, and then once through the first; clear=A with bytes=N tells how many of the words there are not zero, fills
 * them, and resets; idle=1 waits for interrupts for ever.
 */
#include "guest.h"

#define WORD    0x12345678u
#define UART_FR 0x18 /* of a PL011 */
#define FR_RXFE (1u << 4)

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

/* How long the first operation took, and all others together, in ticks of the counter. */
struct set_way {
	uint64_t first, others, count;
};

static void clean_set_way(struct set_way *s, uint64_t operand)
{
	uint64_t start = now(), ticks;

	__asm__ volatile("dc cisw, %0; dsb sy" ::"r"(operand) : "memory");
	ticks = now() - start;
	if (!s->count++)
		s->first = ticks;
	else
		s->others += ticks;
}

/* As kernels and firmware do it (Arm ARM D7.5.9.5): level by level, all ways of all sets. */
static void sequence(const char *name, unsigned int levels)
{
	struct set_way s = {0};

	for (unsigned int level = 0; level < levels && (READ_REG("clidr_el1") >> 3 * level & 7) >= 2; level++) {
		uint64_t id, ways, sets, shift;

		WRITE_REG("csselr_el1", level << 1);
		__asm__ volatile("isb");
		id = READ_REG("ccsidr_el1");
		ways = id >> 3 & 0x3ff;
		sets = id >> 13 & 0x7fff;
		shift = ways ? (uint64_t)__builtin_clz((unsigned int)ways) : 0;
		for (uint64_t way = 0; way <= ways; way++) {
			for (uint64_t set = 0; set <= sets; set++)
				clean_set_way(&s, way << shift | set << ((id & 7) + 4) | level << 1);
		}
	}
	line_begin();
	put("probe: ");
	put(name);
	put(" operations ");
	put_number(s.count);
	put(" first ");
	put_number(s.first);
	put(" others ");
	put_number(s.others);
	line_end();
}

static void set_way(void)
{
	sequence("all", 7);
	sequence("again", 7);
	sequence("inner", 1);
	sequence("inner again", 1);
	sequence("at last", 7);
}

static void tell_keys(uint64_t count)
{
	say("probe: listens");
	while (count) {
		if (read32(board.uart + UART_FR) & FR_RXFE) {
			yield();
			continue;
		}
		tell("key", read32(board.uart));
		count--;
	}
}

#define CPACR_ZEN (3ull << 16)

static uint64_t vector_bytes(void)
{
	register uint64_t value __asm__("x0") = WORD;

	WRITE_REG("cpacr_el1", READ_REG("cpacr_el1") | CPACR_ZEN);
	__asm__ volatile("isb; .inst 0x04bf5020 // rdvl x0, #1" : "+r"(value));
	return value;
}

static void fill_and_reset(uint64_t address, uint64_t bytes)
{
	uint64_t dirty = 0;

	for (volatile uint64_t *word = (volatile uint64_t *)address; bytes > 0; word++, bytes -= sizeof(*word)) {
		dirty += *word != 0;
		*word = WORD;
	}
	tell("dirty", dirty);
	hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
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
	if (bootarg("setway", 0))
		set_way();
	if (bootarg("vector", 0))
		tell("vector", vector_bytes());
	if (bootarg("keys", 0))
		tell_keys(bootarg("keys", 0));
	if (bootarg("clear", 0))
		fill_and_reset(bootarg("clear", 0), bootarg("bytes", 0));
	say("probe: done");
	while (bootarg("idle", 0))
		__asm__ volatile("dsb sy; wfi" ::: "memory");
}
