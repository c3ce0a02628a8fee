/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* Stage-2 tables, against a map of pages, and the order of what is done to them, against the architecture's rules. */
#include "machine.h"

#define KIB4 PAGE_SIZE
#define MIB2 (2ull << 20)
#define GIB1 (1ull << 30)
#define VMID 9u
#define RW   (SPACE_R | SPACE_W)

static struct kmem k;
static struct space s;

static void start(unsigned pages, bool guest)
{
	host_reset(1);
	kmem_init(&k, HOST_RAM_START, pages * PAGE_SIZE);
	host_record(true);
	assert_int_equal(space_init(&s, &k, VMID, guest), 0);
}

static int setup(void **state)
{
	(void)state;
	start(200, false);
	return 0;
}

static void rules(void)
{
	const char *wrong = host_record_check();

	if (wrong)
		fail_msg("%s", wrong);
}

static int teardown(void **state)
{
	(void)state;
	rules();
	host_record(false);
	return 0;
}

static void expect(vaddr_t va, paddr_t pa, unsigned attr)
{
	unsigned shift;
	uint64_t leaf = *host_walk(s.root_pa, va, &shift);

	assert_int_equal((leaf & ARCH_DESC_ADDR) | (va & (BIT(shift) - 1)), pa);
	assert_int_equal(space_get_attr(&s, va), attr);
}

static void expect_hole(vaddr_t va)
{
	assert_int_equal(space_get_attr(&s, va), 0);
}

/* ---- what is built ---- */

static void the_largest_leaf_that_fits_is_used(void **state)
{
	(void)state;
	/* One leaf of each size, without tables that are not needed. */
	assert_int_equal(space_map(&s, GIB1, 4 * GIB1, GIB1, RW), GIB1);
	assert_int_equal(s.tables, 1);
	assert_int_equal(space_map(&s, 2 * GIB1, MIB2, MIB2, RW), MIB2);
	assert_int_equal(s.tables, 2);
	assert_int_equal(space_map(&s, 2 * GIB1 + MIB2, KIB4, KIB4, SPACE_R | SPACE_X), KIB4);
	assert_int_equal(s.tables, 3);
	expect(GIB1 + 0x12345678, 4 * GIB1 + 0x12345678, RW);
	expect(2 * GIB1 + 0x123456, MIB2 + 0x123456, RW);
	expect(2 * GIB1 + MIB2 + 0x123, KIB4 + 0x123, SPACE_R | SPACE_X);
	expect_hole(2 * GIB1 + MIB2 + KIB4);
	expect_hole(0);
	expect_hole(SPACE_LIMIT);
	/* The physical address is not aligned as the virtual one is: small leaves. */
	assert_int_equal(space_map(&s, 4 * GIB1, KIB4, MIB2, RW), SPACE_STEP * KIB4);
	/* Unaligned ends round a large middle. */
	assert_int_equal(space_map(&s, 8 * GIB1 + MIB2 - KIB4, MIB2 - KIB4, MIB2 + 2 * KIB4, RW), MIB2 + 2 * KIB4);
	expect(8 * GIB1 + MIB2 - KIB4, MIB2 - KIB4, RW);
	expect(8 * GIB1 + 2 * MIB2, 2 * MIB2, RW);
	assert_int_equal(s.tables, 3 + 2 + 3);
	/* To the very end. */
	assert_int_equal(space_map(&s, SPACE_LIMIT - GIB1, GIB1, GIB1, SPACE_R | SPACE_DEVICE), GIB1);
	expect(SPACE_LIMIT - 1, 2 * GIB1 - 1, SPACE_R | SPACE_DEVICE);
}

