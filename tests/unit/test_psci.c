/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/psci.c */
/* PSCI and SMCCC calls against a VM of three vCPUs, two of them in one cluster. */
#include "qvm/arch/aarch64/psci.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define RAM       0x80000000ull
#define RAM_BYTES 0x200000000ull /* 8 GiB, so that it passes 4 GiB */

static struct vm {
	enum psci_power power[3];
	uint64_t entry, context;
	bool off_allowed;
	unsigned on_calls, off_calls, last;
} vm;

static bool is_ram(void *ctx, uint64_t ipa, uint64_t bytes)
{
	assert_ptr_equal(ctx, &vm);
	return ipa >= RAM && ipa - RAM <= RAM_BYTES - bytes;
}

static enum psci_power power(void *ctx, unsigned vcpu)
{
	(void)ctx;
	assert_true(vcpu < 3);
	return vm.power[vcpu];
}

static void turn_on(void *ctx, unsigned vcpu, uint64_t entry, uint64_t context)
{
	(void)ctx;
	assert_int_equal(vm.power[vcpu], PSCI_POWER_OFF);
	vm.last = vcpu;
	vm.entry = entry;
	vm.context = context;
	vm.on_calls++;
}

static bool turn_off(void *ctx, unsigned vcpu)
{
	(void)ctx;
	vm.last = vcpu;
	vm.off_calls++;
	return vm.off_allowed;
}

static const struct psci_ops ops = {is_ram, power, turn_on, turn_off};
static struct psci psci = {.ops = &ops, .ctx = &vm, .config = PSCI_CONFIG_DEFAULT};

static int setup(void **state)
{
	(void)state;
	vm = (struct vm){.power = {PSCI_POWER_ON, PSCI_POWER_OFF, PSCI_POWER_OFF}, .off_allowed = true};
	psci.config = (struct psci_config)PSCI_CONFIG_DEFAULT;
	psci.config.vcpus = 3;
	psci.config.affinity[1] = 1;
	psci.config.affinity[2] = 0x100000100;
	psci.config.affinity[3] = 5; /* not one of the three */
	return 0;
}

static uint64_t result[4];

static enum psci_outcome call(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	const uint64_t args[4] = {x0, x1, x2, x3};

	return psci_answer(&psci, 1, args, result);
}

/* A call that returns, and returns this. */
static void expect(int64_t value, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	assert_int_equal(call(x0, x1, x2, x3), PSCI_RETURN);
	assert_int_equal(result[0], (uint64_t)value);
	assert_int_equal(result[1], x1);
	assert_int_equal(result[2], x2);
	assert_int_equal(result[3], x3);
}

static void versions_are_reported(void **state)
{
	(void)state;
	expect(0x10001, 0x84000000, 5, 6, 7);
	expect(0x10001, 0x80000000, 0, 0, 0);
	expect(0x10001, 0xffffffff84000000, 0, 0, 0); /* only W0 counts */
	expect(2, 0x84000006, 0, 0, 0);
}

static void unknown_functions_are_not_supported(void **state)
{
	static const uint32_t ids[] = {
	    0,          0x84000005, 0x84000007, 0x8400000b, 0x8400000c, 0x8400000d, 0x8400000e, 0x8400000f,
	    0x84000010, 0x84000011, 0x84000013, 0xc4000000, 0xc4000002, 0xc4000006, 0xc4000008, 0xc400000a,
	    0xc400000c, 0x80000002, 0xc0000000, 0xc0000001, 0x86000000, 0xbf00ff01, 0x04000000, 0xffffffff,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		expect(PSCI_NOT_SUPPORTED, ids[i], 1, 2, 3);
		expect(PSCI_NOT_SUPPORTED, 0x8400000a, ids[i], 0, 0);
	}
	assert_int_equal(vm.on_calls | vm.off_calls, 0);
}

