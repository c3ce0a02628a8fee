/* SPDX-License-Identifier: Apache-2.0 */
/* Exits of the guest: accesses, instructions, and what qvm does not support. */
#include "vm_under_test.h"

static void accesses_reach_their_devices(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = UART + 0xfe0, .x2 = 4});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = UART + 0x30, .x2 = 4, .x3 = 0x301});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = UART, .x2 = 4, .x3 = 'A'});
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = GICD + 0xffe8, .x2 = 4});
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000008, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = 0x5000008, .x2 = 8, .x3 = 1});
	script((struct vcpu_run){.exit = EXIT_FETCH, .x1 = 0x5000000});
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	assert_int_equal(k.status, CAUSE_OFF << 8);
	assert_int_equal(k.entry[0].action, ACT_RUN);
	assert_int_equal(k.entry[0].vcpu, 10);
	assert_int_equal(k.entry[1].action, ACT_DATA);
	assert_int_equal(k.entry[1].x[0], 0x11); /* UARTPeriphID0 */
	assert_int_equal(k.entry[3].action, ACT_DONE);
	assert_int_equal(port()->ring[0], 'A');
	assert_int_equal(port()->head, 1);
	assert_int_equal(k.entry[4].x[0] >> 4 & 0xf, 3); /* GICD_PIDR2.ArchRev: GICv3 */
	assert_int_equal(k.entry[5].action, ACT_DATA);
	assert_int_equal(k.entry[5].x[0], ~0ull);
	assert_int_equal(k.entry[6].action, ACT_DONE);
	assert_int_equal(k.entry[7].action, ACT_ABORT);
	assert_int_equal(k.entry[7].x[0], 0x10);
	assert_int_equal(k.entry[7].x[1], 0);
	assert_int_equal(k.entry[8].action, ACT_RUN);
	assert_int_equal(vm.vcpu[0].unsupported, 3);
	/* Nobody sent the output: the end did not wait for longer than a second. */
	assert_in_range(core.now, 1, 1100000000);
	assert_int_equal(k.kicks[0], 1);
}

static void an_instruction_without_syndrome_is_emulated(void **state)
{
	uint32_t stp = 0x29000801; /* stp w1, w2, [x0] */

	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	memcpy(window, &stp, 4);
	k.vreg[0][0] = UART + 0x24;
	k.vreg[0][1] = 26;
	k.vreg[0][2] = 3;
	script(
	    (struct vcpu_run){.exit = EXIT_MMIO_COMPLEX, .x1 = UART + 0x24, .x2 = 0x47, .x3 = UART + 0x24, .x4 = RAM});
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_REGISTERS);
	assert_int_equal(k.entry[1].x[0], 31 | 31 << 8 | 31 << 16);
	assert_int_equal(port()->uart.reg[UARTIBRD], 26);
	assert_int_equal(port()->uart.reg[UARTFBRD], 3);
	assert_int_equal(vm.vcpu[0].unsupported, 0);
}

static struct vdev_value read_small(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	(void)device, (void)vcpu;
	assert_int_equal(ipa, 0x6000000);
	assert_int_equal(size, 8);
	return (struct vdev_value){.done = 1, .value = 0x1234};
}

/* The least that a device may be: what of the access goes beyond it meets nothing. */
static void a_pair_that_is_larger_than_its_device_is_split(void **state)
{
	const struct mmio_region small = {.start = 0x6000000, .bytes = 8, .read = read_small};
	const uint32_t ldp = 0xa9400801; /* ldp x1, x2, [x0] */

	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	assert_true(mmio_add(&vm.mmio, &small));
	memcpy(window, &ldp, 4);
	k.vreg[0][0] = small.start;
	script(
	    (struct vcpu_run){.exit = EXIT_MMIO_COMPLEX, .x1 = small.start, .x2 = 0x7, .x3 = small.start, .x4 = RAM});
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_REGISTERS);
	assert_int_equal(k.entry[1].x[0], 1 | 2 << 8 | 31 << 16);
	assert_int_equal(k.entry[1].x[1], 0x1234);
	assert_int_equal(k.entry[1].x[2], ~0ull);
	assert_int_equal(vm.vcpu[0].unsupported, 1);
}