static void what_is_mapped_is_not_mapped_again(void **state)
{
	(void)state;
	assert_int_equal(space_map(&s, 4 * KIB4, KIB4, KIB4, RW), KIB4);
	assert_int_equal(space_map(&s, 4 * KIB4, KIB4, KIB4, RW), -KE_EXIST);
	assert_int_equal(space_map(&s, 0, 0, MIB2, RW), 4 * KIB4);
	assert_int_equal(space_map(&s, GIB1, GIB1, GIB1, RW), GIB1);
	assert_int_equal(space_map(&s, GIB1 + KIB4, KIB4, KIB4, RW), -KE_EXIST);
	assert_int_equal(space_map(&s, GIB1 - KIB4, GIB1 - KIB4, 2 * KIB4, RW), KIB4);
	/* A table that unmapping left empty is filled, with smaller leaves. */
	assert_int_equal(space_map(&s, 4 * GIB1, KIB4, KIB4, RW), KIB4);
	assert_int_equal(space_change(&s, 4 * GIB1, KIB4, 0), KIB4);
	assert_int_equal(space_map(&s, 4 * GIB1, 4 * GIB1, MIB2, RW), SPACE_STEP * KIB4);
	expect(4 * GIB1 + SPACE_STEP * KIB4 - 1, 4 * GIB1 + SPACE_STEP * KIB4 - 1, RW);
}

static void each_split_is_a_step(void **state)
{
	(void)state;
	assert_int_equal(space_map(&s, GIB1, GIB1, GIB1, RW), GIB1);
	/* Each split is a step of its own. */
	assert_int_equal(space_change(&s, GIB1 + 5 * KIB4, KIB4, 0), 0);
	assert_int_equal(space_change(&s, GIB1 + 5 * KIB4, KIB4, 0), 0);
	assert_int_equal(space_change(&s, GIB1 + 5 * KIB4, KIB4, 0), KIB4);
	assert_int_equal(s.tables, 3);
	expect(GIB1 + 4 * KIB4, GIB1 + 4 * KIB4, RW);
	expect_hole(GIB1 + 5 * KIB4);
	expect(GIB1 + 6 * KIB4, GIB1 + 6 * KIB4, RW);
	expect(GIB1 + 511 * MIB2, GIB1 + 511 * MIB2, RW);
	assert_int_equal(space_change(&s, GIB1 + MIB2, MIB2, SPACE_R), MIB2);
	expect(GIB1 + MIB2, GIB1 + MIB2, SPACE_R);
	expect(GIB1 + 2 * MIB2, GIB1 + 2 * MIB2, RW);
	assert_int_equal(s.tables, 3);
	/* Device memory stays what it is. */
	assert_int_equal(space_map(&s, 8 * GIB1, GIB1, MIB2, RW | SPACE_DEVICE), MIB2);
	assert_int_equal(space_change(&s, 8 * GIB1 + KIB4, KIB4, SPACE_R), 0);
	assert_int_equal(space_change(&s, 8 * GIB1 + KIB4, KIB4, SPACE_R), KIB4);
	expect(8 * GIB1 + KIB4, GIB1 + KIB4, SPACE_R | SPACE_DEVICE);
	expect(8 * GIB1, GIB1, RW | SPACE_DEVICE);
}

static void blocks_of_a_guest_are_not_split(void **state)
{
	(void)state;
	start(200, true);
	assert_int_equal(space_map(&s, GIB1, GIB1, GIB1, RW), GIB1);
	assert_int_equal(space_change(&s, GIB1 + 5 * KIB4, KIB4, 0), -KE_INVAL);
	assert_int_equal(space_change(&s, GIB1 + MIB2, MIB2, SPACE_R), -KE_INVAL);
	expect(GIB1 + 5 * KIB4, GIB1 + 5 * KIB4, RW);
	assert_int_equal(space_change(&s, GIB1, GIB1, 0), GIB1);
	expect_hole(GIB1);
}

static void a_call_does_a_bounded_number_of_leaves(void **state)
{
	(void)state;
	/* Not more than SPACE_STEP leaves, nor as many holes, at a time. */
	assert_int_equal(space_map(&s, 0, KIB4, 2 * SPACE_STEP * KIB4, RW), SPACE_STEP * KIB4);
	assert_int_equal(space_map(&s, SPACE_STEP * KIB4, SPACE_STEP * KIB4, SPACE_STEP * KIB4, RW), SPACE_STEP * KIB4);
	assert_int_equal(space_change(&s, 0, 2 * SPACE_STEP * KIB4, SPACE_R), SPACE_CHANGE_STEP * KIB4);
	assert_int_equal(space_change(&s, 0, 2 * SPACE_STEP * KIB4, 0), SPACE_CHANGE_STEP * KIB4);
	expect_hole(0);
	expect(SPACE_CHANGE_STEP * KIB4, (SPACE_CHANGE_STEP + 1) * KIB4, RW);
	/* Gigabytes of nothing are one step each. */
	assert_int_equal(space_change(&s, GIB1, SPACE_LIMIT - GIB1, 0), SPACE_CHANGE_STEP * GIB1);
}

