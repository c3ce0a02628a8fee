/* SPDX-License-Identifier: Apache-2.0 */
/* The vector registers are each CPU's own, whatever it or another does in between. */
#include "conform.h"

#define ALL 0xffffffffull
#define OWN 0x1111000000000000ull
#define OUR 0x2222000000000000ull

extern void fpu_fill(uint64_t base);
extern uint64_t fpu_same(uint64_t base);

static uint64_t fill_other(uint64_t base, uint64_t unused)
{
	(void)unused;
	fpu_fill(base);
	return 0;
}

static uint64_t same_other(uint64_t base, uint64_t unused)
{
	(void)unused;
	return fpu_same(base);
}

static void after_access(void)
{
	(void)read32(board.gicd + 0x104);
}

static void after_call(void)
{
	hvc(0x84000000, 0, 0, 0);
}

static void after_wfi(void)
{
	gic_set(0, BANK_ISENABLER, INTID_VTIMER);
	timer_set(now() + counter_hz() / 1000);
	while (!(READ_REG("isr_el1") & 0x80))
		__asm__ volatile("dsb sy; wfi" ::: "memory");
	timer_off();
	gic_set(0, BANK_ICENABLER, INTID_VTIMER);
}

static void after_time(void)
{
	pause_us(5000);
}

static void after_output(void)
{
	put("");
	write32(board.uart + 0x38, 0);
	(void)read32(board.uart + 0x18);
}

static void after_undefined(void)
{
	__asm__ volatile("mrs x9, sctlr_el2" ::: "x9");
	fault_clear();
}

static void after_sgi(void)
{
	gic_send_sgi(1, 0);
}

static void after_hole(void)
{
	(void)read_sized(map_normal(0x0b000000), 8);
	fault_clear();
}

static const struct event {
	const char *name;
	void (*happen)(void);
} events[] = {{"access", after_access}, {"call", after_call}, {"wfi", after_wfi},   {"time", after_time},
	      {"output", after_output}, {"sgi", after_sgi},   {"hole", after_hole}, {"undefined", after_undefined}};

static uint64_t status_other(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	WRITE_REG("fpcr", 0);
	WRITE_REG("fpsr", 0);
	return 0;
}

void check_fpu(void)
{
	if (CHECK("fpu", "own_kept")) {
		fpu_fill(OWN);
		other(fill_other, OUR, 0);
		found_right(fpu_same(OWN), ALL);
	}
	if (CHECK("fpu", "other_kept")) {
		other(fill_other, OUR, 0);
		fpu_fill(OWN);
		found_right(other(same_other, OUR, 0), ALL);
	}
	for (const struct event *e = events; e < events + sizeof(events) / sizeof(events[0]); e++) {
		if (!CHECK("fpu", "after", e->name))
			continue;
		fpu_fill(OWN);
		e->happen();
		found_right(fpu_same(OWN), ALL);
	}
	if (CHECK("fpu", "control_kept")) {
		WRITE_REG("fpcr", 0x00c00000);
		WRITE_REG("fpsr", 0x0800001f);
		other(status_other, 0, 0);
		after_access();
		after_call();
		found_right(READ_REG("fpcr") << 32 | READ_REG("fpsr"), 0x00c000000800001f);
		WRITE_REG("fpcr", 0);
	}
	if (CHECK("fpu", "closed")) {
		WRITE_REG("cpacr_el1", 0);
		isb();
		__asm__ volatile(".inst 0x9e670000" ::: "memory"); /* FMOV D0, X0 */
		WRITE_REG("cpacr_el1", 3 << 20);
		isb();
		found_fault(0, 0x1fe00000);
	}
}
