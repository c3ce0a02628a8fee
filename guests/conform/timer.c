/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual and the physical timer (Arm ARM D11): output, interrupt, registers. Each row is run for both. */
#include "conform.h"

#define CTL_ENABLE  1u
#define CTL_IMASK   2u
#define CTL_ISTATUS 4u
#define FAR_AWAY    (~0ull)
#define MS(n)       (counter_hz() / 1000 * (n))
#define PERIODS     5

static const struct timer {
	const char *name;
	uint32_t intid;
	uint64_t (*count)(void);
	uint64_t (*cval)(void);
	void (*set_cval)(uint64_t value);
	uint64_t (*tval)(void);
	void (*set_tval)(uint64_t value);
	uint64_t (*ctl)(void);
	void (*set_ctl)(uint64_t value);
} timers[2];

#define READ(name, reg)               \
	static uint64_t name(void)    \
	{                             \
		isb();                \
		return READ_REG(reg); \
	}
#define WRITE(name, reg)                 \
	static void name(uint64_t value) \
	{                                \
		WRITE_REG(reg, value);   \
		isb();                   \
	}
READ(v_count, "cntvct_el0")
READ(v_cval, "cntv_cval_el0")
READ(v_tval, "cntv_tval_el0")
READ(v_ctl, "cntv_ctl_el0")
WRITE(v_set_cval, "cntv_cval_el0")
WRITE(v_set_tval, "cntv_tval_el0")
WRITE(v_set_ctl, "cntv_ctl_el0")
READ(p_count, "cntpct_el0")
READ(p_cval, "cntp_cval_el0")
READ(p_tval, "cntp_tval_el0")
READ(p_ctl, "cntp_ctl_el0")
WRITE(p_set_cval, "cntp_cval_el0")
WRITE(p_set_tval, "cntp_tval_el0")
WRITE(p_set_ctl, "cntp_ctl_el0")

static const struct timer timers[2] = {
    {"vtimer", 27, v_count, v_cval, v_set_cval, v_tval, v_set_tval, v_ctl, v_set_ctl},
    {"ptimer", 30, p_count, p_cval, p_set_cval, p_tval, p_set_tval, p_ctl, p_set_ctl},
};

static bool pends(const struct timer *t)
{
	return gic_bit(0, BANK_ISPENDR, t->intid);
}

static void off(const struct timer *t)
{
	t->set_ctl(0);
	t->set_cval(FAR_AWAY);
}

/* Interrupts that are taken within some time, with the timer's interrupt enabled. */
static uint64_t taken_within(const struct timer *t, uint64_t microseconds)
{
	gic_set(0, BANK_ISENABLER, t->intid);
	irq_enable();
	pause_us(microseconds);
	irq_disable();
	gic_set(0, BANK_ICENABLER, t->intid);
	return takens[0].count;
}

/* While the interrupt is disabled its pending state shows the output. */
static void check_output(const struct timer *t)
{
	t->set_cval(FAR_AWAY);
	t->set_ctl(CTL_ENABLE);
	if (CHECK("timer", t->name, "not_due"))
		found_right(pends(t), 0);
	t->set_cval(t->count() - 1);
	if (CHECK("timer", t->name, "due"))
		found_right(pends(t), 1);
	if (CHECK("timer", t->name, "due_status"))
		found_right(t->ctl(), CTL_ENABLE | CTL_ISTATUS);
	t->set_ctl(CTL_ENABLE | CTL_IMASK);
	if (CHECK("timer", t->name, "masked"))
		found_right(pends(t), 0);
	if (CHECK("timer", t->name, "masked_status"))
		found_right(t->ctl(), CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);
	t->set_ctl(CTL_ENABLE);
	if (CHECK("timer", t->name, "unmasked"))
		found_right(pends(t), 1);
	t->set_cval(FAR_AWAY);
	if (CHECK("timer", t->name, "not_due_again"))
		found_right(pends(t), 0);
	t->set_cval(0);
	t->set_ctl(0);
	if (CHECK("timer", t->name, "off"))
		found_right(pends(t), 0);
	if (CHECK("timer", t->name, "off_then_enabled"))
		found_right(taken_within(t, 100), 0);
	if (CHECK("timer", t->name, "off_then_enabled_pending"))
		found_right(pends(t), 0);
	off(t);
}

static void check_interrupt(const struct timer *t)
{
	if (CHECK("timer", t->name, "received")) {
		t->set_cval(t->count() + MS(1));
		t->set_ctl(CTL_ENABLE);
		found_right(taken_within(t, 3000) << 16 | takens[0].intid, 1u << 16 | t->intid);
	}
	if (CHECK("timer", t->name, "received_late")) {
		t->set_cval(t->count() - 1);
		t->set_ctl(CTL_ENABLE);
		pause_us(100);
		found_right(taken_within(t, 100), 1);
	}
	if (CHECK("timer", t->name, "masked_not_received")) {
		t->set_cval(0);
		t->set_ctl(CTL_ENABLE | CTL_IMASK);
		found_right(taken_within(t, 100), 0);
	}
	if (CHECK("timer", t->name, "maximum_not_received")) {
		t->set_cval(~0ull);
		t->set_ctl(CTL_ENABLE);
		found_right(taken_within(t, 100), 0);
	}
	off(t);
	if (CHECK("timer", t->name, "early_by")) {
		uint64_t due = t->count() + MS(2);

		t->set_cval(due);
		t->set_ctl(CTL_ENABLE);
		while (in_time() && !(t->ctl() & CTL_ISTATUS))
			yield();
		found_right(t->count() < due, 0);
	}
	off(t);
	if (CHECK("timer", t->name, "periods")) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < PERIODS; i++) {
			t->set_cval(t->count() + MS(1));
			t->set_ctl(CTL_ENABLE);
			sum = taken_within(t, 2000);
		}
		found_right(sum, PERIODS);
	}
	off(t);
}