static void without_memory_for_tables_nothing_changes(void **state)
{
	(void)state;
	start(3, false);
	/* Two pages are left, and a first small leaf needs both. */
	assert_int_equal(space_map(&s, 0, KIB4, KIB4, RW), KIB4);
	assert_int_equal(space_map(&s, GIB1, KIB4, KIB4, RW), -KE_NOMEM);
	assert_int_equal(space_map(&s, MIB2, KIB4, KIB4, RW), -KE_NOMEM);
	assert_int_equal(s.tables, 3);
	expect_hole(MIB2);
	assert_int_equal(space_map(&s, GIB1, GIB1, GIB1, RW), GIB1);
	assert_int_equal(space_change(&s, GIB1, KIB4, 0), -KE_NOMEM);
	expect(GIB1, GIB1, RW);
	/* What could be done is done. */
	assert_int_equal(space_map(&s, 508 * KIB4, 507 * KIB4, 8 * KIB4, RW), 4 * KIB4);
	start(1, false);
	assert_int_equal(space_init(&s, &k, VMID, false), -KE_NOMEM);
}

/* ---- anything, against a map of pages ---- */

#define BASE        (GIB1 - 2 * MIB2)
#define MODEL_PAGES (6 * 512u)

static struct {
	paddr_t pa;
	unsigned attr; /* 0: nothing there */
} model[MODEL_PAGES];

static void model_check(void)
{
	for (unsigned i = 0; i < MODEL_PAGES; i++)
		if (model[i].attr)
			expect(BASE + i * KIB4, model[i].pa, model[i].attr);
		else
			expect_hole(BASE + i * KIB4);
}

static void random_operation(void)
{
	static const unsigned sizes[] = {1, 2, 3, 17, 512, 513, 1024};
	unsigned first = machine_random(2) ? machine_random(MODEL_PAGES) : machine_random(6) * 512;
	unsigned count = sizes[machine_random(ARRAY_COUNT(sizes))];
	unsigned attr = SPACE_R | (machine_random(2) ? SPACE_W : SPACE_X);
	paddr_t pa = (machine_random(2) ? GIB1 : GIB1 + 3 * KIB4) + first * KIB4;
	vaddr_t va = BASE + first * KIB4;
	int64_t done;

	if (count > MODEL_PAGES - first)
		count = MODEL_PAGES - first;
	switch (machine_random(3)) {
	case 0:
		done = space_map(&s, va, pa, count * KIB4, attr);
		if (done < 0)
			assert_true(done == -KE_NOMEM || (done == -KE_EXIST && model[first].attr));
		for (int64_t i = 0; i < done / (int64_t)KIB4; i++) {
			assert_int_equal(model[first + i].attr, 0);
			model[first + i].pa = pa + (uint64_t)i * KIB4;
			model[first + i].attr = attr;
		}
		break;
	case 1:
		done = space_change(&s, va, count * KIB4, 0);
		for (int64_t i = 0; i < done / (int64_t)KIB4; i++)
			model[first + i].attr = 0;
		break;
	default:
		done = space_change(&s, va, count * KIB4, attr);
		for (int64_t i = 0; i < done / (int64_t)KIB4; i++)
			if (model[first + i].attr)
				model[first + i].attr = attr;
	}
	assert_true(done <= (int64_t)(count * KIB4));
}

static void random_operations_agree_with_a_map_of_pages(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 12; seed++) {
		machine_seed(seed);
		start(seed < 6 ? 200 : 5, false);
		memset(model, 0, sizeof(model));
		for (unsigned n = 0; n < 150; n++) {
			random_operation();
			if (n % 10 == 0)
				model_check();
		}
		model_check();
		rules();
	}
}

/* ---- the rules themselves ---- */

