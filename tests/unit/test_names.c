/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/names.c */
#include "servers/procmgr/names.h"
#include "unit.h"
#include <bulkhead/kernel.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned answers;
static uint64_t answered;
static struct pm_name last;

int MsgReply_r(int64_t rcvid, int64_t status, const void *msg, size_t bytes)
{
	assert_int_equal(status, 0);
	assert_int_equal(bytes, sizeof(last));
	answers++;
	answered = (uint64_t)rcvid;
	memcpy(&last, msg, sizeof(last));
	return 0;
}

static int forget_all(void **state)
{
	(void)state;
	for (uint32_t slot = 0; slot < PROCESS_MAX; slot++)
		names_forget(slot);
	answers = 0;
	return 0;
}

static int open_name(uint32_t slot, uint64_t rcvid, bool wait, const char *name, struct pm_name *message)
{
	memset(message, 0, sizeof(*message));
	snprintf(message->name, sizeof(message->name), "%s", name);
	return names_open(slot, rcvid, wait, message);
}

static void a_name_leads_to_its_channel(void **state)
{
	struct pm_name message;

	(void)state;
	assert_int_equal(open_name(3, 10, false, "console", &message), -ESRCH);
	assert_int_equal(names_attach(2, "console", 7), 0);
	assert_int_equal(open_name(3, 10, true, "console", &message), 0);
	assert_int_equal(message.slot, 2);
	assert_int_equal(message.chid, 7);
	assert_int_equal(names_attach(4, "console", 1), -EEXIST);
}

static void who_waits_is_answered_once(void **state)
{
	struct pm_name message;

	(void)state;
	assert_int_equal(open_name(3, 10, true, "slogger", &message), NAMES_WAITING);
	assert_int_equal(open_name(4, 11, true, "other", &message), NAMES_WAITING);
	assert_int_equal(names_attach(1, "slogger", 5), 0);
	assert_int_equal(answers, 1);
	assert_int_equal(answered, 10);
	assert_int_equal(last.slot, 1);
	assert_int_equal(last.chid, 5);
	names_forget(1);
	assert_int_equal(names_attach(1, "slogger", 5), 0);
	assert_int_equal(answers, 1);
}

static void the_dead_and_the_impatient_are_not_answered(void **state)
{
	struct pm_name message;

	(void)state;
	open_name(3, 10, true, "a", &message);
	open_name(4, 11, true, "a", &message);
	names_forget(3);
	assert_true(names_cancel(11));
	assert_false(names_cancel(11));
	assert_false(names_cancel(10));
	assert_false(names_cancel(0));
	names_attach(1, "a", 1);
	assert_int_equal(answers, 0);
}

static void the_names_of_the_dead_are_free(void **state)
{
	struct pm_name message;

	(void)state;
	names_attach(2, "a", 1);
	names_forget(2);
	assert_int_equal(open_name(3, 1, false, "a", &message), -ESRCH);
	assert_int_equal(names_attach(5, "a", 9), 0);
}

static void one_process_cannot_use_up_the_tables(void **state)
{
	struct pm_name message;
	char name[PROTO_NAME];

	(void)state;
	for (unsigned i = 0; i < WAITERS_OF_SLOT; i++)
		assert_int_equal(open_name(3, 100 + i, true, "never", &message), NAMES_WAITING);
	assert_int_equal(open_name(3, 200, true, "never", &message), -EAGAIN);
	assert_int_equal(open_name(4, 201, true, "never", &message), NAMES_WAITING);
	for (unsigned i = 0; i < NAMES_OF_SLOT; i++) {
		snprintf(name, sizeof(name), "name%u", i);
		assert_int_equal(names_attach(3, name, 1), 0);
	}
	assert_int_equal(names_attach(3, "more", 1), -EAGAIN);
	assert_int_equal(names_attach(4, "more", 1), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_name_leads_to_its_channel, forget_all),
	    cmocka_unit_test_setup(who_waits_is_answered_once, forget_all),
	    cmocka_unit_test_setup(the_dead_and_the_impatient_are_not_answered, forget_all),
	    cmocka_unit_test_setup(the_names_of_the_dead_are_free, forget_all),
	    cmocka_unit_test_setup(one_process_cannot_use_up_the_tables, forget_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
