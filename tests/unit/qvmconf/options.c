/* SPDX-License-Identifier: Apache-2.0 */
/* What options mean: a VM's name, memory, CPUs, devices that are passed, logs. */
#include "world.h"

/* Without `system` the surroundings give the name; a console that is called like the VM has it, too. */
static void the_name_comes_from_the_surroundings(void **state)
{
	static const char *const words[] = {"@dir/a.qvmconf"};
	struct qvmconf_host named = host;

	(void)state;
	named.name = "abcdefghijklmnopqrstuvwxyz-1234";
	world.text[0] = GUEST "vdev pl011 loc 0x1000000 intr gic:40";
	world.bytes[0] = 0;
	assert_int_equal(qvmconf_read(&config, 1, words, &named), 0);
	assert_string_equal(config.name, named.name);
	assert_false(config.name_given);
	assert_string_equal(consoles().input, named.name);
	assert_string_equal(consoles().output, named.name);
	good(GUEST "vdev pl011 loc 0x1000000 intr gic:40");
	assert_string_equal(consoles().output, "qvm-guest");
	good("system abcdefghijklmnopqrstuvwxyz-1234 " GUEST);
	assert_true(config.name_given);
}

static const char whole_file[] =
    "# a comment\n"
    "system linux1\n"
    "ram 0x80000000,512M\n"
    "rom 0xf0000000,0x10000 # after a word\n"
    "cpu sched 20f runmask 0,2\n"
    "cpu\n"
    "load 0x80200000,./Image\n"
    "initrd load initramfs.cpio.gz\n"
    "fdt load /guest.dtb data load 0xf0000000,blob\n"
    "cmdline \"console=ttyAMA0 # earlycon\"\n"
    "vdev gic version 3 gicd 0x2f000000\n"
    "vdev vdev-pl011.so\n\tloc 0x1c090000\n\tintr gic:37\n\thostdev /dev/console/linux1\n\tname uart\n"
    "unsupported register ignore unsupported instruction abort\n"
    "set exit-on-halt no set counter-offset 0 set broadcast-maintenance off\n"
    "debug dryrun";

static void a_whole_file_is_read(void **state)
{
	(void)state;
	good(whole_file);
	assert_string_equal(config.name, "linux1");
	assert_true(config.name_given);
	assert_int_equal(config.mem_count, 2);
	assert_int_equal(config.mem[0].start, 0x80000000);
	assert_int_equal(config.mem[0].bytes, 512 << 20);
	assert_int_equal(config.mem[1].kind, QVM_ROM);
	assert_int_equal(config.cpu_count, 2);
	assert_int_equal(config.cpus[0].priority, 20);
	assert_int_equal(config.cpus[0].policy, QVM_POLICY_FIFO);
	assert_int_equal(config.cpus[0].runmask, 5);
	assert_false(config.cpus[1].sched_given);
	assert_false(config.cpus[1].runmask_given);
	assert_int_equal(config.load_count, 4);
	assert_string_equal(config.loads[0].path, "Image");
	assert_true(config.loads[0].address_given);
	assert_int_equal(config.loads[0].address, 0x80200000);
	assert_int_equal(config.loads[0].place.line, 7);
	assert_string_equal(config.loads[0].place.file, "a.qvmconf");
	assert_int_equal(config.loads[1].type, QVM_LOAD_INITRD);
	assert_int_equal(config.loads[2].type, QVM_LOAD_FDT);
	assert_string_equal(config.loads[2].path, "guest.dtb");
	assert_int_equal(config.loads[3].type, QVM_LOAD_DATA);
	assert_string_equal(config.cmdline, "console=ttyAMA0 # earlycon");
	assert_int_equal(config.vdev_count, 1);
	assert_int_equal(config.vdevs[0].loc, 0x1c090000);
	assert_int_equal(config.vdevs[0].intr[0], 37);
	assert_string_equal(consoles().input, "linux1");
	assert_string_equal(consoles().output, "linux1");
	assert_string_equal(config.vdevs[0].name, "uart");
	assert_int_equal(config.unsupported.register_, QVM_IGNORE);
	assert_int_equal(config.unsupported.instruction, QVM_ABORT);
	assert_int_equal(config.unsupported.reference, QVM_IGNORE);
	assert_false(config.exit_on_halt);
	assert_false(config.broadcast_maintenance);
	assert_int_equal(config.counter_offset, 0);
	assert_true(config.debug);
	assert_true(config.dryrun);
	assert_int_equal(qvmconf_memory_bytes(&config), (512u << 20) + 0x10000);
}

