/* SPDX-License-Identifier: Apache-2.0 */
/* A device that is there: priorities of the distributor are memory of bytes, with five bits each. */
#include "memory.h"

#define PRIORITIES (board.gicd + 0x420) /* of INTIDs 32 to 63 */
#define BYTES      32

static void preset(void)
{
	for (uint64_t i = 0; i < BYTES; i += 4)
		write32(PRIORITIES + i, (uint32_t)(0x18100800u + i * 0x08080808u));
}

/* As plain loads see it. */
static void snapshot(uint8_t bytes[BYTES])
{
	for (uint64_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(read32(PRIORITIES + (i & ~3ull)) >> 8 * (i & 3));
}

static uint8_t copy[2 * 4096] __attribute__((aligned(4096)));

/* Structures and pairs of elements of 1 and 4 bytes, beside the same on memory that has the same content. */
static const struct {
	uint32_t insn;
	const char *text;
} forms[] = {
    {0x4c407020, "ld1 {v0.16b}, [x1]"},
    {0x0cdfa020, "ld1 {v0.8b, v1.8b}, [x1], #16"},
    {0x4c40a820, "ld1 {v0.4s, v1.4s}, [x1]"},
    {0x4c408820, "ld2 {v0.4s, v1.4s}, [x1]"},
    {0x0c404020, "ld3 {v0.8b, v1.8b, v2.8b}, [x1]"},
    {0x0c400020, "ld4 {v0.8b, v1.8b, v2.8b, v3.8b}, [x1]"},
    {0x4d401c20, "ld1 {v0.b}[15], [x1]"},
    {0x4d60b020, "ld4 {v0.s, v1.s, v2.s, v3.s}[3], [x1]"},
    {0x4d40c820, "ld1r {v0.4s}, [x1]"},
    {0x29400c22, "ldp w2, w3, [x1]"},
    {0x69c10c22, "ldpsw x2, x3, [x1, #8]!"},
    {0x4c007020, "st1 {v0.16b}, [x1]"},
    {0x0c9f8020, "st2 {v0.8b, v1.8b}, [x1], #16"},
    {0x4c008820, "st2 {v0.4s, v1.4s}, [x1]"},
    {0x0c000020, "st4 {v0.8b, v1.8b, v2.8b, v3.8b}, [x1]"},
    {0x0d203820, "st4 {v0.b, v1.b, v2.b, v3.b}[6], [x1]"},
    {0x29000c22, "stp w2, w3, [x1]"},
    {0x2d810420, "stp s0, s1, [x1, #8]!"},
};

static void set_values(struct run *r)
{
	for (uint64_t i = 0; i < 8; i++)
		r->v[i / 2][i % 2] = 0x0810182028303840ull ^ i * 0x0808080808080808ull;
	r->step.x[2] = 0x0818283848586878ull;
	r->step.x[3] = 0x1020304050607080ull;
}

static void one_form(uint32_t insn)
{
	struct run found, right;
	uint8_t bytes[BYTES];
	uint64_t differs = 0;

	preset();
	snapshot(copy + 256);
	run_prepare(&found, PSTATE_EL1, PRIORITIES);
	set_values(&found);
	run(&found, insn);
	run_prepare(&right, PSTATE_EL1, (uint64_t)copy + 256);
	set_values(&right);
	run(&right, insn);
	check("exception", insn, found.esr, 0);
	check("write-back", insn, found.step.x[1] - PRIORITIES, right.step.x[1] - (uint64_t)copy - 256);
	check("x2", insn, found.step.x[2], right.step.x[2]);
	check("x3", insn, found.step.x[3], right.step.x[3]);
	for (uint64_t i = 0; i < 8; i++)
		check("vector", insn, found.v[i / 2][i % 2], right.v[i / 2][i % 2]);
	snapshot(bytes);
	for (uint64_t i = 0; i < BYTES; i++)
		differs += bytes[i] != copy[256 + i];
	check("bytes that differ", insn, differs, 0);
}

static void refused(const struct word *w, uint64_t iss, uint64_t pstate)
{
	struct run r, before;

	run_prepare(&r, pstate, PRIORITIES + 16);
	before = r;
	run(&r, w->insn);
	counts();
	check_abort("abort", &r, &before, EC_DATA, iss, PRIORITIES + 16);
}

void test_devices(void)
{
	bool lse = READ_REG("id_aa64isar0_el1") >> 20 & 15;
	struct map m;

	begin("devices");
	map_reset();
	m = map_identity(12, false);
	map_on(&m, NULL, TCR_IPS(2));
	for (unsigned int i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		one_form(forms[i].insn);
	for (unsigned int el0 = 0; el0 < 2; el0++) {
		uint64_t pstate = el0 ? PSTATE_EL0 : PSTATE_EL1;

		for (const struct word *w = atomic_words; w < atomic_words_end; w++)
			refused(w, w->flags & WORD_ZERO ? 0x21 | ISS_WNR : 0x35, pstate);
		for (const struct word *w = lse_words; lse && w < lse_words_end; w++)
			refused(w, 0x35, pstate);
	}
	map_off();
}
