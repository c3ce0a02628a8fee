/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive partitions: budgets as they are read, and what run masks leave of them. */
#include "trees.h"

static void write_partition(const char *name, const char *budget, const char *parent)
{
	open_node(system_dtb, name);
	text(system_dtb, "budget", budget);
	if (parent)
		text(system_dtb, "parent", parent);
}

static void begin_partitions(void)
{
	begin(system_dtb);
	text(system_dtb, "compatible", "bulkhead,system");
	open_node(system_dtb, "partitions");
}

static void system_has_all_where_nothing_is_said(void **state)
{
	(void)state;
	read_good();
	assert_int_equal(config.partition_count, 1);
	assert_string_equal(config.partitions[0].name, "System");
	assert_int_equal(config.partitions[0].budget, PARTITION_PERCENT);
	assert_int_equal(config.partitions[0].max, PARTITION_PERCENT);
	assert_int_equal(config.window_ms, 100);
	assert_int_equal(config.partition_policy, 0);
	assert_int_equal(config.shared_cpus, 0xff);
	assert_false(config.partitions_given);
	assert_false(config.partitions_adjustable);
	assert_int_equal(config.processes[0].own.partition, 0);
}

static void budgets_are_taken_from_parents(void **state)
{
	const struct sys_partition *p = config.partitions;

	(void)state;
	begin_partitions();
	CELLS(system_dtb, "window-ms", 8);
	list(system_dtb, "policy", "freetime-by-ratio");
	assert_int_equal(fdt_property(system_dtb, "adjustable", NULL, 0), 0);
	write_partition("a", "60.5", NULL);
	text(system_dtb, "max", "100");
	CELLS(system_dtb, "critical-budget-ms", 3);
	close_node(system_dtb);
	write_partition("b", "0.01", "a");
	close_node(system_dtb);
	write_partition("c", "39.50", "System");
	close_node(system_dtb);
	close_node(system_dtb);
	end(system_dtb);
	assert_int_equal(read_system(ROOM), 0);
	assert_int_equal(config.partition_count, 4);
	assert_int_equal(config.window_ms, 8);
	assert_int_equal(config.partition_policy, PARTITION_POLICY_RATIO);
	assert_true(config.partitions_given);
	assert_true(config.partitions_adjustable);
	assert_int_equal(p[0].budget, 0);
	assert_int_equal(p[1].budget, 6049);
	assert_int_equal(p[1].max, PARTITION_PERCENT);
	assert_int_equal(p[1].critical_us, 3000);
	assert_int_equal(p[2].parent, 1);
	assert_int_equal(p[2].budget, 1);
	assert_int_equal(p[3].parent, 0);
	assert_int_equal(p[3].budget, 3950);
}

/* dtc would refuse it; a blob may have been made by anything. */
static void two_of_one_name_are_refused(void **state)
{
	(void)state;
	begin_partitions();
	for (unsigned i = 0; i < 2; i++) {
		write_partition("a", "1", NULL);
		close_node(system_dtb);
	}
	close_node(system_dtb);
	end(system_dtb);
	assert_int_equal(read_system(ROOM), 1);
	assert_string_equal(said,
			    "[system.dtb] /partitions/a: its name is taken: each partition needs another one, and "
			    "\"System\" is always there\n");
}

/* A list that is too long says so. */
static void many_names_are_cut_off(void **state)
{
	char names[QVM_NAMES_BYTES];
	uint32_t index;

	(void)state;
	config.partition_count = PARTITION_MAX;
	for (unsigned i = 0; i < PARTITION_MAX; i++)
		snprintf(config.partitions[i].name, SYS_PARTITION_NAME, "fifteen-name-%02u", i);
	assert_false(sys_partition_named(&config, "x", &index, names));
	assert_true(strlen(names) < sizeof(names));
	assert_string_equal(names + strlen(names) - 5, ", ...");
	assert_true(sys_partition_named(&config, "fifteen-name-31", &index, names));
	assert_int_equal(index, 31);
}

/* ---- what run masks leave ---- */

/* Partition n has budgets[n], and process n - 1 of that run mask as its only member. */
static void make_members(unsigned count, const uint32_t *budgets, const uint32_t *masks)
{
	memset(&config, 0, sizeof(config));
	config.partition_count = count;
	config.process_count = count - 1;
	config.shared_cpus = 0xff;
	for (unsigned i = 0; i < count; i++)
		config.partitions[i].budget = budgets[i];
	for (unsigned i = 1; i < count; i++) {
		config.processes[i - 1].own.partition = (uint8_t)i;
		config.processes[i - 1].own.sched.runmask = masks[i];
	}
}

/* Moves one unit at a time to a CPU, and from there on if that is full. */
static bool push_unit(unsigned count, const uint32_t *masks, uint32_t on[][CPU_MAX], uint32_t *sum, unsigned from,
		      uint32_t cpus, uint32_t room, uint32_t *seen)
{
	for (unsigned c = 0; c < CPU_MAX; c++) {
		if (!(masks[from] & cpus & ~*seen & 1u << c))
			continue;
		*seen |= 1u << c;
		if (sum[c] < room) {
			sum[c]++;
			on[from][c]++;
			return true;
		}
		for (unsigned q = 0; q < count; q++) {
			if (on[q][c] && push_unit(count, masks, on, sum, q, cpus, room, seen)) {
				on[q][c]--;
				on[from][c]++;
				return true;
			}
		}
	}
	return false;
}