static void what_is_not_said_has_a_default(void **state)
{
	(void)state;
	good(GUEST);
	assert_string_equal(config.name, "qvm-guest");
	assert_false(config.name_given);
	assert_int_equal(config.cpu_count, 1);
	assert_int_equal(config.gic.gicd, 0x2f000000);
	assert_int_equal(config.gic.gicr, 0x2f100000);
	assert_string_equal(config.gic.name, "gic");
	assert_int_equal(config.unsupported.instruction, QVM_FAIL);
	assert_int_equal(config.unsupported.reference, QVM_IGNORE);
	assert_int_equal(config.unsupported.register_, QVM_FAIL);
	assert_true(config.exit_on_halt);
	assert_true(config.broadcast_maintenance);
	assert_true(config.counter_offset == QVM_COUNTER_FROM_ZERO);
	assert_null(config.cmdline);
	assert_int_equal(config.vdev_count, 0);
}

static void memory_without_an_address_finds_its_place(void **state)
{
	(void)state;
	good("ram 64K rom 4K ram 0x90000000,4K ram 8K load a");
	assert_int_equal(config.mem[0].start, 0x80000000);
	assert_int_equal(config.mem[1].start, 0x80010000);
	assert_int_equal(config.mem[3].start, 0x90001000);
	assert_true(qvmconf_memory_has(&config, 0x90001000, 8192));
	assert_false(qvmconf_memory_has(&config, 0x90001000, 8193));
	assert_false(qvmconf_memory_has(&config, 0x90002fff, UINT64_MAX));
	assert_false(qvmconf_memory_has(&config, 0x90003000, 1));
}

/* Reservations keep what is placed by itself away, and nothing that has an address. */
static void reservations_keep_floating_memory_away(void **state)
{
	(void)state;
	good("reserve loc 0x80008000,8 loc mem:0x80010000,0x1000 intr 39 intr gic:40\n"
	     "ram 64K ram 0x80010000,4K ram 4K load a");
	assert_int_equal(config.reserve_count, 4);
	assert_int_equal(config.reserves[2].intr, 39);
	assert_int_equal(config.reserves[3].intr, 40);
	assert_int_equal(config.mem[0].start, 0x80011000);
	assert_int_equal(config.mem[1].start, 0x80010000);
	assert_int_equal(config.mem[2].start, 0x80021000);
	/* One reservation moves it into another one that was written before. */
	good("reserve loc 0x80002000,0x1000 reserve loc 0x80000000,0x2000 ram 4K load a");
	assert_int_equal(config.mem[0].start, 0x80003000);
}

static void options_belong_to_their_context(void **state)
{
	(void)state;
	/* What belongs to no context does not close one. */
	good("cpu ram 32m sched 8 load a runmask 3");
	assert_int_equal(config.cpus[0].priority, 8);
	assert_int_equal(config.cpus[0].runmask, 8);
	good(GUEST "cpu sched 8 cpu sched 6");
	assert_int_equal(config.cpus[0].priority, 8);
	assert_int_equal(config.cpus[1].priority, 6);
	/* Repeated: the last one wins. */
	good(GUEST "cpu sched 8 sched 6r cpu");
	assert_int_equal(config.cpu_count, 2);
	assert_int_equal(config.cpus[0].priority, 6);
	assert_int_equal(config.cpus[0].policy, QVM_POLICY_RR);
	assert_false(config.cpus[1].sched_given);
	good(GUEST "cmdline a cmdline b vdev pl011 loc 0x1000000 loc 0x2000000 intr gic:40 intr gic:41 hostdev -");
	assert_string_equal(config.cmdline, "b");
	assert_int_equal(config.vdevs[0].loc, 0x2000000);
	assert_int_equal(config.vdevs[0].intr[0], 41);
}

