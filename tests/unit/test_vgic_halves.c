/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/guest_gic.c qvm/arch/aarch64/spi.c qvm/arch/aarch64/gic_frames.c */
/* SOURCES: qvm/arch/aarch64/spi_line.c qvm/arch/aarch64/gic_registers.c */
/* SOURCES: tests/unit/vgic_halves tests/unit/guest_gic/frames.c */
/* CFLAGS: -Ikernel/include */
/*
 * Both halves of the virtual GIC together, on a model of the processor's list registers (IHI 0069, "GIC support for
 * virtualization"): whatever a guest and its devices do, an interrupt that was signalled is taken, and none is taken
 * that was not. There are fewer registers than interrupts, so images come and go as on the real machine.
 */
#include "vgic_halves/model.h"

/* Groups of one interrupt, of a CPU interface, of all. */
static void regroup(struct cpu_model *c, unsigned intid)
{
	uint64_t value;

	if (rnd(2)) {
		spi[intid].group0 ^= true;
		assert_true(guest_gic_read(&gic, 0, GICD + 0x80 + intid / 32 * 4, 4, &value));
		put_register(0x80 + intid / 32 * 4, 4, value ^ 1u << (intid % 32));
	} else if (rnd(2)) {
		c->groups = rnd(3) ? 3 : rnd(4);
		maintenance(c, false);
	} else {
		set_distributor(rnd(4) ? 3 : rnd(3));
	}
}

static void step(void)
{
	unsigned intid = FIRST + rnd(INTIDS - FIRST);
	struct cpu_model *c = &cpu[rnd(VCPUS)];
	uint64_t value;

	switch (rnd(18)) {
	case 17:
	case 16: deactivate_one(c); break;
	case 15:
		if (!rnd(4))
			regroup(c, intid);
		break;
	case 14:
		if (!rnd(8))
			power_cycle();
		break;
	case 13:
		spi[intid].latch = spi[intid].was = false;
		put_register(0x280 + intid / 32 * 4, 4, 1u << (intid % 32));
		break;
	case 12:
		/* What was written for a level that is bound is lost where it is taken back: only the line counts then.
		 */
		spi[intid].latch = spi[intid].edge || !is_bound(intid);
		put_register(0x200 + intid / 32 * 4, 4, 1u << (intid % 32));
		break;
	case 0:
	case 1: set_line(intid, rnd(3) != 0); break;
	case 2:
		if (spi[intid].edge) {
			spi[intid].latch = true;
			host[is_bound(intid) ? intid - FIRST : 0].latch |= is_bound(intid);
			guest_gic_pulse(&gic, intid);
		}
		break;
	case 3: enable(intid, rnd(3) != 0); break;
	case 4: put_register(0x400 + intid, 1, rnd(256)); break;
	case 5: put_register(0x6000 + 8 * intid, 8, rnd(3) ? rnd(VCPUS) : 1ull << 31); break;
	case 6: assert_true(guest_gic_read(&gic, 0, GICD + 0x200 + intid / 32 * 4, 4, &value)); break;
	case 7:
	case 8:
	case 9: acknowledge(c); break;
	default: complete(c); break;
	}
	fire_all();
	for (unsigned v = 0; v < VCPUS; v++)
		maintenance(&cpu[v], false);
}

/* Everything that is due is taken in the end, by handlers that serve their device. */
static void drain(void)
{
	for (unsigned i = FIRST; i < INTIDS; i++)
		enable(i, true);
	set_distributor(3);
	for (unsigned v = 0; v < VCPUS; v++)
		cpu[v].groups = 3;
	for (unsigned n = 0; n < 8 * INTIDS; n++) {
		for (unsigned v = 0; v < VCPUS; v++) {
			fire_all();
			acknowledge(&cpu[v]);
			complete(&cpu[v]);
			deactivate_one(&cpu[v]);
			maintenance(&cpu[v], false);
		}
	}
	for (unsigned i = FIRST; i < INTIDS; i++) {
		if (spi[i].latch || (!spi[i].edge && spi[i].line))
			fail_msg("INTID %u was never taken", i);
	}
}