#define LEAF(n)  (((n) << 12) | 0x7ff)
#define TABLE(a) (arch_va_to_pa(a) | 3)

static void dsb(void)
{
	host_record_event(HOST_DSB, 0, 0);
}

static void put(uint64_t *entry, uint64_t value)
{
	host_record_event(HOST_TABLE_WRITE, (uint64_t)entry, value);
}

static void tlbi_stage2(const uint64_t *entry)
{
	host_record_tlbi(HOST_TLBI_PAGE, entry, VMID, NULL);
}

static void tlbi_stage1(void)
{
	host_record_tlbi(HOST_TLBI_STAGE1, NULL, VMID, NULL);
}

static void tlbi(const uint64_t *entry)
{
	tlbi_stage2(entry), dsb(), tlbi_stage1();
}

/* A right beginning of what is to be shown wrong. */
static void break_first(uint64_t *table)
{
	put(&table[0], LEAF(1ull)), dsb(), put(&table[0], 0);
}

static void broken(void)
{
	assert_non_null(host_record_check());
	host_record(true);
}

static void the_checker_finds_broken_rules(void **state)
{
	uint64_t *table = kmem_page(&k), *below = kmem_page(&k), leaf = LEAF(2ull);

	(void)state;
	host_record(true);
	/* Right. */
	break_first(table), dsb(), tlbi(&table[0]), dsb(), put(&table[0], leaf), dsb();
	rules();
	/* Without a break. */
	host_record(true);
	put(&table[0], LEAF(1ull)), dsb(), put(&table[0], leaf), dsb();
	broken();
	/* Without the invalidation; with one that is too early; with one that is not waited for. */
	break_first(table), dsb(), put(&table[0], leaf), dsb();
	broken();
	put(&table[0], LEAF(1ull)), dsb(), tlbi(&table[0]), dsb(), put(&table[0], 0), dsb(), put(&table[0], leaf),
	    dsb();
	broken();
	break_first(table), dsb(), tlbi(&table[0]), put(&table[0], leaf), dsb();
	broken();
	/* The store that breaks it may come after the invalidation. */
	break_first(table), tlbi(&table[0]), dsb(), put(&table[0], leaf), dsb();
	broken();
	/* One half of it only; both at once: stage 1 may be walked before stage 2 is gone. */
	break_first(table), dsb(), tlbi_stage2(&table[0]), dsb();
	broken();
	break_first(table), dsb(), tlbi_stage1(), dsb();
	broken();
	break_first(table), dsb(), tlbi_stage2(&table[0]), tlbi_stage1(), dsb();
	broken();
	/* Of another address; of its neighbour, which was broken with it. */
	break_first(table), dsb(), tlbi(&table[1]), dsb();
	broken();
	put(&table[1], LEAF(3ull)), break_first(table), put(&table[1], 0), dsb(), tlbi(&table[1]), dsb();
	broken();
	/* Taken away, and nothing said. */
	break_first(table), dsb();
	broken();
	/* A table that was not zeroed; zeroed, but not ordered. */
	put(&table[1], TABLE(below)), dsb();
	broken();
	host_record_event(HOST_ZERO, (uint64_t)below, PAGE_SIZE);
	put(&table[1], TABLE(below)), dsb();
	broken();
	host_record_event(HOST_ZERO, (uint64_t)below, PAGE_SIZE);
	dsb(), put(&table[1], TABLE(below)), dsb();
	rules();
}

/* Of two spaces: the invalidation of one does nothing for the other, and each has its VMID. */
static void the_checker_tells_spaces_apart(void **state)
{
	uint64_t *root[2] = {kmem_page(&k), kmem_page(&k)}, *below = kmem_page(&k);

	(void)state;
	for (unsigned right = 0; right < 3; right++) {
		host_record(true);
		for (unsigned i = 0; i < 2; i++)
			host_record_tlbi(HOST_TLBI_SPACE, NULL, VMID + i, root[i]), dsb();
		host_record_event(HOST_ZERO, (uint64_t)below, PAGE_SIZE), dsb();
		put(&root[0][3], TABLE(below)), dsb();
		break_first(below), dsb();
		host_record_tlbi(HOST_TLBI_SPACE, NULL, VMID + (right == 1), root[right == 2]), dsb();
		if (right == 0)
			rules();
		else
			broken();
	}
}

