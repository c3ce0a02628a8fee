/* SPDX-License-Identifier: Apache-2.0 */
/* Software-generated interrupts that are taken: to whom, how often, by which number (ICC_SGI1R_EL1, IHI 0069 12.2.21).
 */
#include "conform.h"

#define ALL_OTHERS (1ull << 40)
#define TARGETS(n) ((uint64_t)(n))
#define AFF1(n)    ((uint64_t)(n) << 16)
#define AFF2(n)    ((uint64_t)(n) << 32)
#define AFF3(n)    ((uint64_t)(n) << 48)
#define SGI_WAIT   2000 /* microseconds in which it comes, or does not */

static volatile bool stop;

static uint64_t take_other(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	irq_enable();
	while (!stop)
		yield();
	irq_disable();
	return takens[1].count;
}

static void begin(void)
{
	stop = false;
	write32(SGI(0, BANK_ISENABLER), 0xffff);
	write32(SGI(1, BANK_ISENABLER), 0xffff);
	other_begin(take_other, 0, 0);
	irq_enable();
	pause_us(100);
}

/* How many this CPU has taken, the other one, and the last INTID of either. */
static uint64_t end(void)
{
	pause_us(SGI_WAIT);
	irq_disable();
	stop = true;
	other_end();
	return (uint64_t)takens[0].count << 24 | (uint64_t)takens[1].count << 16 | takens[0].intid | takens[1].intid;
}

#define RIGHT(own, others, intid) ((uint64_t)(own) << 24 | (uint64_t)(others) << 16 | (intid))

static const struct sgi {
	const char *name;
	uint64_t value;
	uint32_t intid;
	uint64_t right;
} sgis[] = {
    {"self", TARGETS(1), 1, RIGHT(1, 0, 1)},
    {"target_list", TARGETS(2), 1, RIGHT(0, 1, 1)},
    {"both", TARGETS(3), 2, RIGHT(1, 1, 2)},
    {"broadcast", ALL_OTHERS, 1, RIGHT(0, 1, 1)},
    {"broadcast_ignores_list", ALL_OTHERS | TARGETS(1), 3, RIGHT(0, 1, 3)},
    {"nobody", TARGETS(0), 1, 0},
    {"absent_cpu", TARGETS(0x80), 1, 0},
    {"off_cpu", TARGETS(4), 1, 0},
    {"list_of_all", TARGETS(0xffff), 15, RIGHT(1, 1, 15)},
    {"other_aff1", AFF1(1) | TARGETS(3), 1, 0},
    {"other_aff2", AFF2(1) | TARGETS(3), 1, 0},
    {"other_aff3", AFF3(1) | TARGETS(3), 1, 0},
    {"first", TARGETS(3), 0, 0},
};

static void send(uint64_t value, uint32_t intid)
{
	dsb();
	WRITE_REG("icc_sgi1r_el1", value | (uint64_t)intid << 24);
	isb();
}

static void check_targets(void)
{
	for (const struct sgi *s = sgis; s < sgis + sizeof(sgis) / sizeof(sgis[0]); s++) {
		if (!CHECK("ipi", s->name))
			continue;
		begin();
		send(s->value, s->intid);
		found_right(end(), s->intid ? s->right : RIGHT(1, 1, 0));
		gic_clean();
	}
}

static uint64_t send_other(uint64_t value, uint64_t intid)
{
	send(value, (uint32_t)intid);
	return 0;
}

static void check_many(void)
{
	if (CHECK("ipi", "all_numbers")) {
		begin();
		for (uint32_t i = 0; i < 16; i++) {
			send(TARGETS(2), i);
			pause_us(200);
		}
		end();
		found_right(takens[1].count, 16);
		gic_clean();
	}
	if (CHECK("ipi", "from_other")) {
		write32(SGI(0, BANK_ISENABLER), 0xffff);
		irq_enable();
		other(send_other, TARGETS(1), 5);
		pause_us(SGI_WAIT);
		irq_disable();
		found_right((uint64_t)takens[0].count << 16 | takens[0].intid, 1u << 16 | 5);
		gic_clean();
	}
	if (CHECK("ipi", "broadcast_from_other")) {
		write32(SGI(0, BANK_ISENABLER), 0xffff);
		irq_enable();
		other(send_other, ALL_OTHERS, 6);
		pause_us(SGI_WAIT);
		irq_disable();
		found_right((uint64_t)takens[0].count << 16 | takens[0].intid, 1u << 16 | 6);
		gic_clean();
	}
	if (CHECK("ipi", "ping_pong")) {
		begin();
		for (uint32_t i = 1; i <= 50; i++) {
			send(TARGETS(2), 7);
			while (in_time() && takens[1].count < i)
				yield();
		}
		end();
		found_right(takens[1].count, 50);
		gic_clean();
	}
}

/* Completed by a write to GICR_ICACTIVER0 and not by the CPU interface. */
static void check_active(void)
{
	if (!CHECK("ipi", "cleared_by_register"))
		return;
	complete_by_write = true;
	begin();
	send(TARGETS(1), 1);
	uint64_t seen = end();

	complete_by_write = false;
	found_right(seen | (uint64_t)read32(SGI(0, BANK_ISACTIVER)) << 32, RIGHT(1, 0, 1));
	gic_clean();
}

/* To a virtual CPU that is off: pending in its redistributor. */
static void check_pending_of_off(void)
{
	write32(SGI(2, BANK_ICPENDR), ~0u);
	write32(SGI(2, BANK_IGROUPR), ~0u);
	if (CHECK("ipi", "off_cpu_pending")) {
		send(TARGETS(4), 3);
		pause_us(200);
		found_right(read32(SGI(2, BANK_ISPENDR)), 8);
	}
	write32(SGI(2, BANK_ICPENDR), ~0u);
}

void check_ipi(void)
{
	check_targets();
	check_many();
	check_active();
	check_pending_of_off();
}