static void no_interrupt_is_lost_or_invented(void **state)
{
	unsigned traps = 0, group0 = 0;

	(void)state;
	/* EOImode of each vCPU: all four ways. */
	for (unsigned seed = 1; seed <= 120; seed++) {
		start(seed);
		for (unsigned v = 0; v < VCPUS; v++)
			cpu[v].split = seed >> v & 1;
		for (unsigned n = 0; n < 3000; n++)
			step();
		traps += trapped;
		drain();
		group0 += taken_group0;
		assert_true(taken > 100);
		assert_true((seed & 3) || !trapped);
	}
	assert_true(traps > 100 && group0 > 1000);
}

/* All at once, on one vCPU: more than its list registers, and more than the kernel keeps for it. */
static void all_interrupts_at_once_are_all_taken(void **state)
{
	(void)state;
	start(1);
	for (unsigned i = FIRST; i < INTIDS; i++) {
		put_register(0x6000 + 8 * i, 8, 0);
		set_line(i, true);
	}
	drain();
	assert_true(taken >= INTIDS - FIRST);
}

/* --- Bound interrupts, one by one. FIRST is a level, FIRST + 1 an edge; both go to vCPU 0. --- */

static void start_bound(void)
{
	start(1);
	for (unsigned i = FIRST; i < INTIDS; i++) {
		put_register(0x6000 + 8 * i, 8, 0);
		enable(i, false);
	}
}

static unsigned read_bit(uint64_t offset, unsigned intid)
{
	uint64_t value;

	assert_true(guest_gic_read(&gic, 0, GICD + offset + intid / 32 * 4, 4, &value));
	return value >> (intid % 32) & 1;
}

/* The host's interrupts wait there until the guest has enabled its own, and once it is disabled again. */
static void a_bound_interrupt_waits_until_it_is_enabled(void **state)
{
	(void)state;
	start_bound();
	set_line(FIRST, true);
	set_line(FIRST + 1, true);
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 0);
	assert_int_equal(read_bit(0x200, FIRST), 1);
	assert_int_equal(read_bit(0x200, FIRST + 1), 1);
	assert_false(host[0].active || host[1].active);
	for (unsigned i = 0; i < 2; i++) {
		enable(FIRST + i, true);
		fire_all();
		assert_true(host[i].active);
		enable(FIRST + i, false);
		assert_false(host[i].active);
		assert_true(host_pending(&host[i]));
	}
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 0);
	/* GICD_ICPENDR: the edge is forgotten, the level is not. */
	put_register(0x280 + FIRST / 32 * 4, 4, 3u << (FIRST % 32));
	assert_int_equal(read_bit(0x200, FIRST), 1);
	assert_int_equal(read_bit(0x200, FIRST + 1), 0);
}

/* Disabled while it is handled: the end of it still reaches the host. */
static void a_bound_interrupt_disabled_while_active_ends_the_hosts(void **state)
{
	(void)state;
	start_bound();
	enable(FIRST + 1, true);
	set_line(FIRST + 1, true);
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 1);
	enable(FIRST + 1, false);
	assert_int_equal(read_bit(0x300, FIRST + 1), 1);
	complete(&cpu[0]);
	assert_int_equal(read_bit(0x300, FIRST + 1), 0);
	assert_false(host[1].active);
}

/* Its route changes while it is handled; GICD_ICACTIVER ends it where it was. */
static void a_bound_interrupt_follows_its_route(void **state)
{
	(void)state;
	start_bound();
	enable(FIRST, true);
	set_line(FIRST, true);
	acknowledge(&cpu[0]);
	put_register(0x6000 + 8 * FIRST, 8, 1);
	assert_int_equal(read_bit(0x300, FIRST), 1);
	fire_all();
	acknowledge(&cpu[1]);
	assert_int_equal(taken, 1);
	put_register(0x380 + FIRST / 32 * 4, 4, 1u << (FIRST % 32));
	spi[FIRST].active = false;
	assert_int_equal(read_bit(0x300, FIRST), 0);
	fire_all();
	acknowledge(&cpu[1]);
	assert_int_equal(taken, 2);
}

/* The host's came on one CPU while another switched it off. */
static void a_bound_interrupt_that_comes_late_is_kept(void **state)
{
	(void)state;
	start_bound();
	for (unsigned i = 0; i < 2; i++) {
		host[i].active = true;
		irq_passthrough_fire(&host[i].irq);
		assert_false(host[i].active);
		assert_int_equal(host[i].latch, i);
	}
	assert_int_equal(taken, 0);
}