/* Each thing that a change of eight leaves does is needed: without any one of them the rules are broken. */
static void no_step_of_maintenance_can_be_left_out(void **state)
{
	static const struct {
		enum host_event_kind kind;
		unsigned count;
	} needed[] = {{HOST_TLBI_PAGE, SPACE_CHANGE_STEP}, {HOST_TLBI_STAGE1, 1}, {HOST_DSB, 3}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(needed); i++) {
		for (unsigned n = 1; n <= needed[i].count; n++) {
			for (unsigned unmap = 0; unmap < 2; unmap++) {
				start(200, false);
				assert_int_equal(space_map(&s, 0, KIB4, SPACE_CHANGE_STEP * KIB4, RW),
						 SPACE_CHANGE_STEP * KIB4);
				rules();
				host_record_leave_out(needed[i].kind, n);
				if (unmap)
					space_change(&s, 0, SPACE_CHANGE_STEP * KIB4, 0);
				else
					space_change(&s, 0, SPACE_CHANGE_STEP * KIB4, SPACE_R);
				broken();
			}
		}
	}
	host_record_leave_out(HOST_DSB, 0);
}

static unsigned count_of(enum host_event_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < host_record_count(); i++)
		count += host_record_at(i)->kind == kind;
	return count;
}

/* Eight leaves cost eight invalidations of stage 2, but one of stage 1, and no more barriers than one leaf. */
static void eight_leaves_share_their_barriers(void **state)
{
	(void)state;
	for (unsigned unmap = 0; unmap < 2; unmap++) {
		unsigned barriers[2];

		for (unsigned eight = 0; eight < 2; eight++) {
			uint64_t bytes = (eight ? SPACE_CHANGE_STEP : 1) * KIB4;

			start(200, false);
			assert_int_equal(space_map(&s, 0, KIB4, SPACE_CHANGE_STEP * KIB4, RW),
					 SPACE_CHANGE_STEP * KIB4);
			host_record(true);
			assert_int_equal(unmap ? space_change(&s, 0, bytes, 0) : space_change(&s, 0, bytes, SPACE_R),
					 bytes);
			assert_int_equal(count_of(HOST_TLBI_PAGE), bytes / KIB4);
			assert_int_equal(count_of(HOST_TLBI_STAGE1), 1);
			barriers[eight] = count_of(HOST_DSB);
		}
		assert_int_equal(barriers[0], barriers[1]);
		assert_int_equal(barriers[1], unmap ? 3 : 4);
	}
}

/* Once the guest has run, only shared memory goes, however many steps it takes. */
static void a_sealed_space_gives_up_shared_memory_only(void **state)
{
	const uint64_t bytes = 2 * SPACE_CHANGE_STEP * PAGE_SIZE, at = 0x1000;

	(void)state;
	start(200, true);
	assert_int_equal(space_map(&s, at, HOST_RAM_START + at, bytes, SPACE_R | SPACE_W | SPACE_SHARED), bytes);
	assert_int_equal(space_map(&s, at + bytes, HOST_RAM_START, PAGE_SIZE, SPACE_R | SPACE_W | SPACE_X), PAGE_SIZE);
	s.sealed = true;
	assert_int_equal(space_change(&s, at + bytes, PAGE_SIZE, 0), -KE_PERM);
	assert_int_equal(space_change(&s, at + bytes / 2, bytes, 0), bytes / 2);
	assert_int_equal(space_change(&s, at + bytes, bytes / 2, 0), -KE_PERM);
	assert_int_equal(space_change(&s, at, bytes, 0), bytes / 2);
	s.sealed = false;
	assert_int_equal(space_change(&s, at + bytes, PAGE_SIZE, 0), PAGE_SIZE);
}

/* ---- through a process's calls ---- */

static void expect_zero(paddr_t at, uint64_t bytes)
{
	const uint8_t *b = arch_pa_to_va(at);

	for (uint64_t i = 0; i < bytes; i++)
		if (b[i])
			fail_msg("byte %lu is not zero", i);
}

