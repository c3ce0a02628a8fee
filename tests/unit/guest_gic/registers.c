/* SPDX-License-Identifier: Apache-2.0 */
/* The registers one by one. */
#include "model.h"

static void a_wrong_configuration_is_refused(void **state)
{
	struct guest_gic_config c = config;
	struct guest_gic g;

	(void)state;
	c.vcpus = 0;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.vcpus = VCPU_MAX + 1;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c = config;
	c.gicd = GICD + 0x1000;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.gicd = GICR + 2 * QVM_GICR_BYTES + QVM_GICD_BYTES;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.gicd = -QVM_GICD_BYTES;
	c.gicr = -QVM_GICR_BYTES;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c = config;
	c.affinity[2] = 1;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.affinity[2] = 1u << 31;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c = config;
	c.intids = 1021;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.intids = 32;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.intids = 1000;
	assert_true(guest_gic_init(&g, &c, &model_ops, &kernel));
	assert_int_equal(g.config.intids, 1020);
	c.intids = 0;
	assert_true(guest_gic_init(&g, &c, &model_ops, &kernel));
	assert_int_equal(g.config.intids, 288);
}

static void identification_registers_say_gicv3(void **state)
{
	(void)state;
	assert_int_equal(get_d(0x4), 2 | 9u << 19 | 1u << 24);
	assert_int_equal(get_d(0xc), 0);
	assert_int_equal(get_d(CTLR), 0x50);
	put_d(CTLR, ~0u);
	assert_int_equal(get_d(CTLR), 0x53);
	for (unsigned v = 0; v < VCPUS; v++)
		assert_int_equal(kernel.state[v][VPRIV_CTLR], 3);
	assert_int_equal(get_d(0xffe8), 0x3b);
	assert_int_equal(get_d(0xfff0), 0x0d);
	assert_int_equal(get_register(GICR + 0xffe8, 4), 0x3b);
	assert_int_equal(get_register(GICR + 0xffe0, 4), 0x93);
	assert_int_equal(get_register(GICR + 8, 8), 0);
	assert_int_equal(get_register(GICR + 0x20008, 8), 0x100000100);
	assert_int_equal(get_register(GICR + 0x40008, 8), 0x10000000210);
	assert_int_equal(get_register(GICR + 0x40008, 4), 0x210);
	assert_int_equal(get_register(GICR + 0x4000c, 4), 0x100);
	assert_int_equal(get_register(GICR, 4), 0);
	put_register(GICR + 0x70, 8, ~0ull);
	assert_int_equal(get_register(GICR + 0x70, 8), 0);
	assert_int_equal(get_register(GICR + 0x14, 4), 6);
	put_register(GICR + 0x14, 4, 0);
	put_register(GICR + 0x18, 4, 2);
	assert_int_equal(get_register(GICR + 0x14, 4), 0);
	assert_int_equal(get_register(GICR + 0x20014, 4), 6);
	put_register(GICR + 0x14, 4, 2);
	assert_int_equal(get_register(GICR + 0x14, 4), 6);
	assert_int_equal(get_d(0xffd0), 0x44);
	assert_int_equal(get_register(GICR + 0xffd0, 4), 0x44);
}