/* What the kernel's half refuses, and devices that drive what is not theirs. */
static void wrong_bindings_are_refused(void **state)
{
	struct vcpu *v = &cpu[0].vcpu;

	(void)state;
	start_bound();
	assert_int_equal(irq_passthrough_change(v, HOST, FIRST + 1, 0, 0), -KE_INVAL);
	assert_int_equal(guest_gic_bind(&gic, FIRST, HOST + 1), -KE_INVAL);
	assert_int_equal(guest_gic_bind(&gic, INTIDS, HOST + 1), -KE_INVAL);
	enable(FIRST, true);
	assert_int_equal(irq_passthrough_change(&cpu[1].vcpu, HOST, FIRST, 0, 0), -KE_BUSY);
	assert_int_equal(vgic_change_spi(&v->vgic, FIRST, 0x80, true, true), -KE_BUSY);
	guest_gic_set_line(&gic, FIRST, true);
	guest_gic_pulse(&gic, FIRST);
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 0);
	/* Under its number there is another already. */
	settle_cpu(&cpu[0]);
	assert_true(vgic_change_spi(&v->vgic, FIRST + 2, 0x80, false, true) > 0);
	assert_int_equal(irq_passthrough_change(v, HOST + 2, FIRST + 2, 0x80, BIND_ON), -KE_BUSY);
	for (unsigned i = 4; i < BOUND; i++)
		assert_true(irq_passthrough_change(v, HOST + i, FIRST + i, 0x80, BIND_ON) >= 0);
	for (unsigned i = 0; i < VGIC_BOUND - 1 - (BOUND - 4); i++)
		assert_int_equal(vgic_bind(&v->vgic, 300 + i, 400 + i, 0x80), 0);
	assert_int_equal(vgic_bind(&v->vgic, 399, 499, 0x80), -KE_AGAIN);
}

/* What the guest reads of a vCPU's settings, which qvm keeps, is what the kernel's half works by. */
static void both_halves_agree_on_private_settings(void **state)
{
	const uint64_t sgi = GICD + 0x100000 + 0x10000;
	const struct vgic_cpu *v = &cpu[0].vcpu.vgic;

	(void)state;
	start(1);
	for (unsigned i = 0; i < 1000; i++) {
		static const uint32_t offsets[] = {0x80, 0x100, 0x180, 0x400, 0x404, 0x418, 0x41c, 0xc00, 0xc04};
		uint64_t group, enable, config[2], priority;

		assert_true(guest_gic_write(&gic, 1, sgi + offsets[rnd(9)], 4, rnd(0x10000) << 16 | rnd(0x10000)));
		assert_true(guest_gic_write(&gic, 1, sgi + 0x400 + rnd(32), 1, rnd(256)));
		guest_gic_read(&gic, 0, sgi + 0x80, 4, &group);
		guest_gic_read(&gic, 0, sgi + 0x100, 4, &enable);
		guest_gic_read(&gic, 0, sgi + 0xc00, 4, &config[0]);
		guest_gic_read(&gic, 0, sgi + 0xc04, 4, &config[1]);
		assert_int_equal(group, (uint32_t)v->group);
		assert_int_equal(enable, v->enable);
		for (unsigned n = 0; n < 32; n++) {
			guest_gic_read(&gic, 0, sgi + 0x400 + n, 1, &priority);
			assert_int_equal(priority, v->prio[n]);
			assert_int_equal(config[n / 16] >> (n % 16 * 2) & 3, v->config >> n & 1 ? 2 : 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_interrupts_at_once_are_all_taken),
	    cmocka_unit_test(no_interrupt_is_lost_or_invented),
	    cmocka_unit_test(a_bound_interrupt_waits_until_it_is_enabled),
	    cmocka_unit_test(a_bound_interrupt_disabled_while_active_ends_the_hosts),
	    cmocka_unit_test(a_bound_interrupt_follows_its_route),
	    cmocka_unit_test(a_bound_interrupt_that_comes_late_is_kept),
	    cmocka_unit_test(wrong_bindings_are_refused),
	    cmocka_unit_test(both_halves_agree_on_private_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
