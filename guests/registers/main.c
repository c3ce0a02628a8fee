/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes every encoding of a system register, and then holds a pattern of its own in all that keep one, while
 * another VM on the same CPU does the same. registers.def says what is expected of each.
 *
 * It first prints what the registers hold at the start, which must be the same in every VM, whatever another has in
 * them meanwhile. Then it writes its pattern and looks again and again whether it is still there, until a key is typed
 * on its console. While the pattern is in place nothing may raise an exception: VBAR_EL1 has one too. Boot argument
 * vm=N: which pattern.
 */
#include "guest.h"

#define ENCODINGS   0x8000u /* op0 2 and 3; op1, CRn, CRm, op2 */
#define MRS_X0      0xd5300000u
#define MSR_X0      0xd5100000u
#define RET         0xd65f03c0u
#define KEPT_MAX    512
#define HOLD_LIMIT  120 /* seconds, then it goes on without a key */
#define UART_FR     0x18
#define UART_RXFE   0x10u
#define LOOKS_A_SEC 50

enum disposition { TRAPPED, EL1, DEBUG, SWITCHED, ANSWERED, CONSTANT, LIVE };

static const struct row {
	const char *name;
	uint8_t op0, op1, crn, crm_from, crm_to, op2_from, op2_to, disposition;
	uint64_t mask;
} rows[] = {
#define R(name, op0, op1, crn, crm_from, crm_to, op2_from, op2_to, disposition, mask, why) \
	{#name, op0, op1, crn, crm_from, crm_to, op2_from, op2_to, disposition, mask},
#include "registers.def"
#undef R
};

/* A register that is compared, or has a pattern written to it. */
static struct kept {
	const struct row *row;
	uint32_t encoding;
	bool readable, writable;
	uint64_t first, held;
} kept[KEPT_MAX];

static uint32_t code[16] __attribute__((aligned(64)));
static unsigned int kept_count, wrong, tried;
static volatile bool trapped;
static uint64_t vm;

void guest_fault(struct frame *frame, unsigned int vector)
{
	(void)vector;
	trapped = true;
	frame->elr += 4;
}

/* ---- one register ---- */

static uint64_t (*prepare(uint32_t instruction, uint32_t encoding))(uint64_t)
{
	code[0] = instruction | encoding << 5;
	code[1] = RET;
	__asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(code) : "memory");
	trapped = false;
	return (uint64_t(*)(uint64_t))(uintptr_t)code;
}

/* X0 goes in and comes out, with an MSR unchanged. */
static bool read_register(uint32_t encoding, uint64_t *value)
{
	*value = prepare(MRS_X0, encoding)(0);
	return !trapped;
}

static bool write_register(uint32_t encoding, uint64_t value)
{
	prepare(MSR_X0, encoding)(value);
	__asm__ volatile("isb");
	return !trapped;
}

static const struct row *row_of(uint32_t encoding)
{
	uint32_t op0 = 2 + (encoding >> 14), op1 = encoding >> 11 & 7, crn = encoding >> 7 & 15;
	uint32_t crm = encoding >> 3 & 15, op2 = encoding & 7;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		if (r->op0 == op0 && r->op1 == op1 && r->crn == crn && crm >= r->crm_from && crm <= r->crm_to &&
		    op2 >= r->op2_from && op2 <= r->op2_to)
			return r;
	}
	return NULL;
}

static uint64_t pattern(uint32_t encoding)
{
	uint64_t x = (encoding + 1) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	return vm & 1 ? ~x : x;
}

/* ---- what it tells ---- */

static void name_register(const char *what, uint32_t encoding)
{
	const struct row *r = row_of(encoding);

	line_begin();
	put("registers: ");
	put(what);
	put(" ");
	put(r ? r->name : "unlisted");
	put(" S");
	put_number(2 + (encoding >> 14));
	put("_");
	put_number(encoding >> 11 & 7);
	put("_C");
	put_number(encoding >> 7 & 15);
	put("_C");
	put_number(encoding >> 3 & 15);
	put("_");
	put_number(encoding & 7);
}

static void complain(const char *what, uint32_t encoding, uint64_t value, uint64_t expected)
{
	wrong++;
	name_register("FAILED:", encoding);
	put(" ");
	put(what);
	put(", has ");
	put_hex(value);
	put(" expected ");
	put_hex(expected);
	line_end();
}