/* Sizes that a register has, sizes that read as zero, and what is outside of the frames or not aligned. */
static void each_register_has_its_sizes(void **state)
{
	enum { GOOD, ZERO, NONE };
	static const struct {
		uint64_t ipa;
		unsigned size, what;
	} t[] = {
	    {GICD, 1, ZERO},           {GICD, 2, ZERO},           {GICD, 4, GOOD},           {GICD, 8, ZERO},
	    {GICD + 2, 4, NONE},       {GICD + 0x423, 1, GOOD},   {GICD + 0x420, 2, ZERO},   {GICD + 0x422, 4, NONE},
	    {GICD + 0x420, 8, ZERO},   {GICD + 0x6100, 8, GOOD},  {GICD + 0x6104, 4, GOOD},  {GICD + 0x6104, 8, NONE},
	    {GICD + 0x60f8, 8, ZERO},  {GICD + 0x60f8, 4, ZERO},  {GICD + 0x6100, 2, ZERO},  {GICD + 0x7fd8, 8, GOOD},
	    {GICD + 0x7fe0, 8, ZERO},  {GICD + 0x104, 8, NONE},   {GICD + 0xfffc, 4, GOOD},  {GICD + 0x10000, 4, NONE},
	    {GICD - 4, 4, NONE},       {GICD + 0x7fb, 1, GOOD},   {GICD + 0x7fc, 1, ZERO},   {GICD, 3, NONE},
	    {GICD, 0, NONE},           {GICR + 8, 8, GOOD},       {GICR + 0x100, 8, ZERO},   {GICR + 0x10100, 8, ZERO},
	    {GICR + 0x10100, 2, ZERO}, {GICR + 0x10100, 1, ZERO}, {GICR + 0x10400, 1, GOOD}, {GICR + 0x400, 1, ZERO},
	    {GICR + 0x1041f, 1, GOOD}, {GICR + 0x10420, 1, ZERO}, {GICR + 0x5fffc, 4, GOOD}, {GICR + 0x60000, 4, NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint64_t value = 1;

		assert_int_equal(guest_gic_write(&gic, 0, t[i].ipa, t[i].size, ~0ull), t[i].what != NONE);
		assert_int_equal(guest_gic_read(&gic, 0, t[i].ipa, t[i].size, &value), t[i].what != NONE);
		if (t[i].what == ZERO)
			assert_int_equal(value, 0);
		else if (t[i].ipa == GICD && t[i].what == GOOD)
			assert_int_equal(value, 0x53); /* only this one was written */
	}
}

/* A group that GICD_CTLR has off holds its interrupts; Group 0 is signalled like Group 1, and the kernel is told. */
static void a_disabled_group_is_not_signalled(void **state)
{
	(void)state;
	ready(40, true);
	put_d(CTLR, 1);
	guest_gic_pulse(&gic, 40);
	assert_int_equal(acknowledge(0), 0);
	assert_true(get_bit(ISPENDR, 40));
	set_group(40, false);
	assert_true(signalled(0, 40));
	assert_int_equal(kernel.spi[0][40].priority, 0xa0 | VIRQ_GROUP0);
	set_group(40, true);
	assert_false(signalled(0, 40));
	put_d(CTLR, 3);
	assert_int_equal(kernel.spi[0][40].priority, 0xa0);
	put_d(CTLR, 1);
	assert_false(signalled(0, 40));
	put_d(CTLR, 2);
	assert_int_equal(acknowledge(0), 40);
}

static void registers_keep_the_bits_that_exist(void **state)
{
	(void)state;
	put_d(IGROUPR, ~0u); /* INTIDs 0 to 31 belong to the redistributors */
	assert_int_equal(get_d(IGROUPR), 0);
	put_d(IGROUPR + 4, 0x5a5a5a5a);
	assert_int_equal(get_d(IGROUPR + 4), 0x5a5a5a5a);
	put_d(IGROUPR + 12, ~0u); /* beyond INTIDS */
	assert_int_equal(get_d(IGROUPR + 12), 0);
	put_d(ISENABLER + 8, 0xff);
	put_d(ICENABLER + 8, 0x0f);
	assert_int_equal(get_d(ISENABLER + 8), 0xf0);
	assert_int_equal(get_d(ICENABLER + 8), 0xf0);
	put_d(IPRIORITYR + 40, 0xffe1d0a7);
	assert_int_equal(get_d(IPRIORITYR + 40), 0xf8e0d0a0);
	put_register(GICD + IPRIORITYR + 41, 1, 0x1f);
	assert_int_equal(get_register(GICD + IPRIORITYR + 41, 1), 0x18);
	assert_int_equal(get_d(IPRIORITYR + 40), 0xf8e018a0);
	put_d(IPRIORITYR + 4, ~0u);
	assert_int_equal(get_d(IPRIORITYR + 4), 0);
	put_d(ICFGR + 12, 0xf0f0f0f0);
	assert_int_equal(get_d(ICFGR + 12), 0xa0a0a0a0);
	assert_int_equal(get_d(ICFGR + 8), 0);
	put_d(ICFGR, ~0u);
	assert_int_equal(get_d(ICFGR), 0);
	put_register(GICD + IROUTER + 8 * 40, 8, ~0ull);
	assert_int_equal(get_register(GICD + IROUTER + 8 * 40, 8), 0xff80ffffff);
	put_register(GICD + IROUTER + 8 * 40 + 4, 4, 0x12);
	assert_int_equal(get_register(GICD + IROUTER + 8 * 40, 8), 0x1280ffffff);
	put_register(GICD + IROUTER + 8 * 40, 4, 0x345);
	assert_int_equal(get_register(GICD + IROUTER + 8 * 40, 8), 0x1200000345);
	assert_int_equal(get_register(GICD + IROUTER + 8 * 40 + 4, 4), 0x12);
	put_d(0xd04, ~0u); /* IGRPMODR and NSACR */
	put_d(0xe04, ~0u);
	assert_int_equal(get_d(0xd04) | get_d(0xe04), 0);
	put_d(CTLR, 2);
	guest_gic_reset(&gic);
	assert_int_equal(get_d(CTLR), 0x50);
	assert_int_equal(get_d(IGROUPR + 4) | get_d(ISENABLER + 8) | get_d(ICFGR + 12) | get_d(IPRIORITYR + 40), 0);
	assert_int_equal(get_register(GICD + IROUTER + 8 * 40, 8), 0);
}

static void private_registers_are_the_kernels(void **state)
{
	const uint64_t sgi = GICR + QVM_GICR_BYTES + GIC_FRAME; /* of vCPU 1 */
	uint32_t *s = kernel.state[1];

	(void)state;
	put_register(sgi + IGROUPR, 4, 0xffff1234);
	assert_int_equal(s[VPRIV_GROUP], 0xffff1234);
	put_register(sgi + ISENABLER, 4, 0x00ff00ff);
	put_register(sgi + ICENABLER, 4, 0x000f000f);
	assert_int_equal(s[VPRIV_ENABLE], 0x00f000f0);
	assert_int_equal(get_register(sgi + ICENABLER, 4), 0x00f000f0);
	put_register(sgi + ISPENDR, 4, 0x30000);
	put_register(sgi + ICPENDR, 4, 0x10000);
	assert_int_equal(get_register(sgi + ISPENDR, 4), 0x20000);
	put_register(sgi + ISACTIVER, 4, 0x300);
	put_register(sgi + ICACTIVER, 4, 0x200);
	assert_int_equal(s[VPRIV_ACTIVE], 0x100);
	put_register(sgi + IPRIORITYR + 0x18, 4, 0xa7a6a5ff);
	assert_int_equal(s[VPRIV_PRIO0 + 6], 0xa0a0a0f8);
	put_register(sgi + IPRIORITYR + 0x1a, 1, 0x47);
	assert_int_equal(s[VPRIV_PRIO0 + 6], 0xa040a0f8);
	assert_int_equal(get_register(sgi + IPRIORITYR + 0x1a, 1), 0x40);
	s[VPRIV_CONFIG] = 0xffff;
	assert_int_equal(get_register(sgi + ICFGR, 4), 0xaaaaaaaa);
	put_register(sgi + ICFGR, 4, 0);
	put_register(sgi + ICFGR + 4, 4, 0x80000002);
	assert_int_equal(s[VPRIV_CONFIG], 0x8001ffff);
	assert_int_equal(get_register(sgi + ICFGR + 4, 4), 0x80000002);
	assert_int_equal(get_register(sgi + 0xd00, 4) | get_register(sgi + 0xe00, 4), 0);
	put_register(sgi + ISENABLER + 4, 4, ~0u); /* reserved: there are no extended PPIs */
	assert_int_equal(s[VPRIV_ENABLE], 0x00f000f0);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(kernel.state[0][i] | kernel.state[2][i], 0);
	kernel.private_calls = 0;
	put_register(sgi + ISENABLER, 4, 0);
	assert_int_equal(kernel.private_calls, 0);
}

static void check_request(unsigned which, uint32_t value, uint32_t mask)
{
	struct arch_request *r = &gic.request[1];

	assert_int_not_equal(r->wanted, 0);
	assert_int_equal(r->which, which);
	assert_int_equal(r->value, value);
	assert_int_equal(r->mask, mask);
	r->wanted = 0;
}

/* A vCPU's own are no call: the kernel finishes the access. */
static void own_private_registers_are_requests(void **state)
{
	static const struct {
		uint32_t offset, size, value, which, wanted, mask;
	} writes[] = {
	    {IGROUPR, 4, 0x1234, VPRIV_GROUP, 0x1234, ~0u},
	    {ISENABLER, 4, 0x30, VPRIV_ENABLE, 0x30, 0x30},
	    {ICENABLER, 4, 0x30, VPRIV_ENABLE, 0, 0x30},
	    {ISPENDR, 4, 0x30, VPRIV_PENDING, 0x30, 0x30},
	    {ICPENDR, 4, 0x30, VPRIV_PENDING, 0, 0x30},
	    {ISACTIVER, 4, 0x30, VPRIV_ACTIVE, 0x30, 0x30},
	    {ICACTIVER, 4, 0x30, VPRIV_ACTIVE, 0, 0x30},
	    {IPRIORITYR + 0x1c, 4, 0x12345678, VPRIV_PRIO0 + 7, 0x12345678, ~0u},
	    {IPRIORITYR + 2, 1, 0x40, VPRIV_PRIO0, 0x400000, 0xff0000},
	    {ICFGR + 4, 4, 0x80000002, VPRIV_CONFIG, 0x80010000, 0xffff0000},
	};
	const uint64_t sgi = GICR + QVM_GICR_BYTES + GIC_FRAME;

	(void)state;
	kernel.private_calls = 0;
	for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		const uint64_t ipa = sgi + writes[i].offset;

		assert_false(guest_gic_write_redist(&gic, 1, ipa, writes[i].size, writes[i].value));
		check_request(writes[i].which, writes[i].wanted, writes[i].mask);
		assert_false(guest_gic_read_redist(&gic, 1, ipa, writes[i].size).done);
		check_request(writes[i].which, 0, 0);
	}
	assert_true(guest_gic_write_redist(&gic, 1, sgi + ISENABLER, 4, 0));
	assert_true(guest_gic_write_redist(&gic, 1, sgi + ICFGR, 4, 0));
	assert_int_equal(guest_gic_read_redist(&gic, 1, sgi + ICFGR, 4).value, 0xaaaaaaaa);
	assert_false(guest_gic_read_redist(&gic, 1, sgi + IPRIORITYR + 1, 4).done); /* not aligned: no access */
	assert_int_equal(gic.request[1].wanted | kernel.private_calls, 0);
}

int register_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_wrong_configuration_is_refused),   CASE(identification_registers_say_gicv3),
	    CASE(each_register_has_its_sizes),        CASE(a_disabled_group_is_not_signalled),
	    CASE(registers_keep_the_bits_that_exist), CASE(private_registers_are_the_kernels),
	    CASE(own_private_registers_are_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
