/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* The memory that a process brings for its objects and tables. */
#include "machine.h"

#define PAGES 40u

static struct kmem k;

static int setup(void **state)
{
	(void)state;
	host_reset(1);
	memset(arch_pa_to_va(HOST_RAM_START), 0xee, PAGES * PAGE_SIZE);
	kmem_init(&k, HOST_RAM_START, PAGES * PAGE_SIZE);
	return 0;
}

static bool is_zero(const void *at, uint64_t bytes)
{
	const uint8_t *b = at;

	for (uint64_t i = 0; i < bytes; i++)
		if (b[i])
			return false;
	return true;
}

static void pages_come_back(void **state)
{
	uint8_t *page[PAGES];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < PAGES; i++) {
			assert_int_equal(kmem_pages_left(&k), PAGES - i);
			page[i] = kmem_page(&k);
			assert_non_null(page[i]);
			assert_true(is_aligned((uint64_t)page[i], PAGE_SIZE));
			assert_true(is_zero(page[i], PAGE_SIZE));
			for (unsigned n = 0; n < i; n++)
				assert_ptr_not_equal(page[n], page[i]);
			memset(page[i], 0xff, PAGE_SIZE);
		}
		assert_null(kmem_page(&k));
		assert_null(kmem_alloc(&k, OBJECT_CHANNEL));
		kmem_init(&k, k.base, k.bytes); /* what was written into the pages is gone */
	}
}

/* Objects of all kinds, in any order: zeroed, apart from each other, inside the block, counted. */
static void objects_are_zeroed_apart_and_counted(void **state)
{
	static const uint32_t size[KMEM_CLASSES] = {[OBJECT_THREAD] = sizeof(struct thread),
						    [OBJECT_CHANNEL] = sizeof(struct channel),
						    [OBJECT_CONNECTION] = sizeof(struct connection),
						    [OBJECT_VCPU] = sizeof(struct vcpu),
						    [OBJECT_PULSE] = sizeof(struct pulse)};
	static struct {
		uint8_t *at;
		unsigned class;
	} all[2000];
	unsigned count = 0, full = 0;
	uint32_t alive[KMEM_CLASSES] = {0};

	(void)state;
	machine_seed(3);
	for (unsigned n = 0; n < 30000; n++) {
		unsigned class = machine_random(KMEM_CLASSES), i;

		if (machine_random(100) < 80 && size[class] && count < ARRAY_COUNT(all)) {
			uint8_t *at = kmem_alloc(&k, class);

			if (!at) {
				full++;
				continue;
			}
			assert_true(is_aligned((uint64_t)at, 16));
			assert_true(is_zero(at, size[class]));
			assert_true(arch_va_to_pa(at) >= HOST_RAM_START);
			assert_true(arch_va_to_pa(at) + size[class] <= HOST_RAM_START + PAGES * PAGE_SIZE);
			assert_true(((uint64_t)at & PAGE_MASK) + size[class] <= PAGE_SIZE);
			memset(at, (int)(count & 0xff), size[class]);
			all[count].at = at;
			all[count++].class = class;
			alive[class]++;
		} else if (count) {
			i = machine_random(count);
			/* Nobody has written into it since. */
			assert_int_equal(all[i].at[0], all[i].at[size[all[i].class] - 1]);
			kmem_free(&k, all[i].class, all[i].at);
			alive[all[i].class]--;
			all[i] = all[--count];
		}
		for (unsigned c = OBJECT_THREAD; c < KMEM_CLASSES; c++)
			assert_int_equal(k.count[c], alive[c]);
	}
	assert_true(full > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(pages_come_back, setup),
	    cmocka_unit_test_setup(objects_are_zeroed_apart_and_counted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