/* An instruction that is never what the syndrome says is let try again 32 times, then it is not supported. */
static void an_instruction_is_tried_again_32_times_at_most(void **state)
{
	const struct vcpu_run exit = {.exit = EXIT_MMIO_COMPLEX, .x1 = UART, .x2 = 7, .x3 = UART, .x4 = RAM + 4};
	struct vcpu_run other = exit, done = exit;
	const uint32_t ldr = 0xf8408401; /* ldr x1, [x0], #8 */

	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	other.x4 = RAM + 8;
	done.x4 = RAM + 12;
	done.x1 = done.x3 = 0x5000000;
	memcpy(window + 12, &ldr, 4);
	k.vreg[0][0] = 0x5000000;
	for (unsigned i = 0; i < 34; i++)
		script(exit);
	for (unsigned i = 0; i < 14; i++)
		script(i & 1 ? exit : other); /* elsewhere in between: there is progress */
	for (unsigned i = 0; i < 16; i++)
		script(i == 15 ? done : exit); /* it was done at last: the next time begins anew */
	assert_true(run(0));
	assert_int_equal(k.entry[64].action, ACT_REGISTERS);
	assert_int_equal(k.entry[64].x[0], 1 | 0 << 8 | 31 << 16);
	assert_int_equal(k.entry[64].x[1], ~0ull);
	assert_int_equal(k.entry[64].x[2], 0x5000008);
	assert_int_equal(vm.vcpu[0].arch.retries, 0);
	for (unsigned i = 1; i <= 63; i++)
		assert_int_equal(k.entry[i].action, i == 33 ? ACT_UNDEF : ACT_RUN);
	assert_int_equal(vm.vcpu[0].unsupported, 2);
}

/* DC ISW, CSW and CISW, of any register, are done by address, whatever the policy; their neighbours are not. */
static void maintenance_by_set_and_way_is_done(void **state)
{
	static const struct {
		uint32_t syndrome;
		enum vcpu_action action;
	} cases[] = {
	    {0x141c0c, ACT_DONE},
	    {0x141c14 | 31 << 5, ACT_DONE},
	    {0x141c1c | 3 << 5, ACT_DONE},
	    {0x141c04, ACT_UNDEF},
	    {0x141c1e, ACT_UNDEF},
	    {0x101c1c, ACT_UNDEF},
	    {0x141c1c | 1 << 14, ACT_UNDEF},
	    {0x341c1c, ACT_UNDEF},
	    {0x12dc16 | 3 << 5, ACT_DONE}, /* DC CVAU */
	    {0x12dc14, ACT_UNDEF},
	    {0x14dc16, ACT_UNDEF},
	};
	const unsigned count = sizeof(cases) / sizeof(cases[0]);

	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	for (unsigned i = 0; i < count; i++)
		script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = cases[i].syndrome, .x3 = 0x10});
	assert_true(run(0));
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(k.entry[i + 1].action, cases[i].action);
	assert_int_equal(vm.vcpu[0].unsupported, 7);
	assert_int_equal(vm.arch.set_way, 1);
}

static void unsupported_accesses_follow_the_policy(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	script((struct vcpu_run){.exit = EXIT_SYSREG_READ, .x1 = 0x1234});
	script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = 0x1234, .x3 = 1});
	script((struct vcpu_run){.exit = EXIT_INSTRUCTION, .x1 = 0x66000000});
	assert_true(run(0));
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(k.entry[i].action, ACT_UNDEF);
	tear_down(NULL);
	set_up(NULL);
	build_vm(CONFIG_HEAD CONFIG_TAIL
		 "unsupported register ignore\nunsupported instruction ignore\nunsupported reference fail\n");
	script((struct vcpu_run){.exit = EXIT_SYSREG_READ, .x1 = 0x1234});
	script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = 0x1234, .x3 = 1});
	script((struct vcpu_run){.exit = EXIT_INSTRUCTION, .x1 = 0x66000000});
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000008, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = 0x5000008, .x2 = 8});
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_DATA);
	assert_int_equal(k.entry[1].x[0], ~0ull);
	assert_int_equal(k.entry[2].action, ACT_DONE);
	assert_int_equal(k.entry[3].action, ACT_DONE);
	assert_int_equal(k.entry[4].action, ACT_ABORT);
	assert_int_equal(k.entry[4].x[0], 0x10);
	assert_int_equal(k.entry[5].action, ACT_ABORT);
	assert_int_equal(k.entry[5].x[0], 0x50);
	assert_int_equal(vm.vcpu[0].unsupported, 5);
	/* What a device refuses is the same. */
	k.entries = k.exits = 0;
	vm.ending = 0;
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = UART + 8, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = UART + 8, .x2 = 8});
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_ABORT);
	assert_int_equal(k.entry[1].x[0], 0x10);
	assert_int_equal(k.entry[2].action, ACT_ABORT);
	assert_int_equal(k.entry[2].x[0], 0x50);
	assert_int_equal(vm.vcpu[0].unsupported, 7);
}

