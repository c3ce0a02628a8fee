/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does TLB maintenance reach whom it must, and nobody else? The first virtual CPU lets a page mean other memory, again
 * and again, with each form of TLBI, and counts how often itself, and the second one, which does not leave the guest
 * meanwhile, still see what was there before. The same for code and forms of IC. Boot arguments: turns=N of each form;
 * local=1: both do so with a page and a local TLBI of their own; storm=N: broadcast TLBI without end, of which it says
 * how many there were in the first N ms.
 */
#include "guest.h"

#define WINDOW     0x40000000ull /* a page for each virtual CPU */
#define PAGE       4096ull
#define DEVICE     (1ull << 2) /* MAIR_EL1 index */
#define BLOCK      0x701ull    /* AF, inner shareable, valid */
#define TABLE      3ull
#define LEAF       0x703ull
#define TCR        (25ull | 0x3500 | 1ull << 23) /* 39 bits, 4 KiB, write-back and inner shareable walks, no TTBR1 */
#define SCTLR_ON   0x30d01805ull
#define MOV_X0(n)  (0xd2800000u | (uint32_t)(n) << 5)
#define RET        0xd65f03c0u
#define RANGE_4K   (1ull << 46)
#define TLB_FIELD  (READ_REG("id_aa64isar0_el1") >> 56 & 15)
#define SYNC(text) __asm__ volatile(text "; isb" ::: "memory")

static uint64_t level1[512] __attribute__((aligned(4096))), level2[512] __attribute__((aligned(4096))),
    level3[512] __attribute__((aligned(4096)));
static volatile uint64_t memory[CPU_LIMIT][2][PAGE / 8] __attribute__((aligned(4096)));

enum form {
	NOTHING,
	VAE1,
	VMALLE1,
	VAE1IS,
	VALE1IS,
	VAAE1IS,
	ASIDE1IS,
	VMALLE1IS,
	VAE1OS,
	RVAE1IS,
	IALLU,
	IVAU,
	IALLUIS,
	FORMS
};

static const char *const names[FORMS] = {"nothing",   "vae1",   "vmalle1", "vae1is", "vale1is", "vaae1is", "aside1is",
					 "vmalle1is", "vae1os", "rvae1is", "iallu",  "ivau",    "ialluis"};

static volatile uint64_t question, answer, place;
static volatile bool ready[CPU_LIMIT];

static void mmu_on(void)
{
	WRITE_REG("mair_el1", 0x04ff);
	WRITE_REG("tcr_el1", TCR);
	WRITE_REG("ttbr0_el1", (uint64_t)level1);
	SYNC("dsb sy; isb; tlbi vmalle1; dsb sy");
	WRITE_REG("sctlr_el1", SCTLR_ON);
	SYNC("");
}

static void tables(void)
{
	level1[0] = BLOCK | DEVICE;
	level1[1] = (uint64_t)level2 | TABLE;
	level1[2] = 0x80000000ull | BLOCK;
	level2[0] = (uint64_t)level3 | TABLE;
	for (unsigned int cpu = 0; cpu < CPU_LIMIT; cpu++)
		for (unsigned int i = 0; i < 2; i++)
			memory[cpu][i][0] = i;
}

#define OPERATION(text, operand) __asm__ volatile(text "; dsb sy; isb" ::"r"(operand) : "memory")

static void maintain(enum form form, uint64_t va)
{
	switch (form) {
	case VAE1: OPERATION("tlbi vae1, %0", va >> 12); break;
	case VMALLE1: OPERATION("tlbi vmalle1", 0); break;
	case VAE1IS: OPERATION("tlbi vae1is, %0", va >> 12); break;
	case VALE1IS: OPERATION("tlbi vale1is, %0", va >> 12); break;
	case VAAE1IS: OPERATION("tlbi vaae1is, %0", va >> 12); break;
	case ASIDE1IS: OPERATION("tlbi aside1is, %0", 0); break;
	case VMALLE1IS: OPERATION("tlbi vmalle1is", 0); break;
	case VAE1OS: OPERATION("sys #0, c8, c1, #1, %0", va >> 12); break;
	case RVAE1IS: OPERATION("sys #0, c8, c2, #1, %0", va >> 12 | RANGE_4K); break;
	case IALLU: OPERATION("ic iallu", 0); break;
	case IVAU: OPERATION("ic ivau, %0", va); break;
	case IALLUIS: OPERATION("ic ialluis", 0); break;
	default: OPERATION("nop", 0); break;
	}
}