/* With interrupts masked WFI ends when one is pending. The other timer ends it if this one does not. */
static void check_wfi(const struct timer *t)
{
	const struct timer *guard = &timers[t == timers];

	if (!CHECK("timer", t->name, "wfi"))
		return;
	guard->set_cval(guard->count() + MS(100));
	guard->set_ctl(CTL_ENABLE);
	gic_set(0, BANK_ISENABLER, guard->intid);
	gic_set(0, BANK_ISENABLER, t->intid);
	t->set_cval(t->count() + MS(2));
	t->set_ctl(CTL_ENABLE);
	while (!(READ_REG("isr_el1") & 0x80))
		__asm__ volatile("dsb sy; wfi" ::: "memory");
	uint64_t first = READ_REG("icc_hppir1_el1");

	off(t);
	off(guard);
	gic_set(0, BANK_ICENABLER, guard->intid);
	gic_set(0, BANK_ICENABLER, t->intid);
	found_right(first, t->intid);
}

static void check_registers(const struct timer *t)
{
	if (CHECK("timer", t->name, "cval_written")) {
		t->set_cval(0x123456789abcdef0);
		found_right(t->cval(), 0x123456789abcdef0);
	}
	if (CHECK("timer", t->name, "tval_sets_cval")) {
		uint64_t before = t->count();

		t->set_tval(MS(100));
		uint64_t cval = t->cval();

		found_right(cval >= before + MS(100) && cval <= t->count() + MS(100), 1);
	}
	if (CHECK("timer", t->name, "tval_negative")) {
		uint64_t before = t->count();

		t->set_tval(-MS(10) & 0xffffffff);
		found_right(t->cval() - (before - MS(10)) < MS(10), 1);
	}
	if (CHECK("timer", t->name, "tval_counts_down")) {
		t->set_tval(MS(100));
		uint64_t tval = t->tval();

		found_right(tval <= MS(100) && tval > MS(50), 1);
	}
	if (CHECK("timer", t->name, "tval_below_zero")) {
		t->set_cval(t->count() - MS(10));
		found_right((t->tval() & 0xffffffff) >> 31, 1);
	}
	if (CHECK("timer", t->name, "ctl_has_three_bits")) {
		t->set_cval(FAR_AWAY);
		t->set_ctl(~0ull);
		found_right(t->ctl(), CTL_ENABLE | CTL_IMASK);
	}
	off(t);
}

static uint64_t count_other(uint64_t timer, uint64_t unused)
{
	(void)unused;
	return ((const struct timer *)timer)->count();
}

static void check_counter(const struct timer *t)
{
	if (CHECK("timer", t->name, "counts")) {
		uint64_t before = t->count();

		pause_us(10);
		found_right(t->count() > before, 1);
	}
	if (CHECK("timer", t->name, "same_on_the_other_cpu")) {
		uint64_t before = t->count(), theirs = other(count_other, (uint64_t)t, 0);

		found_right(before <= theirs && theirs <= t->count(), 1);
	}
}

static uint64_t due_other(uint64_t timer, uint64_t unused)
{
	const struct timer *t = (const struct timer *)timer;

	(void)unused;
	t->set_cval(0);
	t->set_ctl(CTL_ENABLE);
	uint64_t pending = gic_bit(1, BANK_ISPENDR, t->intid);

	off(t);
	return pending << 1 | gic_bit(1, BANK_ISPENDR, t->intid);
}

static void check_both(void)
{
	if (CHECK("timer", "both", "received")) {
		for (size_t i = 0; i < 2; i++) {
			gic_set(0, BANK_ISENABLER, timers[i].intid);
			timers[i].set_cval(0);
			timers[i].set_ctl(CTL_ENABLE);
		}
		irq_enable();
		pause_us(100);
		irq_disable();
		found_right(takens[0].count, 2);
	}
	gic_clean();
	if (CHECK("timer", "both", "offset")) {
		uint64_t before = v_count(), between = p_count();

		found_right(before <= between && between <= v_count(), 1);
	}
	if (CHECK("timer", "frequency", "read"))
		found(counter_hz());
}

void check_timer(void)
{
	for (const struct timer *t = timers; t < timers + 2; t++) {
		check_output(t);
		check_interrupt(t);
		check_wfi(t);
		check_registers(t);
		check_counter(t);
		if (CHECK("timer", t->name, "of_the_other_cpu"))
			found_right(other(due_other, (uint64_t)t, 0), 2);
	}
	check_both();
	gic_clean();
}
