/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual CPUs that go on and off, pauses, reports, and the VM's end. */
#include "vm_under_test.h"

/* A vCPU's thread that is off waits for its turn. */
static void a_virtual_cpu_that_is_off_waits(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	assert_int_equal(run_thread("vcpu1"), STUB_WORD_WAITS);
	assert_int_equal(k.entries, 0);
	assert_int_equal(run_thread("vcpu0"), STUB_PROCESS_ENDED); /* this one runs to the end of its script */
	assert_int_equal(k.entry[0].vcpu, 10);
	assert_int_equal(k.resets[0], 1);
	assert_int_equal(k.resets[1], 0);
	assert_int_equal(k.vreg[0][VREG_PC], RAM);
}

static struct vcpu_run hvc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	return (struct vcpu_run){.exit = EXIT_HVC, .x2 = function, .x3 = x1, .x4 = x2, .x5 = x3};
}

static void firmware_calls_turn_cpus_on_and_off(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	script((struct vcpu_run){.exit = EXIT_SMC, .x1 = 7, .x2 = 0x84000000});
	script(hvc(0x84000000, 0, 0, 0));                 /* PSCI_VERSION */
	script(hvc(0xc4000003, 1, RAM + 0x1000, 0x5555)); /* CPU_ON */
	script(hvc(0xc4000003, 1, RAM + 0x1000, 0x5555));
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_RESULT);
	assert_int_equal(k.entry[1].x[0], ~0ull); /* an immediate that nobody defined */
	assert_int_equal(k.entry[2].x[0], 0x10001);
	assert_int_equal(k.entry[3].x[0], PSCI_SUCCESS);
	assert_int_equal(k.entry[4].x[0], (uint64_t)PSCI_ALREADY_ON);
	assert_int_equal(vm.vcpu[1].power, 1);
	arch_vcpu_begin(&vm.vcpu[1]); /* as its thread does */
	assert_int_equal(k.resets[1], 1);
	assert_int_equal(k.vreg[1][VREG_PC], RAM + 0x1000);
	assert_int_equal(k.vreg[1][VREG_X0], 0x5555);
	/* The second vCPU goes off: its thread waits again, and it can be turned on again. */
	vm.ending = 0;
	k.entries = k.exits = 0;
	script(hvc(0x84000002, 0, 0, 0)); /* CPU_OFF */
	assert_false(run(1));
	assert_int_equal(k.entry[0].vcpu, 11);
	assert_int_equal(vm.vcpu[1].power, 0);
	k.entries = k.exits = 0;
	script(hvc(0xc4000003, 1, RAM + 0x2000, 1));
	script(hvc(0x84000009, 0, 0, 0)); /* SYSTEM_RESET */
	assert_true(run(0));
	assert_int_equal(k.entry[1].x[0], PSCI_SUCCESS);
	arch_vcpu_begin(&vm.vcpu[1]);
	assert_int_equal(k.resets[1], 2);
	assert_int_equal(k.vreg[1][VREG_PC], RAM + 0x2000);
	assert_int_equal(k.status, CAUSE_RESET << 8);
}

static void a_stopped_vm_runs_no_virtual_cpu(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	k.vreg[0][VREG_PC] = 0x1234;
	k.vreg[0][VREG_EXITS] = 9;
	vm_report();
	assert_non_null(strstr(k.log, "vCPU 0: on, PC 0x1234, 9 exits, 0 unsupported accesses\n"));
	assert_non_null(strstr(k.log, "vCPU 1: off"));
	assert_int_equal(k.kicks[0], 0);
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	/* While the VM ends, a vCPU that is kicked runs no more. */
	assert_int_equal(vm.ending, 1);
	k.entries = k.exits = 0;
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	assert_int_equal(k.status, ~0ull);
}

static void expect_pause(uint32_t unstopped, uint64_t now)
{
	k.sent_bytes = 0;
	k.state = VM_PAUSED;
	vm_pause_or_resume();
	assert_int_equal(k.sent_bytes, sizeof(struct pm_answer) + 4);
	assert_int_equal(k.sent.head.type, PM_ANSWER);
	assert_int_equal(k.sent.head.signal, BH_SIGPAUSE);
	assert_int_equal(k.sent.value, unstopped);
	assert_int_equal(core.now, now);
}

/* No virtual CPU enters the guest, also none that was off or in the guest; procmgr learns when all have stopped. */
static void a_paused_vm_enters_no_guest(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	arch_vcpu_begin(&vm.vcpu[0]);
	expect_pause(1, 1000000000);
	assert_int_equal(k.kicks[0], 1);
	assert_int_equal(k.kicks[1], 1);
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	assert_int_equal(k.entries, 1);
	assert_int_equal(vm.vcpu[0].parked, 1);
	assert_int_equal(vm.parkings, 1);
	expect_pause(0, 1000000000);
	/* Turned on at the last moment. */
	vm.vcpu[1].power = 1;
	expect_pause(1, 2000000000);
	assert_int_equal(run_thread("vcpu1"), STUB_WORD_WAITS);
	assert_int_equal(vm.vcpu[1].parked, 1);
	assert_int_equal(k.entries, 1);
	expect_pause(0, 2000000000);
	vm_report();
	assert_non_null(strstr(k.log, "vCPU 0: on, PC 0x80000000"));
	assert_non_null(strstr(k.log, "vCPU 1: on, PC"));
	k.state = VM_RUNNING;
	k.sent_bytes = 0;
	vm_pause_or_resume();
	vm_pause_or_resume();
	assert_int_equal(vm.paused, 0);
	assert_int_equal(k.sent_bytes, 0);
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_int_equal(run_thread("vcpu1"), STUB_PROCESS_ENDED);
	assert_int_equal(k.entries, 3);
	assert_int_equal(k.entry[2].action, ACT_RUN);
	assert_int_equal(k.entry[2].vcpu, 11);
}

static void a_kernel_error_ends_the_vm(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	script((struct vcpu_run){.exit = -EINVAL});
	assert_true(run(0));
	assert_int_equal(k.status, VM_EXIT_FATAL | CAUSE_ERROR << 8);
}

int power_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_virtual_cpu_that_is_off_waits),  CASE(firmware_calls_turn_cpus_on_and_off),
	    CASE(a_stopped_vm_runs_no_virtual_cpu), CASE(a_paused_vm_enters_no_guest),
	    CASE(a_kernel_error_ends_the_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