/* A break, the maintenance, and a make: from now on the window of that virtual CPU is that memory. */
static void show(unsigned int cpu, unsigned int i, enum form form)
{
	volatile uint64_t *leaf = &level3[cpu];

	*leaf = 0;
	SYNC("dsb ish");
	maintain(form, WINDOW + cpu * PAGE);
	*leaf = (uint64_t)memory[cpu][i] | LEAF;
	SYNC("dsb ish");
}

static uint64_t look(uint64_t at)
{
	return *(volatile uint64_t *)at;
}

static uint64_t run(uint64_t at)
{
	SYNC("");
	return ((uint64_t(*)(void))at)();
}

static uint64_t ask(uint64_t at)
{
	place = at;
	SYNC("dsb ish");
	question++;
	while (answer >> 32 != question)
		yield();
	return (uint32_t)answer;
}

/* The second virtual CPU answers without an exit. */
static void answer_always(void)
{
	uint64_t done = 0;

	for (;;) {
		while (question == done)
			yield();
		done = question;
		SYNC("dsb ish");
		answer = done << 32 | (uint32_t)(place < WINDOW + CPU_LIMIT * PAGE ? look(place) : run(place));
	}
}

static void report(enum form form, uint64_t turns, uint64_t own, uint64_t others)
{
	line_begin();
	put("tlb: ");
	put(names[form]);
	put(" turns ");
	put_number(turns);
	put(" stale ");
	put_number(own);
	put(" other ");
	put_number(others);
	line_end();
}

static void check(enum form form, uint64_t turns)
{
	uint64_t own = 0, others = 0;

	show(0, 1, VMALLE1IS);
	own += look(WINDOW) != 1;
	others += ask(WINDOW) != 1;
	for (uint64_t i = 0; i < turns; i++) {
		show(0, i & 1, form);
		own += look(WINDOW) != (i & 1);
		others += ask(WINDOW) != (i & 1);
	}
	report(form, turns, own, others);
}

static void check_code(enum form form, uint64_t turns)
{
	static volatile uint32_t words[16] __attribute__((aligned(64)));
	uint64_t own = 0, others = 0, at = (uint64_t)words;

	words[1] = RET;
	for (uint64_t i = 0; i < turns; i++) {
		words[0] = MOV_X0(i & 0xffff);
		__asm__ volatile("dc cvau, %0; dsb ish" ::"r"(at) : "memory");
		maintain(form, at);
		own += run(at) != (i & 0xffff);
		others += form != IALLU && ask(at) != (i & 0xffff);
	}
	report(form, turns, own, others);
}

static void storm(uint64_t ms)
{
	uint64_t count = 0, start = now(), end = start + ms * (counter_hz() / 1000);

	for (; now() < end; count++)
		maintain(VMALLE1IS, 0);
	line_begin();
	put("tlb: operations ");
	put_number(count);
	put(" ms ");
	put_number((now() - start) / (counter_hz() / 1000));
	line_end();
	for (;;)
		maintain(VMALLE1IS, 0);
}

static void local(unsigned int cpu, uint64_t turns)
{
	uint64_t stale = 0;

	for (uint64_t i = 0; i < turns; i++) {
		show(cpu, i & 1, VAE1);
		stale += look(WINDOW + cpu * PAGE) != (i & 1);
	}
	report(VAE1, turns, stale, cpu);
}

void guest_secondary(unsigned int cpu)
{
	mmu_on();
	ready[cpu] = true;
	if (bootarg("storm", 0))
		storm(bootarg("storm", 0));
	if (!bootarg("local", 0))
		answer_always();
	local(cpu, bootarg("turns", 100));
	for (;;)
		__asm__ volatile("wfi" ::: "memory");
}

void guest_main(void)
{
	uint64_t turns = bootarg("turns", 100), tlb = TLB_FIELD;

	tables();
	SYNC("dsb sy");
	if (cpu_on(1) != 0)
		say("tlb: no second virtual CPU");
	mmu_on();
	while (!ready[1])
		yield();
	if (bootarg("storm", 0))
		storm(bootarg("storm", 0));
	if (bootarg("local", 0)) {
		local(0, turns);
	} else {
		for (enum form form = NOTHING; form < IALLU; form++)
			if (form < VAE1OS || tlb >= (form == VAE1OS ? 1 : 2))
				check(form, turns);
		for (enum form form = IALLU; form < FORMS; form++)
			check_code(form, turns);
	}
	say("tlb: done");
	for (;;)
		__asm__ volatile("wfi" ::: "memory");
}
