/* SPDX-License-Identifier: Apache-2.0 */
/* One instruction, or two, with given registers, at EL1 or EL0. */
#include "memory.h"

#define BRK           0xd42a5a00u
#define EC_BRK        0x3cu
#define EL1H_MASKED   0x3c5
#define PAGE_WORDS    1024
#define EC(esr)       ((esr) >> 26 & 0x3f)
#define FIRST_IN_PAGE 64 /* so that a branch to the caller of a bad address would be seen */

uint32_t code[PAGE_WORDS] __attribute__((aligned(65536)));
uint64_t code_address = (uint64_t)code;
static struct run *current;

void vectors_load(const uint64_t v[4][2]);
void vectors_store(uint64_t v[4][2]);

void guest_fault(struct frame *frame, unsigned int vector)
{
	struct run *r = current;

	if (!r || (vector & 3) != 0) {
		line_begin();
		put("memory: FAILED, exception outside of a step, vector ");
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
	for (unsigned int i = 0; i < 31; i++)
		r->step.x[i] = frame->x[i];
	r->step.sp = frame->sp_el0;
	r->esr = EC(frame->esr) == EC_BRK ? 0 : frame->esr;
	r->far = r->esr ? frame->far : 0;
	current = NULL;
	frame->elr = (uint64_t)step_landing;
	frame->spsr = EL1H_MASKED;
}

void run_prepare(struct run *r, uint64_t pstate, uint64_t address)
{
	for (uint64_t i = 0; i < 31; i++)
		r->step.x[i] = 0x1122334455667700ull * (i + 1) + i;
	r->step.x[1] = address;
	r->step.x[6] = 16;
	r->step.sp = 0x7777777777777770ull;
	r->step.pstate = pstate;
	for (uint64_t i = 0; i < 8; i++)
		r->v[i / 2][i % 2] = 0x0123456789abcdefull * (i + 1);
	r->esr = r->far = 0;
}

void run_code(struct run *r)
{
	for (uint64_t p = (uint64_t)&code[FIRST_IN_PAGE]; p < (uint64_t)&code[FIRST_IN_PAGE + 4]; p += 4)
		__asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(p) : "memory");
	r->step.pc = code_address + 4ull * FIRST_IN_PAGE;
	current = r;
	vectors_load((const uint64_t(*)[2])r->v);
	step_enter(&r->step);
	vectors_store(r->v);
}

void run_two(struct run *r, uint32_t first, uint32_t second)
{
	code[FIRST_IN_PAGE] = first;
	code[FIRST_IN_PAGE + 1] = second;
	code[FIRST_IN_PAGE + 2] = BRK;
	run_code(r);
}

void run(struct run *r, uint32_t insn)
{
	run_two(r, insn, BRK);
}

static uint64_t first_difference(const struct run *a, const struct run *b)
{
	for (uint64_t i = 0; i < 31; i++) {
		if (a->step.x[i] != b->step.x[i])
			return i;
	}
	for (uint64_t i = 0; i < 8; i++) {
		if (a->v[i / 2][i % 2] != b->v[i / 2][i % 2])
			return 100 + i;
	}
	return a->step.sp == b->step.sp ? ~0ull : 31;
}

void check_abort(const char *what, const struct run *r, const struct run *before, uint64_t ec, uint64_t iss,
		 uint64_t far)
{
	uint64_t el1 = before->step.pstate & 4 ? 1 : 0;
	uint32_t word = code[FIRST_IN_PAGE];

	check(what, word, r->esr, (ec + el1) << 26 | 1ull << 25 | iss);
	check("far of it", word, r->far, far);
	check("register changed by it", word, first_difference(r, before), ~0ull);
}