/* The most that all but `mine` can use of these CPUs, each of which has `room`. */
static uint32_t most_of_others(unsigned count, const uint32_t *units, const uint32_t *masks, unsigned mine,
			       uint32_t cpus, uint32_t room)
{
	uint32_t on[8][CPU_MAX] = {{0}}, sum[CPU_MAX] = {0}, flow = 0;

	for (unsigned q = 0; q < count; q++) {
		for (uint32_t u = 0; q != mine && u < units[q]; u++) {
			uint32_t seen = 0;

			flow += push_unit(count, masks, on, sum, q, cpus, room, &seen);
		}
	}
	return flow;
}

/* With 5 % as the unit, against a flow found by steps. */
static void the_least_share_is_what_the_greatest_flow_leaves(void **state)
{
	enum { COUNT = 5, UNITS = 20 };

	(void)state;
	srandom(1);
	for (unsigned round = 0; round < 3000; round++) {
		const unsigned cpu_count = 1 + (unsigned)random() % 8;
		const uint32_t present = (1u << cpu_count) - 1;
		uint32_t units[COUNT] = {0}, budgets[COUNT], masks[COUNT] = {present};

		for (unsigned u = 0; u < UNITS; u++)
			units[(unsigned)random() % COUNT]++;
		for (unsigned i = 0; i < COUNT; i++) {
			budgets[i] = units[i] * PARTITION_PERCENT / UNITS;
			units[i] *= cpu_count; /* of one CPU */
			if (i)
				masks[i] = 1 + (uint32_t)random() % present;
		}
		make_members(COUNT, budgets, masks);
		for (unsigned i = 1; i < COUNT; i++) {
			struct sys_share share = sys_share(&config, NULL, present, i);
			uint32_t room = (unsigned)__builtin_popcount(masks[i]) * UNITS;
			uint32_t left = room - most_of_others(COUNT, units, masks, i, masks[i], UNITS);

			assert_int_equal(share.cpus, masks[i]);
			assert_int_equal(share.narrow, masks[i] != present);
			/* Unless it is narrow it gets its budget. */
			assert_true(share.narrow || (share.enough && left >= units[i]));
			if (share.narrow) {
				assert_int_equal(share.least, left * PARTITION_PERCENT / UNITS / cpu_count);
				assert_int_equal(share.enough, left >= units[i]);
			}
		}
	}
}

static void one_wide_member_is_enough(void **state)
{
	(void)state;
	make_members(3, (const uint32_t[]){5000, 3000, 2000}, (const uint32_t[]){15, 1, 8});
	assert_false(sys_share(&config, NULL, 15, 1).enough);
	config.processes[1].own.partition = 1;
	assert_true(sys_share(&config, NULL, 15, 1).narrow);
	config.processes[1].own.sched.runmask = 0x1f; /* more than there are */
	assert_false(sys_share(&config, NULL, 15, 1).narrow);
	assert_true(sys_share(&config, NULL, 15, 1).enough);
}

static void a_partition_without_members_is_not_narrow(void **state)
{
	(void)state;
	make_members(3, (const uint32_t[]){5000, 3000, 2000}, (const uint32_t[]){15, 12, 8});
	config.shared_cpus = 3; /* the others are their own */
	for (unsigned i = 0; i < 3; i++) {
		assert_true(sys_share(&config, NULL, 15, i).enough);
		assert_false(sys_share(&config, NULL, 15, i).narrow);
	}
}

/* A VM's virtual CPUs count, and its qvm only for others. */
static void virtual_cpus_count_for_their_partition(void **state)
{
	struct sys_vm_needs needs = {
	    .cpus = 2, .vcpus = {{.runmask = 1, .partition = 2, .partition_given = true}, {.runmask = 2}}};

	(void)state;
	make_members(3, (const uint32_t[]){0, 5000, 5000}, (const uint32_t[]){3, 3, 3});
	config.process_count = 0;
	config.vm_count = 1;
	config.vms[0].own.partition = 1;
	config.vms[0].own.sched.runmask = 3;
	assert_int_equal(sys_share(&config, &needs, 3, 1).cpus, 2);
	assert_int_equal(sys_share(&config, &needs, 3, 1).least, 5000);
	assert_int_equal(sys_share(&config, &needs, 3, 2).cpus, 1);
	assert_int_equal(sys_share(&config, &needs, 3, 2).least, 0); /* qvm is in the way */
	config.vms[0].own.sched.runmask = 2;
	assert_int_equal(sys_share(&config, NULL, 3, 1).cpus, 2);
}

/* Whoever may connect to a server may have it work, also through another one. */
static void servers_work_in_the_partition_of_their_clients(void **state)
{
	(void)state;
	make_members(3, (const uint32_t[]){0, 5000, 5000}, (const uint32_t[]){3, 1, 2});
	assert_int_equal(sys_share(&config, NULL, 3, 1).least, 5000);
	config.process_count = 4;
	config.processes[1].own.connect = 1 << 3;
	config.processes[3].own = (struct sys_owner){.sched = {.runmask = 2}, .connect = 1 << 2};
	config.processes[2].own = (struct sys_owner){.sched = {.runmask = 2}};
	assert_int_equal(sys_share(&config, NULL, 3, 1).least, 5000);
	config.processes[2].own.sched.runmask = 1;
	assert_int_equal(sys_share(&config, NULL, 3, 1).least, 0);
}

int partition_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(system_has_all_where_nothing_is_said),
	    cmocka_unit_test(budgets_are_taken_from_parents),
	    cmocka_unit_test(two_of_one_name_are_refused),
	    cmocka_unit_test(many_names_are_cut_off),
	    cmocka_unit_test(the_least_share_is_what_the_greatest_flow_leaves),
	    cmocka_unit_test(one_wide_member_is_enough),
	    cmocka_unit_test(a_partition_without_members_is_not_narrow),
	    cmocka_unit_test(virtual_cpus_count_for_their_partition),
	    cmocka_unit_test(servers_work_in_the_partition_of_their_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
