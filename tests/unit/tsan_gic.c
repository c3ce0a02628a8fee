/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/guest_gic.c qvm/arch/aarch64/spi.c qvm/arch/aarch64/gic_frames.c */
/* SOURCES: qvm/arch/aarch64/gic_registers.c */
/* qvm's half of the GIC under the thread sanitizer: registers are read without the lock while another vCPU writes them.
 */
#include "qvm/arch/aarch64/guest_gic.h"
#include "unit.h"
#include <pthread.h>

#define GICD    0x8000000ull
#define GICR    0x80a0000ull
#define ROUNDS  10000u
#define PENDING 40u /* is so all the time, wherever it is */
#define WORD    4u  /* bytes from the first word of a bank to that of PENDING */
#define BIT     (1u << (PENDING % 32))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mutex vm_lock;
static struct guest_gic gic;
static bool over, injected;

void mutex_lock(struct mutex *m)
{
	assert_ptr_equal(m, &vm_lock);
	pthread_mutex_lock(&lock);
}

void mutex_unlock(struct mutex *m)
{
	assert_ptr_equal(m, &vm_lock);
	pthread_mutex_unlock(&lock);
}

static int set_private(void *ctx, unsigned vcpu, unsigned which, uint32_t value, uint32_t mask, uint32_t *now)
{
	(void)ctx;
	(void)which;
	assert_in_range(vcpu, 0, 1);
	*now = value & mask;
	return 0;
}

static int set_line(void *ctx, unsigned vcpu, unsigned intid, unsigned level, unsigned priority)
{
	(void)ctx;
	(void)vcpu;
	(void)intid;
	(void)level;
	(void)priority;
	return 0;
}

static int inject(void *ctx, unsigned vcpu, unsigned intid, unsigned priority)
{
	(void)ctx;
	(void)vcpu;
	(void)priority;
	assert_int_equal(intid, PENDING);
	injected = true;
	return 0;
}

static int withdraw(void *ctx, unsigned vcpu, unsigned intid, unsigned what)
{
	const bool was = injected;

	(void)ctx;
	(void)vcpu;
	(void)intid;
	(void)what;
	injected = false;
	return was ? VIRQ_PENDING : 0;
}

static int query(void *ctx, unsigned vcpu, unsigned intid)
{
	(void)ctx;
	(void)vcpu;
	(void)intid;
	return injected ? VIRQ_PENDING : 0;
}

static void put(uint64_t ipa, unsigned size, uint64_t value)
{
	if (ipa < GICR)
		assert_true(guest_gic_write_dist(&gic, 0, ipa, size, value));
	else
		assert_true(guest_gic_write_redist(&gic, 0, ipa, size, value));
}

static void write_all(uint32_t value)
{
	const uint64_t sgi = GICR + QVM_GICR_BYTES + 0x10000;

	put(GICD + 0x180 + WORD, 4, BIT);
	put(GICD + 0x80 + WORD, 4, value | BIT);
	put(GICD + 0x400 + PENDING, 1, value);
	put(GICD + 0xc08, 4, value);
	put(GICD + 0x6000 + 8 * PENDING, 8, value & 1);
	put(GICD + 0x300 + WORD, 4, value & 0xff);
	put(GICD + 0x380 + WORD, 4, ~value & 0xff);
	put(GICD + 0x100 + WORD, 4, BIT);
	put(GICD, 4, value & 1 ? 2 : 3);
	put(GICR + 0x14, 4, value & 2);
	put(sgi + 0x80, 4, value);
	put(sgi + 0x100, 4, value);
	put(sgi + 0x180, 4, ~value);
	put(sgi + 0x400, 4, value);
	put(sgi + 0xc04, 4, value);
}

static void *write_registers(void *arg)
{
	for (uint32_t i = 0; i < ROUNDS; i++)
		write_all(i * 0x9e3779b9u);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	return arg;
}

static void read_all(void)
{
	for (uint64_t offset = 0; offset < 0x1000; offset += 4)
		assert_true(guest_gic_read_dist(&gic, 1, GICD + offset, 4).done);
	for (uint64_t offset = 0; offset < 2 * QVM_GICR_BYTES; offset += 4)
		if (offset % 0x10000 < 0x1000)
			assert_true(guest_gic_read_redist(&gic, 1, GICR + offset, 4).done);
	assert_true(guest_gic_read_dist(&gic, 1, GICD + 0x400 + PENDING, 1).done);
	assert_in_range(guest_gic_read_dist(&gic, 1, GICD + 0x6000 + 8 * PENDING, 8).value, 0, 1);
}

static void registers_are_read_while_they_are_written(void **state)
{
	const struct guest_gic_ops ops = {set_private, set_line, inject, withdraw, query, NULL};
	const struct guest_gic_config config = {
	    .gicd = GICD, .gicr = GICR, .vcpus = 2, .affinity = {0, 1}, .lock = &vm_lock, .intids = 64};
	pthread_t writer;

	(void)state;
	assert_true(guest_gic_init(&gic, &config, &ops, NULL));
	guest_gic_power(&gic, 0, true);
	guest_gic_power(&gic, 1, true);
	put(GICD + 0x200 + WORD, 4, BIT);
	assert_int_equal(pthread_create(&writer, NULL, write_registers, NULL), 0);
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		read_all();
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(guest_gic_read_dist(&gic, 1, GICD + 0x200 + WORD, 4).value & BIT, BIT);
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(registers_are_read_while_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
