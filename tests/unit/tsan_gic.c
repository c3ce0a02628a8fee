/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/guest_gic.c qvm/arch/aarch64/spi.c qvm/arch/aarch64/gic_frames.c */
/* SOURCES: qvm/arch/aarch64/spi_line.c qvm/arch/aarch64/gic_registers.c */
/*
 * qvm's half of the GIC under the thread sanitizer: registers are read without the lock while another vCPU writes them,
 * and lines change without it while the guest changes what becomes of them.
 */
#include "qvm/arch/aarch64/guest_gic.h"
#include "unit.h"
#include <pthread.h>
#include <sched.h>

#define GICD    0x8000000ull
#define GICR    0x80a0000ull
#define ROUNDS  10000u
#define PENDING 40u /* is so all the time, wherever it is */
#define WORD    4u  /* bytes from the first word of a bank to that of PENDING */
#define BIT     (1u << (PENDING % 32))
#define DRIVEN  41u /* of the device */
#define LINE    (1u << (DRIVEN % 32))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mutex vm_lock;
static struct guest_gic gic;
static bool over, injected;
static bool levels[2]; /* what the kernel was told of DRIVEN's line, for each vCPU */
static unsigned edges; /* and of its edges */

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
	(void)priority;
	if (intid == DRIVEN)
		levels[vcpu] = level != 0;
	return 0;
}

static int inject(void *ctx, unsigned vcpu, unsigned intid, unsigned priority)
{
	(void)ctx;
	(void)vcpu;
	(void)priority;
	if (intid == PENDING)
		injected = true;
	else
		edges++;
	return 0;
}

static int withdraw(void *ctx, unsigned vcpu, unsigned intid, unsigned what)
{
	const bool was = injected;

	(void)ctx;
	(void)vcpu;
	(void)what;
	if (intid == DRIVEN)
		return 0; /* an edge is taken at once */
	injected = false;
	return was ? VIRQ_PENDING : 0;
}

static int query(void *ctx, unsigned vcpu, unsigned intid)
{
	(void)ctx;
	(void)vcpu;
	if (intid == DRIVEN)
		return 0;
	return injected ? VIRQ_PENDING : 0;
}

static bool take_request(unsigned vcpu)
{
	const bool wanted = gic.request[vcpu].wanted;

	gic.request[vcpu].wanted = 0;
	return wanted;
}

static void put(uint64_t ipa, unsigned size, uint64_t value)
{
	if (ipa < GICR)
		assert_true(guest_gic_write_dist(&gic, 0, ipa, size, value));
	else
		assert_true(guest_gic_write_redist(&gic, 0, ipa, size, value) || take_request(0));
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
			assert_true(guest_gic_read_redist(&gic, 1, GICR + offset, 4).done || take_request(1));
	assert_true(guest_gic_read_dist(&gic, 1, GICD + 0x400 + PENDING, 1).done);
	assert_in_range(guest_gic_read_dist(&gic, 1, GICD + 0x6000 + 8 * PENDING, 8).value, 0, 1);
}

static int begin(void **state)
{
	static const struct guest_gic_ops ops = {set_private, set_line, inject, withdraw, query, NULL};
	const struct guest_gic_config config = {
	    .gicd = GICD, .gicr = GICR, .vcpus = 2, .affinity = {0, 1}, .lock = &vm_lock, .intids = 64};

	(void)state;
	assert_true(guest_gic_init(&gic, &config, &ops, NULL));
	guest_gic_power(&gic, 0, true);
	guest_gic_power(&gic, 1, true);
	return 0;
}

static void registers_are_read_while_they_are_written(void **state)
{
	pthread_t writer;

	(void)state;
	put(GICD + 0x200 + WORD, 4, BIT);
	assert_int_equal(pthread_create(&writer, NULL, write_registers, NULL), 0);
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		read_all();
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(guest_gic_read_dist(&gic, 1, GICD + 0x200 + WORD, 4).value & BIT, BIT);
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
}

/* ---- a device and the guest, in rounds of which both know when they begin and end ---- */

#define DEVICES  2u /* threads of it */
#define MEETINGS 40000u

static unsigned met; /* how often one of the threads has come to where all meet */
static uint32_t how; /* the device ends the round with its line so: bit 0; in a round of edges it has one: bit 1 */

/* Spinning, so that they go on at one moment. */
static void meet(void)
{
	const unsigned all = DEVICES + 1, place = __atomic_fetch_add(&met, 1, __ATOMIC_ACQ_REL);

	while (__atomic_load_n(&met, __ATOMIC_ACQUIRE) / all == place / all)
		sched_yield();
}

static void drive_line(uint32_t seed)
{
	for (unsigned i = 0; i < 1 + seed % 4; i++)
		guest_gic_set_line(&gic, DRIVEN, (seed >> i & 16) != 0);
}

static void *drive(void *arg)
{
	const uintptr_t first = (uintptr_t)arg;

	for (uint32_t i = 0; i < MEETINGS; i++) {
		meet();
		if (how & 2 && first)
			guest_gic_set_line(&gic, DRIVEN, true);
		else if (!(how & 2))
			drive_line(i * 0x9e3779b9u * (first + 1) >> 8);
		meet();
	}
	return arg;
}

/* Whatever both have done meanwhile, the kernel knows what the line is in the end, there where it is to come. */
static void no_level_is_lost(void **state)
{
	pthread_t device[DEVICES];

	(void)state;
	put(GICD, 4, 2);
	put(GICD + 0x80 + WORD, 4, LINE);
	for (uintptr_t i = 0; i < DEVICES; i++)
		assert_int_equal(pthread_create(&device[i], NULL, drive, (void *)i), 0);
	for (uint32_t i = 0; i < MEETINGS; i++) {
		const bool enabled = i % 3 != 0, edge = i % 4 == 3;
		const unsigned to = i >> 3 & 1;
		bool line;

		if (edge) { /* which must not be lost, whether it comes before the guest enables it or after */
			put(GICD + 0x180 + WORD, 4, LINE);
			guest_gic_set_line(&gic, DRIVEN, false);
			put(GICD + 0xc08, 4, 2u << (DRIVEN % 16 * 2));
			edges = 0;
		}
		how = edge ? 2 : 0;
		meet();
		for (unsigned n = edge ? 0 : i % 5; n > 0; n--)
			put(GICD + (n % 2 ? 0x180 : 0x100) + WORD, 4, LINE);
		put(GICD + 0x6000 + 8 * DRIVEN, 8, to);
		put(GICD + 0x400 + DRIVEN, 1, i & 0xf8);
		if (enabled)
			put(GICD + 0x100 + WORD, 4, LINE);
		meet();
		if (!enabled)
			put(GICD + 0x180 + WORD, 4, LINE);
		line = guest_gic_read_dist(&gic, 1, GICD + 0x200 + WORD, 4).value & LINE;
		if (edge) {
			assert_int_equal(edges, enabled);
			assert_int_equal(line, !enabled);
			put(GICD + 0xc08, 4, 0);
			continue;
		}
		assert_int_equal(levels[to], line && enabled);
		assert_false(levels[!to]);
	}
	for (unsigned i = 0; i < DEVICES; i++)
		assert_int_equal(pthread_join(device[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(registers_are_read_while_they_are_written, begin),
	    cmocka_unit_test_setup(no_level_is_lost, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