static void features_names_each_function(void **state)
{
	static const uint32_t ids[] = {
	    0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003, 0x84000004, 0xc4000004,
	    0x84000006, 0x84000008, 0x84000009, 0x8400000a, 0x84000012, 0xc4000012, 0x80000000,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		expect(0, 0x8400000a, ids[i], 0, 0);
	expect(PSCI_NOT_SUPPORTED, 0x8400000a, 0x80000001, 0, 0);
}

static void cpu_on_starts_a_cpu_that_is_off(void **state)
{
	(void)state;
	expect(PSCI_SUCCESS, 0xc4000003, 1, 0x180000000, ~0ull);
	assert_int_equal(vm.last, 1);
	assert_int_equal(vm.entry, 0x180000000);
	assert_int_equal(vm.context, ~0ull);
	expect(PSCI_SUCCESS, 0xc4000003, 0x100000100, RAM, 4);
	assert_int_equal(vm.last, 2);
	/* SMC32: the upper halves do not count. */
	expect(PSCI_SUCCESS, 0x84000003, 0xdead00000001, 0xdead80000004, 0xdead00000007);
	assert_int_equal(vm.last, 1);
	assert_int_equal(vm.entry, 0x80000004);
	assert_int_equal(vm.context, 7);
	assert_int_equal(vm.on_calls, 3);
	expect(PSCI_INVALID_PARAMETERS, 0xc4000003, 2, RAM, 0);
	expect(PSCI_INVALID_PARAMETERS, 0xc4000003, 0x80000001, RAM, 0);
	expect(PSCI_INVALID_PARAMETERS, 0x84000003, 0x100, RAM, 0);
	expect(PSCI_INVALID_ADDRESS, 0xc4000003, 1, RAM - 4, 0);
	expect(PSCI_INVALID_ADDRESS, 0xc4000003, 1, RAM + RAM_BYTES, 0);
	expect(PSCI_INVALID_ADDRESS, 0xc4000003, 1, RAM + 2, 0);
	expect(PSCI_INVALID_ADDRESS, 0xc4000003, 1, ~3ull, 0);
	expect(PSCI_ALREADY_ON, 0xc4000003, 0, RAM, 0);
	vm.power[1] = PSCI_POWER_PENDING;
	expect(PSCI_ON_PENDING, 0xc4000003, 1, RAM, 0);
	assert_int_equal(vm.on_calls, 3);
}

static void cpu_off_stops_the_caller(void **state)
{
	(void)state;
	assert_int_equal(call(0x84000002, 0, 0, 0), PSCI_CPU_GONE);
	assert_int_equal(vm.last, 1);
	vm.off_allowed = false;
	expect(PSCI_DENIED, 0x84000002, 0, 0, 0);
	assert_int_equal(vm.off_calls, 2);
}

static void suspend_waits_or_restarts(void **state)
{
	(void)state;
	for (unsigned wide = 0; wide < 2; wide++) {
		uint64_t id = wide ? 0xc4000001 : 0x84000001;

		assert_int_equal(call(id, 0x1234, 1, 2), PSCI_STANDBY);
		assert_int_equal(result[0], 0);
		assert_int_equal(result[1], 0x1234);
		assert_int_equal(call(id, 0x10000, RAM + 8, 77), PSCI_RESTART);
		assert_int_equal(result[0], RAM + 8);
		assert_int_equal(result[1], 77);
		expect(PSCI_INVALID_ADDRESS, id, 0x10000, RAM + 9, 0);
		expect(PSCI_INVALID_ADDRESS, id, 0x10000, 0, 0);
		expect(PSCI_INVALID_PARAMETERS, id, 0x1000000, RAM, 0);
		expect(PSCI_INVALID_PARAMETERS, id, 0x20000, RAM, 0);
		expect(PSCI_INVALID_PARAMETERS, id, 0x80000000, RAM, 0);
	}
	expect(PSCI_INVALID_PARAMETERS, 0xc4000001, 0x100000000, RAM, 0);
}

static void affinity_info_says_who_is_on(void **state)
{
	(void)state;
	expect(PSCI_POWER_ON, 0xc4000004, 0, 0, 0);
	expect(PSCI_POWER_OFF, 0xc4000004, 1, 0, 0);
	expect(PSCI_POWER_OFF, 0xc4000004, 0x100000100, 0, 0);
	expect(PSCI_POWER_ON, 0xc4000004, 0x7f, 1, 0); /* Aff0 does not count */
	expect(PSCI_POWER_OFF, 0xc4000004, 0x100000155, 1, 0);
	vm.power[2] = PSCI_POWER_PENDING;
	expect(PSCI_POWER_PENDING, 0xc4000004, 0x100000100, 0, 0);
	expect(PSCI_POWER_PENDING, 0xc4000004, 0x100000000, 3, 0);
	expect(PSCI_POWER_ON, 0x84000004, 0, 3, 0);
	expect(PSCI_INVALID_PARAMETERS, 0xc4000004, 2, 0, 0);
	expect(PSCI_INVALID_PARAMETERS, 0xc4000004, 5, 0, 0);
	expect(PSCI_INVALID_PARAMETERS, 0xc4000004, 0, 4, 0);
	expect(PSCI_INVALID_PARAMETERS, 0xc4000004, 0x1000000, 0, 0);
	expect(PSCI_INVALID_PARAMETERS, 0xc4000004, 0x200, 1, 0);
}

static void system_calls_end_the_vm(void **state)
{
	(void)state;
	assert_int_equal(call(0x84000008, 0, 0, 0), PSCI_VM_OFF);
	assert_int_equal(call(0x84000009, 0, 0, 0), PSCI_VM_RESET);
	assert_int_equal(call(0x84000012, 0, 5, 0), PSCI_VM_RESET);
	assert_int_equal(call(0xc4000012, 0, 5, 0), PSCI_VM_RESET);
	expect(PSCI_INVALID_PARAMETERS, 0x84000012, 1, 0, 0);
	expect(PSCI_NOT_SUPPORTED, 0x84000012, 0x80000000, 0, 0);
}

static void workarounds_are_those_of_the_host(void **state)
{
	static const uint32_t ids[] = {0x80008000, 0x80007fff, 0x80003fff};

	(void)state;
	expect(0, 0x80000001, 0x80000000, 0, 0);
	expect(0, 0x80000001, 0x80000001, 0, 0);
	expect(PSCI_NOT_SUPPORTED, 0x80000001, 0x80000002, 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		expect(PSCI_NOT_SUPPORTED, 0x80000001, ids[i], 0, 0);
		expect(PSCI_NOT_SUPPORTED, ids[i], 1, 0, 0);
		psci.config.workaround[i] = 1;
		expect(1, 0x80000001, ids[i], 0, 0);
		expect(PSCI_SUCCESS, ids[i], 1, 0, 0);
		psci.config.workaround[i] = 0;
		expect(0, 0x80000001, ids[i], 0, 0);
		expect(PSCI_SUCCESS, ids[i], 1, 0, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(versions_are_reported, setup),
	    cmocka_unit_test_setup(unknown_functions_are_not_supported, setup),
	    cmocka_unit_test_setup(features_names_each_function, setup),
	    cmocka_unit_test_setup(cpu_on_starts_a_cpu_that_is_off, setup),
	    cmocka_unit_test_setup(cpu_off_stops_the_caller, setup),
	    cmocka_unit_test_setup(suspend_waits_or_restarts, setup),
	    cmocka_unit_test_setup(affinity_info_says_who_is_on, setup),
	    cmocka_unit_test_setup(system_calls_end_the_vm, setup),
	    cmocka_unit_test_setup(workarounds_are_those_of_the_host, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