static void hostdev_gives_input_and_output(void **state)
{
	(void)state;
	good("system vm1 " GUEST "vdev pl011 loc 0x1000000 intr gic:40 hostdev >-");
	assert_string_equal(consoles().output, "vm1");
	assert_null(consoles().input);
	good(GUEST "vdev pl011 loc 0x1000000 intr gic:40 hostdev </dev/console/in hostdev >/dev/console/out");
	assert_string_equal(consoles().input, "in");
	assert_string_equal(consoles().output, "out");
}

static void the_gic_has_a_name_and_addresses(void **state)
{
	(void)state;
	good(GUEST
	     "vdev gic name gary gicd 0x30000000 gicr 0x30100000 vdev pl011 loc 0x1000000 intr gary:0x28 hostdev -");
	assert_string_equal(config.gic.name, "gary");
	assert_int_equal(config.gic.gicd, 0x30000000);
	assert_int_equal(config.gic.gicr, 0x30100000);
	assert_int_equal(config.vdevs[0].intr[0], 40);
}

static void clusters_and_masks_choose_cpus(void **state)
{
	(void)state;
	good(GUEST "cpu cluster _cpu-3 cpu cluster big sched 7o cpu cluster big runmask 1");
	assert_int_equal(config.cpus[0].runmask, 8);
	assert_int_equal(config.cpus[1].runmask, 0x30);
	assert_int_equal(config.cpus[1].policy, QVM_POLICY_RR);
	assert_int_equal(config.cpus[2].runmask, 2); /* of both, the last one */
}

static void each_cpu_has_its_partition(void **state)
{
	(void)state;
	good(GUEST "cpu partition a cpu sched 7 cpu partition a partition a");
	assert_string_equal(config.cpus[0].partition, "a");
	assert_int_equal(config.cpus[0].partition_id, 3);
	assert_null(config.cpus[1].partition);
	assert_string_equal(config.cpus[2].partition, "a");
}

static void letters_of_pass_are_attributes(void **state)
{
	static const struct {
		const char *letters;
		unsigned attributes;
	} cases[] = {
	    {"r", QVM_PASS_R | QVM_PASS_N},
	    {"rwn", QVM_PASS_R | QVM_PASS_W | QVM_PASS_N},
	    {"rwx-w+c", QVM_PASS_R | QVM_PASS_X | QVM_PASS_C | QVM_PASS_N},
	    {"rwest-s", QVM_PASS_R | QVM_PASS_W | QVM_PASS_E | QVM_PASS_T | QVM_PASS_N},
	    {"m",
	     QVM_PASS_M | QVM_PASS_R | QVM_PASS_W | QVM_PASS_X | QVM_PASS_C | QVM_PASS_S | QVM_PASS_T | QVM_PASS_N},
	    {"m-mst", QVM_PASS_R | QVM_PASS_W | QVM_PASS_X | QVM_PASS_C | QVM_PASS_N},
	};
	char text[128];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), GUEST "pass loc mem:fe204000,4096,%s", cases[i].letters);
		understood(text);
		assert_int_equal(config.pass_count, 1);
		assert_true(config.passes[0].start == 0xfe204000 && config.passes[0].host == 0xfe204000);
		assert_int_equal(config.passes[0].bytes, 4096);
		assert_int_equal(config.passes[0].attributes, cases[i].attributes);
	}
	understood(GUEST "pass loc 0x1000,4k,rw=0x2000 loc 0x2000,4k,r,=$asinfo_start{guestmem} intr gic:44,u=150\n"
			 "initrd pass loc 0x3000,4k,r pass intr gic:144");
	assert_int_equal(config.pass_count, 3);
	assert_int_equal(config.passes[0].host, 0x2000);
	assert_int_equal(config.passes[1].host, 0x90000000);
	assert_int_equal(config.passes[1].blob, QVM_LOAD_ANY);
	assert_int_equal(config.passes[2].blob, QVM_LOAD_INITRD);
	assert_int_equal(config.passes[2].place.line, 2);
	assert_int_equal(config.pass_intr_count, 2);
	assert_int_equal(config.pass_intrs[0].guest, 44);
	assert_int_equal(config.pass_intrs[0].host, 150);
	assert_true(config.pass_intrs[0].unmask);
	assert_int_equal(config.pass_intrs[1].host, 144);
	assert_false(config.pass_intrs[1].unmask);
	/* Memory that is passed is memory. */
	understood("pass loc mem:$asinfo_start{guestmem},$asinfo_length{guestmem},rwcxm load 0x90000000,a ram 4k");
	assert_true(qvmconf_memory_has(&config, 0x90000000, 0x200000));
	assert_int_equal(config.mem[0].start, 0x90200000);
	understood("vdev gic hostvector 100 " GUEST "pass intr gic:44");
	assert_int_equal(config.pass_intrs[0].host, 144);
}

