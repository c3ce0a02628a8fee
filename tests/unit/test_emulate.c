/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/emulate.c qvm/arch/aarch64/emulate_data.c */
/* SOURCES: qvm/arch/aarch64/insn.c qvm/arch/aarch64/walk.c qvm/arch/aarch64/watch.c */
/* SOURCES: qvm/arch/aarch64/cache.c qvm/memory.c qvm/mmio.c tests/unit/emulate */
/* Accesses that stage 2 stops: the right registers, addresses and faults; with the rights of who makes them. */
#include "emulate/guest.h"

struct guest_memory memory;
uint8_t ram[RAM_SIZE + 0x1000];
uint64_t vreg[VREG_COUNT];
static struct {
	uint64_t ipa, value;
	unsigned size;
	bool store;
} log[64];
unsigned logged, refuse_at, nothing, nothing_size;
bool tolerant;
uint64_t nothing_at;
bool nothing_write;

static uint64_t get(void *ctx, unsigned reg)
{
	(void)ctx;
	return vreg[reg];
}

static void set(void *ctx, unsigned reg, uint64_t value)
{
	(void)ctx;
	vreg[reg] = value;
}

static bool device(void *ctx, uint64_t ipa, unsigned size)
{
	(void)ctx;
	return ipa >= DEVICE && ipa + size <= DEVICE + 0x1000;
}

static bool note(uint64_t ipa, unsigned size, uint64_t value, bool store)
{
	assert_true(logged < 64 && device(NULL, ipa, size));
	log[logged].ipa = ipa;
	log[logged].size = size;
	log[logged].value = value;
	log[logged].store = store;
	return ++logged != refuse_at;
}

static bool read_device(void *ctx, uint64_t ipa, unsigned size, uint64_t *value)
{
	(void)ctx;
	*value = 0x8877665544332211ull + logged; /* more bits than asked for must not matter */
	return note(ipa, size, 0, false);
}

static bool write_device(void *ctx, uint64_t ipa, unsigned size, uint64_t value)
{
	(void)ctx;
	return note(ipa, size, value, true);
}

static bool apply_policy(void *ctx, uint64_t ipa, unsigned size, enum unsupported_act act)
{
	(void)ctx;
	nothing_size = size;
	nothing++;
	nothing_at = ipa;
	nothing_write = act == UNSUPPORTED_WRITES;
	return tolerant;
}

static const struct device_ops devices = {device, read_device, write_device, apply_policy};
/* Register 31 is XZR: nobody asks for what is in vreg[31]. */
static void get_general(void *ctx, uint32_t numbers, uint64_t value[4])
{
	(void)ctx;
	for (unsigned i = 0; i < 4; i++) {
		const unsigned reg = numbers >> 8 * i & 31;

		value[i] = reg == 31 ? 0 : vreg[VREG_X0 + reg];
	}
}

const struct emulate_ops ops = {get, get_general, set};

int set_up(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	memset(vreg, 0, sizeof(vreg));
	memset(ram, 0, sizeof(ram));
	logged = refuse_at = nothing = 0;
	tolerant = true;
	assert_null(guest_memory_add(&memory, RAM, RAM_SIZE, false));
	assert_null(guest_memory_add(&memory, ROM, 0x1000, true));
	memory.window = ram;
	vreg[VREG_PSTATE] = EL1H;
	return 0;
}

void put_value(uint64_t ipa, uint64_t value)
{
	assert_true(guest_memory_write(&memory, ipa, &value, 8));
}

void put_word(uint32_t word)
{
	assert_true(guest_memory_write(&memory, CODE, &word, 4));
}

/* 4 KiB pages, 39 bits: an entry for each page of the first 2 MiB of addresses, VA = page number. */
void map_page(unsigned page, uint64_t ipa, uint64_t attributes)
{
	put_value(TABLES, (TABLES + 0x1000) | 3);
	put_value(TABLES + 0x1000, (TABLES + 0x2000) | 3);
	put_value(TABLES + 0x2000 + page * 8, ipa | attributes | 1ull << 10 | 3);
	vreg[VREG_SCTLR_EL1] = 1;
	vreg[VREG_TCR_EL1] = 25 | 25ull << 16 | 2ull << 30 | 2ull << 32;
	vreg[VREG_TTBR0_EL1] = TABLES;
}

struct emulate_result result;

static struct walk_layout layout;

/* What the kernel says of the registers beside the exit. */
void take_registers(struct emulate_exit *exit)
{
	exit->pstate = vreg[VREG_PSTATE];
	exit->regs = (struct walk_regs){.sctlr = vreg[VREG_SCTLR_EL1],
					.tcr = vreg[VREG_TCR_EL1],
					.ttbr0 = vreg[VREG_TTBR0_EL1],
					.ttbr1 = vreg[VREG_TTBR1_EL1],
					.layout = &layout};
	exit->mdscr = vreg[VREG_MDSCR_EL1];
}

enum emulate_outcome run_exit(struct emulate_exit exit)
{
	take_registers(&exit);
	result = emulate_access(&memory, &ops, &devices, NULL, &exit);
	return result.outcome;
}

/* A word whose syndrome says no more than direction, without an MMU. */
enum emulate_outcome run(uint32_t word, uint64_t address, bool write)
{
	put_word(word);
	return run_exit(
	    (struct emulate_exit){.ipa = address, .esr = TRANSLATE | (write ? WNR : 0), .far = address, .pc = CODE});
}

enum emulate_outcome run_load(uint32_t word, uint64_t address)
{
	return run(word, address, false);
}

enum emulate_outcome run_store(uint32_t word, uint64_t address)
{
	return run(word, address, true);
}

void expect_abort(uint64_t iss, uint64_t offset)
{
	assert_int_equal(result.outcome, EMULATE_ABORT);
	assert_int_equal(result.iss, iss);
	assert_int_equal(result.offset, offset);
}

void expect(unsigned n, bool is_store, uint64_t ipa, unsigned size, uint64_t value)
{
	assert_true(n < logged);
	assert_int_equal(log[n].store, is_store);
	assert_int_equal(log[n].ipa, ipa);
	assert_int_equal(log[n].size, size);
	if (is_store)
		assert_int_equal(log[n].value, value);
}

static void regions_do_not_overlap_and_are_found_whole(void **state)
{
	struct mmio m = {0};

	(void)state;
	assert_true(mmio_add(&m, &(struct mmio_region){.start = 0x3000, .bytes = 0x1000}));
	assert_true(mmio_add(&m, &(struct mmio_region){.start = 0x1000, .bytes = 0x1000}));
	assert_true(mmio_add(&m, &(struct mmio_region){.start = 0x2000, .bytes = 0x1000}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x3fff, .bytes = 8}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x800, .bytes = 0x801}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = ~0ull - 6, .bytes = 8}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x9000, .bytes = 0}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x9000, .bytes = 7}));
	for (uint64_t ipa = 0; ipa < 0x5000; ipa += 4) {
		const struct mmio_region *region = mmio_find(&m, ipa, 4);

		if (ipa < 0x1000 || ipa >= 0x4000)
			assert_null(region);
		else
			assert_int_equal(region->start, ipa & ~0xfffull);
	}
	assert_null(mmio_find(&m, 0x3ffe, 4)); /* half outside */
	assert_null(mmio_find(&m, 0x1ffe, 4)); /* across two devices */
	assert_int_equal(mmio_find(&m, 0x2000, 8)->start, 0x2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(regions_do_not_overlap_and_are_found_whole, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + register_tests() + edge_tests() + right_tests();
}