/* Bit 0: the process's stage 2, bit 1: its guest's, bit 2: another one has been invalidated. */
static unsigned spaces_invalidated(void)
{
	unsigned which = 0;

	for (unsigned i = 0; i < host_record_count(); i++)
		if (host_record_at(i)->kind == HOST_TLBI_SPACE)
			which |= host_record_at(i)->value == 2 ? 1 : host_record_at(i)->value == 34 ? 2 : 4;
	return which;
}

/* What is executed was cleaned and synchronized; what is handed over was zeroed and cleaned. */
static void what_is_executed_is_clean_and_synchronized(void **state)
{
	const paddr_t kmem = HOST_RAM_START, ram = HOST_RAM_START + (1 << 20), archive = HOST_RAM_START + (12 << 20);
	const uint64_t bytes = 2 * MIB2 + 5 * PAGE_SIZE;
	const uint64_t code_bytes = 3 * PAGE_SIZE;
	uint64_t mem;
	struct process_params params = {.name = "x",
					.kmem = kmem,
					.kmem_bytes = 1 << 20,
					.runmask = 1,
					.priority = 9,
					.max_priority = 9,
					.policy = SCHED_FIFO_,
					.guest = 1,
					.abilities = ABLE_VCPU};
	uint8_t code[64];

	(void)state;
	host_record(false);
	machine_boot(1);
	mem = procmgr_page;
	board.initrd = (struct range){archive, code_bytes};
	machine_write(&processes[0], mem, &params, sizeof(params));
	memset(arch_pa_to_va(ram), 0x55, bytes);
	host_record(true);
	assert_int_equal(sys_ProcessCreate(procmgr, 1, mem), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, ram, bytes), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_CODE, archive, code_bytes), 1);
	assert_false(host_record_covers(HOST_ZERO, (uint64_t)arch_pa_to_va(ram), bytes));
	assert_int_equal(sys_Seal(procmgr), 0);
	assert_int_equal(sys_ProcessCreate(procmgr, 1, 0), 0);
	assert_true(host_record_covers(HOST_ZERO, (uint64_t)arch_pa_to_va(ram), bytes));
	assert_true(host_record_covers(HOST_CLEAN_POC, (uint64_t)arch_pa_to_va(ram), bytes));
	expect_zero(ram, bytes);
	memset(code, 0x77, sizeof(code));
	machine_write(&processes[0], mem, code, sizeof(code));
	assert_int_equal(sys_ProcessCopy(procmgr, 1, 0, 0, mem, sizeof(code)), 0);
	host_record(true);
	assert_int_equal(sys_ProcessMap(procmgr, 1, 0x400000, 1, 0, code_bytes, PROT_R | PROT_X), 0);
	assert_true(host_record_covers(HOST_SYNC_CODE, (uint64_t)arch_pa_to_va(archive), code_bytes));
	assert_int_equal(sys_ProcessMap(procmgr, 1, 0x10000000, 0, bytes - PAGE_SIZE, PAGE_SIZE, PROT_R | PROT_W), 0);
	rules();
	/* At its end nothing is left in a TLB under its number. */
	host_record(true);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_int_equal(spaces_invalidated(), 3);
	assert_int_equal(sys_ProcessZero(procmgr, 1), 0);
	expect_zero(ram, bytes);
	host_record(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_largest_leaf_that_fits_is_used, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_mapped_is_not_mapped_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(each_split_is_a_step, setup, teardown),
	    cmocka_unit_test_setup_teardown(blocks_of_a_guest_are_not_split, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_sealed_space_gives_up_shared_memory_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_call_does_a_bounded_number_of_leaves, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_memory_for_tables_nothing_changes, setup, teardown),
	    cmocka_unit_test_setup_teardown(random_operations_agree_with_a_map_of_pages, setup, teardown),
	    cmocka_unit_test_setup(the_checker_finds_broken_rules, setup),
	    cmocka_unit_test_setup(the_checker_tells_spaces_apart, setup),
	    cmocka_unit_test_setup(no_step_of_maintenance_can_be_left_out, setup),
	    cmocka_unit_test_setup(eight_leaves_share_their_barriers, setup),
	    cmocka_unit_test(what_is_executed_is_clean_and_synchronized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