static unsigned dests(uint32_t vdev, enum qvm_log_filter filter)
{
	return qvmconf_log_dests(&config, vdev, filter);
}

static void each_severity_goes_where_the_last_logger_says(void **state)
{
	(void)state;
	good(GUEST);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INFO), QVM_LOG_STDERR);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_DEBUG), 0);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INTERNAL), QVM_LOG_STDERR | QVM_LOG_SLOG);
	understood(GUEST "logger error,warn slog logger warn,debug stdout\n"
			 "vdev pl011 loc 0x1000000 intr gic:40 hostdev - log warning,info slog log info none");
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_ERROR), QVM_LOG_SLOG);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_WARN), QVM_LOG_SLOG | QVM_LOG_STDOUT);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INFO), 0);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INTERNAL), QVM_LOG_SLOG);
	assert_int_equal(dests(0, QVM_LOG_WARN), QVM_LOG_SLOG);
	assert_int_equal(dests(0, QVM_LOG_INFO), QVM_LOG_NONE);
	assert_int_equal(dests(0, QVM_LOG_ERROR), QVM_LOG_SLOG);
}

/* Each `safety` holds for the vdevs after it, the last one for all else. */
static void safety_holds_for_the_vdevs_after_it(void **state)
{
	(void)state;
	understood(GUEST "vdev probe safety warn vdev probe safety required vdev probe");
	assert_int_equal(config.vdev_count, 3);
	assert_int_equal(config.vdevs[0].safety, QVM_SAFETY_DEFAULT);
	assert_int_equal(config.vdevs[1].safety, QVM_SAFETY_WARN);
	assert_int_equal(config.vdevs[2].safety, QVM_SAFETY_REQUIRED);
	assert_int_equal(config.safety, QVM_SAFETY_REQUIRED);
	good(GUEST "safety none");
	assert_int_equal(config.safety, QVM_SAFETY_NONE);
}

int option_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_file_is_read),
	    cmocka_unit_test(what_is_not_said_has_a_default),
	    cmocka_unit_test(memory_without_an_address_finds_its_place),
	    cmocka_unit_test(reservations_keep_floating_memory_away),
	    cmocka_unit_test(options_belong_to_their_context),
	    cmocka_unit_test(clusters_and_masks_choose_cpus),
	    cmocka_unit_test(each_cpu_has_its_partition),
	    cmocka_unit_test(letters_of_pass_are_attributes),
	    cmocka_unit_test(each_severity_goes_where_the_last_logger_says),
	    cmocka_unit_test(safety_holds_for_the_vdevs_after_it),
	    cmocka_unit_test(hostdev_gives_input_and_output),
	    cmocka_unit_test(the_name_comes_from_the_surroundings),
	    cmocka_unit_test(the_gic_has_a_name_and_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
