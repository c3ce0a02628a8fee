/* SPDX-License-Identifier: Apache-2.0 */
/* Types of vdevs: those that a file describes, and those of the tree. */
#include "world.h"

/* A type that only its plug-in file describes. */
static void a_plug_in_brings_its_own_type(void **state)
{
	(void)state;
	good(GUEST
	     "vdev vdev-probe.so loc mem:0x1000000 fast rate 1 intr gic:40,gic:41 rate 2 allow a allow b sched 9\n"
	     "set debug off name p");
	assert_string_equal(config.vdevs[0].type, "probe");
	assert_string_equal(config.vdevs[0].name, "p");
	assert_int_equal(config.vdevs[0].bytes, 0x2000);
	assert_int_equal(config.vdevs[0].intr_count, 2);
	assert_int_equal(config.vdevs[0].intr[1], 41);
	assert_int_equal(config.vdevs[0].priority, 9);
	assert_false(config.vdevs[0].status);
	assert_int_equal(config.vdevs[0].option_count, 4);
	assert_string_equal(config.vdev_options[0].name, "fast");
	assert_null(config.vdev_options[0].value);
	assert_string_equal(config.vdev_options[1].value, "2"); /* the last one counts */
	assert_string_equal(config.vdev_options[2].value, "a");
	assert_string_equal(config.vdev_options[3].value, "b"); /* these all do */
	bad(GUEST "vdev probe loc 0x1000000 vdev probe loc 0x1001000\nvdev probe frob",
	    "[a.qvmconf:2] unknown option 'frob'; choose one of: loc, intr, name, sched, log, fast, rate, allow, "
	    "system, "
	    "ram, rom, reserve, cpu, load, initrd, fdt, data, guest, cmdline, pass, vdev, set, unsupported, logger, "
	    "safety, "
	    "dump, "
	    "dryrun, debug\n"
	    "[a.qvmconf:1] vdev probe 0x1001000-0x1002fff overlaps vdev probe 0x1000000-0x1001fff [a.qvmconf:1]; move "
	    "one "
	    "of "
	    "them\n");
}

/* What a plug-in file may not do to a configuration. */
static void a_bad_plug_in_is_refused(void **state)
{
	(void)state;
	bad(GUEST "vdev thief loc 0x1000000 rate 1\nsafety required",
	    "[a.qvmconf:1] vdev thief: its option 'safety' is a word of the language already; it needs another name\n");
	assert_int_equal(config.safety, QVM_SAFETY_REQUIRED);
	bad(GUEST "vdev quiet",
	    "[a.qvmconf:1] vdev quiet: its option 'debug' is a word of the language already; it needs "
	    "another name\n");
	bad(GUEST "vdev mover",
	    "[a.qvmconf:1] vdev mover: its option 'loc' is a word of the language already; it needs "
	    "another name\n");
	bad(GUEST "vdev broken loc 0x1000000 rate 1\nvdev none",
	    "[a.qvmconf:1] vdev broken: vdev-broken.so: too old\n"
	    "[a.qvmconf:2] unknown vdev 'none': there is no file vdev-none.so\n");
	bad(GUEST "vdev vdev-probe-safety.so loc 0x1000000 rate 1",
	    "[a.qvmconf:1] 'vdev probe-safety' names a variant: write 'vdev probe', whose file with -safety is always "
	    "sought first\n");
}

/* What a file describes is checked as what the tree has: values, defaults, what is required. */
static void what_a_file_describes_is_checked(void **state)
{
	(void)state;
	good(GUEST "vdev needy loc 0x1000000 intr gic:40 must yes");
	assert_int_equal(config.vdevs[0].needs, VDEV_NEEDS_LOC | VDEV_NEEDS_INTR);
	assert_int_equal(config.vdevs[0].option_count, 2);
	assert_int_equal(config.vdev_options[1].index, 1);
	assert_string_equal(config.vdev_options[1].value, "7");
	good(GUEST "vdev needy loc 0x1000000 intr gic:40 count 8 must yes must no");
	assert_int_equal(config.vdevs[0].option_count, 2);
	assert_string_equal(config.vdev_options[0].value, "8");
	assert_string_equal(config.vdev_options[1].value, "no");
	bad(GUEST "vdev needy loc 0x1000000 intr gic:40\ncount 33\nsoon 5",
	    "[a.qvmconf:2] count: '33' is not a number from 1 to 32\n"
	    "[a.qvmconf:3] 'vdev needy soon' is not supported yet\n"
	    "[a.qvmconf:1] 'vdev needy' needs 'must'\n");
	bad(GUEST "vdev needy must maybe", "[a.qvmconf:1] must: 'maybe' is unknown; write yes or no\n"
					   "[a.qvmconf:1] 'vdev needy' needs 'loc', the address of its registers\n"
					   "[a.qvmconf:1] 'vdev needy' needs 'intr', as in gic:37\n");
	/* What was misspelt is not missing. */
	bad(GUEST "vdev needy loc 0x1000000 intr gic:40 musst yes",
	    "[a.qvmconf:1] unknown option 'musst'; did you mean 'must'?\n");
}

/* The description of the tree is one that a note could hold. A file of that name with another one is refused. */
static void the_trees_description_fits_into_a_note(void **state)
{
	struct vdev_description known, other;
	size_t used;

	(void)state;
	assert_false(qvmconf_vdev_known("probe", &known));
	assert_null(qvmconf_vdev_differs("probe", &known));
	assert_true(qvmconf_vdev_known("shmem", &known));
	assert_null(vdev_options_check(known.options, known.options_bytes, &used));
	assert_int_equal(used, known.options_bytes);
	assert_true(qvmconf_vdev_known("pl011", &known));
	assert_null(vdev_options_check(known.options, known.options_bytes, &used));
	assert_int_equal(used, known.options_bytes);
	other = known;
	other.flags |= VDEV_NOTE_SAFETY;
	assert_null(qvmconf_vdev_differs("pl011", &other));
	other.options = "batch\0x\0";
	other.options_bytes = 9;
	assert_non_null(qvmconf_vdev_differs("pl011", &other));
	other = known;
	other.bytes = 0x2000;
	assert_non_null(qvmconf_vdev_differs("pl011", &other));
}

static void options_of_shmem_are_read(void **state)
{
	struct vdev_region region;

	(void)state;
	assert_null(vdev_region("TEST1,0xf0001", &region));
	assert_int_equal(region.name_bytes, 5);
	assert_int_equal(region.bytes, 0xf1000);
	understood(GUEST "vdev shmem create A,4K create B,8K allow A* deny * loc 0x1000000 intr gic:40");
	assert_int_equal(config.vdevs[0].option_count, 4);
}

int vdev_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plug_in_brings_its_own_type),
	    cmocka_unit_test(a_bad_plug_in_is_refused),
	    cmocka_unit_test(what_a_file_describes_is_checked),
	    cmocka_unit_test(the_trees_description_fits_into_a_note),
	    cmocka_unit_test(options_of_shmem_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