/* ---- the first look ---- */

static void try_trapped(uint32_t encoding, bool readable, uint64_t value)
{
	if (readable)
		complain("can be read", encoding, value, 0);
	if (write_register(encoding, pattern(encoding)))
		complain("can be written", encoding, 0, 0);
}

static void try(uint32_t encoding)
{
	const struct row *r = row_of(encoding);
	struct kept k = {.row = r, .encoding = encoding};

	tried++;
	k.readable = read_register(encoding, &k.first);
	if (!r || r->disposition == TRAPPED) {
		try_trapped(encoding, k.readable, k.first);
		return;
	}
	if (r->disposition == CONSTANT)
		write_register(encoding, pattern(encoding));
	else if (r->mask)
		k.writable = k.readable || write_register(encoding, r->mask);
	if (r->disposition != LIVE && (k.readable || k.writable) && kept_count < KEPT_MAX)
		kept[kept_count++] = k;
}

/* Anew, since the first use of one may have changed another: of debug registers, of those that exceptions write. */
static void tell_first(void)
{
	/* The last exception is the same in every VM. */
	__asm__ volatile("cmp xzr, xzr\n\t.inst 0" ::: "cc", "memory");
	for (unsigned int i = 0; i < kept_count; i++) {
		struct kept *k = &kept[i];
		uint64_t before = k->first;

		if (!k->readable)
			continue;
		read_register(k->encoding, &k->first);
		if (k->row->disposition == CONSTANT && k->first != before)
			complain("was written", k->encoding, k->first, before);
	}
	for (unsigned int i = 0; i < kept_count; i++) {
		if (!kept[i].readable)
			continue;
		name_register("first", kept[i].encoding);
		put(" = ");
		put_hex(kept[i].first);
		line_end();
	}
}

/* ---- the pattern ---- */

static void write_pattern(void)
{
	for (unsigned int i = 0; i < kept_count; i++) {
		struct kept *k = &kept[i];

		if (k->writable)
			write_register(k->encoding, (k->first & ~k->row->mask) | (pattern(k->encoding) & k->row->mask));
	}
	for (unsigned int i = 0; i < kept_count; i++) {
		if (kept[i].readable)
			read_register(kept[i].encoding, &kept[i].held);
	}
}

/* The first one that has changed, or KEPT_MAX. */
static unsigned int look(uint64_t *value)
{
	for (unsigned int i = 0; i < kept_count; i++) {
		if (!kept[i].readable)
			continue;
		read_register(kept[i].encoding, value);
		if (*value != kept[i].held)
			return i;
	}
	return KEPT_MAX;
}

static void write_first(void)
{
	for (unsigned int i = kept_count; i-- > 0;) {
		if (kept[i].writable)
			write_register(kept[i].encoding, kept[i].readable ? kept[i].first : kept[i].row->mask);
	}
}

static bool key_typed(void)
{
	return !(read32(board.uart + UART_FR) & UART_RXFE);
}

static unsigned int hold(uint64_t *value)
{
	uint64_t hz = counter_hz(), end = now() + HOLD_LIMIT * hz;
	unsigned int changed = KEPT_MAX;

	write_pattern();
	while (changed == KEPT_MAX && now() < end && !key_typed()) {
		for (uint64_t next = now() + hz / LOOKS_A_SEC; now() < next;)
			;
		changed = look(value);
	}
	write_first();
	return changed;
}

void guest_main(void)
{
	unsigned int changed, patterns = 0;
	uint64_t value = 0;

	vm = bootarg("vm", 0);
	for (uint32_t encoding = 0; encoding < ENCODINGS; encoding++)
		try(encoding);
	tell_first();
	for (unsigned int i = 0; i < kept_count; i++)
		patterns += kept[i].writable;
	line_begin();
	put("registers: holds ");
	put_number(patterns);
	put(" patterns, tried ");
	put_number(tried);
	line_end();
	changed = hold(&value);
	if (changed != KEPT_MAX)
		complain("has changed", kept[changed].encoding, value, kept[changed].held);
	say(wrong ? "registers: FAILED" : "registers: done");
}
