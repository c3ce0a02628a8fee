/* SPDX-License-Identifier: Apache-2.0 */
/* From a configuration to a VM that is ready to run, or a message. */
#include "vm_under_test.h"

static void a_vm_is_made_as_configured(void **state)
{
	struct vm_boot boot;
	const void *tree;
	int node;

	(void)state;
	boot = build_vm(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	assert_int_equal(boot.entry, RAM);
	assert_memory_equal(window, "\x1f\x20\x03\xd5raw", 7);
	assert_int_equal(k.guest_maps, 2);
	assert_int_equal(k.map_ipa[0], 0);
	assert_int_equal(k.map_prot[0], PROT_R | PROT_X);
	assert_int_equal(k.map_ipa[1], RAM);
	assert_int_equal(k.map_prot[1], PROT_R | PROT_W | PROT_X);
	tree = guest_memory_ptr(&vm.memory, boot.fdt, 64);
	assert_non_null(tree);
	assert_int_equal(fdt_check_full(tree, fdt_totalsize(tree)), 0);
	node = fdt_path_offset(tree, "/chosen");
	assert_string_equal(fdt_getprop(tree, node, "bootargs", NULL), "hello guest");
	assert_memory_equal(guest_memory_ptr(&vm.memory, RAM + RAM_SIZE - 0x1000, 7), "initial", 7);
	/* Two vCPUs, a writer and a reader. Only the boot vCPU is on. */
	assert_int_equal(core.threads, 4);
	assert_int_equal(vm.vcpu[0].power, 1);
	assert_int_equal(vm.vcpu[1].power, 0);
	arch_vcpu_begin(&vm.vcpu[0]); /* as its thread does */
	assert_int_equal(k.vreg[0][VREG_PC], RAM);
	assert_int_equal(k.vreg[0][VREG_X0], boot.fdt);
	assert_int_equal(k.vreg[0][VREG_CNTVOFF], ~0ull);
	assert_int_equal(k.vreg[1][VREG_CNTVOFF], ~0ull);
	assert_int_equal(k.resets[0], 1);
}

/* A dry run makes the VM, and ends before its devices do anything. */
static void a_dry_run_ends_before_the_devices_start(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD "cpu cpu dryrun\n" CONFIG_TAIL);
	assert_int_equal(core.threads, 2);
}

/* What is refused is said to the log, and to the operator. */
static void expect_refusal(const char *config, unsigned code, const char *text)
{
	const struct start_args args = make_args(config);

	tear_down(NULL);
	set_up(NULL);
	if (setjmp(core.end) == 0) {
		vm_build(&args, window);
		fail_msg("accepted: %s", config);
	}
	assert_int_equal(k.status, code | CAUSE_ERROR << 8);
	if (strstr(k.log, text) == NULL)
		fail_msg("'%s' is not in '%s'", text, k.log);
	assert_non_null(strstr(k.note, text));
}

/* Where lines go, by severity. */
static void lines_go_where_the_logger_says(void **state)
{
	static const struct qvm_logger loggers[] = {
	    {QVM_LOG_WARN, QVM_LOG_SLOG, QVM_LOGGER_VM, {0}},
	    {QVM_LOG_ERROR, QVM_LOG_NONE, QVM_LOGGER_VM, {0}},
	    {QVM_LOG_FATAL, QVM_LOG_SLOG, QVM_LOGGER_VM, {0}},
	    {QVM_LOG_FATAL, QVM_LOG_STDOUT, QVM_LOGGER_VM, {0}},
	};

	(void)state;
	memcpy(vm.config.loggers, loggers, sizeof(loggers));
	vm.config.logger_count = 4;
	vm_logf(SLOG_INFO, "not wanted");
	vm_logf(SLOG_ERROR, "none");
	assert_int_equal(k.slogged, 0);
	assert_string_equal(k.note,
			    "none"); /* whatever `logger` says, the operator learns why a guest does not begin */
	vm_logf(SLOG_WARN, "to the ring");
	assert_int_equal(k.slogged, 1);
	vm_logf(SLOG_INTERNAL, "always");
	assert_int_equal(k.slogged, 2);
	assert_string_equal(k.log, "");
	vm_logf(SLOG_FATAL, "last %u", 1);
	assert_int_equal(k.slogged, 2);
	assert_non_null(strstr(k.log, "last 1"));
}

static void a_wrong_configuration_is_refused(void **state)
{
	(void)state;
	expect_refusal("ram 0x80000000,4M\nnonsense\n", VM_EXIT_CONFIG, "[test.qvmconf:2]");
	expect_refusal(CONFIG_HEAD "load missing\n", VM_EXIT_CONFIG,
		       "[test.qvmconf:4] missing is not in the boot archive");
	/* Not the file that procmgr looked for, hence not what it verified. */
	expect_refusal(CONFIG_HEAD "load images/code.bin\n", VM_EXIT_CONFIG,
		       "[test.qvmconf:4] images/code.bin is not in the boot archive");
	expect_refusal(CONFIG_HEAD "load tree\n", VM_EXIT_CONFIG, "nothing to start");
	expect_refusal(CONFIG_HEAD "load 0x803fffff,code.bin\n", VM_EXIT_CONFIG, "[test.qvmconf:4] code.bin: ");
	expect_refusal("ram 0x80000000,8M\n" CONFIG_TAIL, VM_EXIT_NO_MEMORY, "needs 0x800000 bytes");
	expect_refusal(CONFIG_HEAD "cpu sched 200\n" CONFIG_TAIL, VM_EXIT_CONFIG, "[test.qvmconf:4] vCPU 0");
	expect_refusal(CONFIG_HEAD "cpu partition nobody\n" CONFIG_TAIL, VM_EXIT_CONFIG,
		       "[test.qvmconf:4] vCPU 0: partition nobody was not found");
	expect_refusal(CONFIG_HEAD "cpu\ncpu partition locked\n" CONFIG_TAIL, VM_EXIT_CONFIG,
		       "[test.qvmconf:5] vCPU 1 cannot join partition locked");
}

static void a_virtual_cpu_joins_its_partition(void **state)
{
	(void)state;
	build_vm(CONFIG_HEAD "cpu partition mine cpu\n" CONFIG_TAIL);
	assert_int_equal(k.partition_of[0], STUB_PARTITION);
	assert_int_equal(k.partition_of[1], 0);
}

/* What the configuration says of the kernel's virtual CPUs: the mock of VcpuCreate looks. */
static void options_reach_the_virtual_cpus(void **state)
{
	(void)state;
	k.vcpu_flags = VCPU_LOCAL_MAINTENANCE;
	build_vm(CONFIG_HEAD CONFIG_TAIL "set broadcast-maintenance off\n");
	tear_down(NULL);
	set_up(NULL);
	k.vcpu_flags = VCPU_LOCAL_MAINTENANCE | VCPU_NO_WFI_EXIT;
	build_vm(CONFIG_HEAD CONFIG_TAIL "set broadcast-maintenance off set exit-on-halt off\n");
}

int start_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_vm_is_made_as_configured),       CASE(a_dry_run_ends_before_the_devices_start),
	    CASE(a_wrong_configuration_is_refused), CASE(lines_go_where_the_logger_says),
	    CASE(options_reach_the_virtual_cpus),   CASE(a_virtual_cpu_joins_its_partition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