static unsigned count_of(const char *text)
{
	unsigned count = 0;

	for (const char *at = k.log; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* The first of each type is logged, whoever does it, and how often the others come; all are counted, the last is kept.
 */
static void the_first_of_each_type_is_logged(void **state)
{
	static const char *const first[] = {
	    ("vCPU 0: unsupported write of 1 byte at 0x5000007, PC 0x80001234; reference ignore; more of this type are "
	     "counted only\n"),
	    "vCPU 0: unsupported read of the system register S3_3_C9_C12_0, PC 0x80001234; register fail; more",
	    "vCPU 1: unsupported instruction with the syndrome 0x66000000, PC 0x80005678; instruction fail; more",
	};
	char text[UNSUPPORTED_TEXT];

	(void)state;
	build_vm(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	k.vreg[0][VREG_PC] = 0x80001234;
	k.vreg[1][VREG_PC] = 0x80005678;
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = 0x5000007, .x2 = 1});
	for (unsigned i = 0; i < 10; i++)
		script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000008 + 8 * i, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_SYSREG_READ, .x1 = 3 << 20 | 3 << 14 | 9 << 10 | 12 << 1 | 1 | 4 << 5});
	script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = 2 << 20 | 7 << 17 | 1 << 14 | 15 << 10 | 1 << 1});
	assert_true(run(0));
	vm.ending = 0;
	k.entries = k.exits = 0;
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000004, .x2 = 4});
	script((struct vcpu_run){.exit = EXIT_INSTRUCTION, .x1 = 0x66000000});
	assert_true(run(1));
	assert_int_equal(count_of(": unsupported "), 3);
	for (unsigned i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		assert_int_equal(count_of(first[i]), 1);
	assert_int_equal(vm.vcpu[0].unsupported, 13);
	assert_int_equal(vm.vcpu[1].unsupported, 2);
	unsupported_text(&vm.vcpu[0].unsupported_last, text);
	assert_string_equal(text, "write of the system register S2_1_C15_C1_7");
	unsupported_text(&(struct unsupported){0x4000, UNSUPPORTED_REFERENCE, UNSUPPORTED_OTHER, 4}, text);
	assert_string_equal(text, "instruction fetch at 0x4000");
	unsupported_text(&(struct unsupported){~0ull, UNSUPPORTED_INSTRUCTION, UNSUPPORTED_READS, 0}, text);
	assert_string_equal(text, "instruction that accesses 0xffffffffffffffff");
}

static void the_policy_abort_ends_the_vm(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL "unsupported reference abort\n");
	k.vreg[0][VREG_PC] = 0xabcdef;
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000004, .x2 = 8});
	assert_true(run(0));
	assert_int_equal(k.status, VM_EXIT_UNSUPPORTED | CAUSE_ERROR << 8);
	assert_non_null(
	    strstr(k.log, "vCPU 0: unsupported read of 8 bytes at 0x5000004, PC 0xabcdef; reference abort\n"));
	assert_non_null(strstr(k.log, "PC     0000000000abcdef"));
}

int exit_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(accesses_reach_their_devices),
	    CASE(an_instruction_without_syndrome_is_emulated),
	    CASE(a_pair_that_is_larger_than_its_device_is_split),
	    CASE(an_instruction_is_tried_again_32_times_at_most),
	    CASE(maintenance_by_set_and_way_is_done),
	    CASE(unsupported_accesses_follow_the_policy),
	    CASE(the_first_of_each_type_is_logged),
	    CASE(the_policy_abort_ends_the_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
