/* SPDX-License-Identifier: Apache-2.0 */
/* What clients may have: names, consoles, waits, memory; and clients that misbehave or die. */
#include "clients.h"

/* A console that is another's by its name stays closed, also while that one is not there; what is open stays so. */
static void a_name_of_another_stays_closed(void **state)
{
	(void)state;
	consoles_disconnect(&c, SHELL_SLOT);
	stranger = GUEST_SLOT;
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "shell"), -EPERM);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "other"), -EPERM);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "linux"), guest_id);
	stranger = 0;
	assert_int_equal(send_text(CON_OPEN, SHELL_SLOT, 0, "shell"), shell_id);
}

static void bad_messages_are_refused(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "nobody"), -ENOENT);
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "shell"), 0);
	assert_int_equal(send_text(CON_FOCUS, GUEST_SLOT, 1, "shell"), -EPERM);
	assert_int_equal(send_text(CON_FOCUS, GUEST_SLOT, 1, "linux"), -EPERM);
	expect_line(""); /* nobody is greeted */
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, ""), -EINVAL);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "a\x1b[2J"), -EINVAL);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "0123456789012345678901234567890x"), -EINVAL);
	assert_int_equal(send_text(12345, GUEST_SLOT, 1, "x"), -EINVAL);
	assert_int_equal(send_bytes(CON_WRITE, GUEST_SLOT, 1, 10, "x", 1), -EINVAL);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, PROTO_DATA + 1, NULL, 0), -EINVAL);
	assert_int_equal(send_text(CON_WRITE, GUEST_SLOT, 0, "not mine"), -EBADF);
	assert_int_equal(send_text(CON_WRITE, GUEST_SLOT, 65535, "none"), -EBADF);
	struct con_msg msg = {.type = CON_OPEN};

	for (size_t bytes = 0; bytes < offsetof(struct con_msg, data); bytes++) {
		consoles_message(&c, ++next_rcvid, GUEST_SLOT, &msg, bytes);
		assert_int_equal(last_rcvid, next_rcvid);
		assert_int_equal(last_status, -EINVAL);
	}
}

static void a_console_has_one_owner(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_OPEN, 6, 0, "linux"), -EBUSY);
	assert_int_equal(send_text(CON_OPEN, 6, 0, "shell"), -EBUSY);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "linux"), guest_id);
	consoles_disconnect(&c, GUEST_SLOT);
	assert_int_equal(send_text(CON_OPEN, 6, 0, "linux"), guest_id);
	assert_int_equal(send_text(CON_WRITE, GUEST_SLOT, (unsigned)guest_id, "x"), -EBADF);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "linux"), -EBUSY);
}

static void shares_are_bounded(void **state)
{
	(void)state;
	char name[] = "c0";

	for (unsigned i = 1; i < CONSOLE_SHARE; i++, name[1]++)
		assert_in_range(send_text(CON_OPEN, GUEST_SLOT, 0, name), 2, CONSOLES_MAX - 1);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "one-more"), -ENOSPC);
	for (unsigned i = 0; i < CONSOLE_DUTIES; i++)
		assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 1, NULL, 0), WAITS);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 1, NULL, 0), -EAGAIN);
	/* A client that has used up its share does not hinder others. */
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
}

static void all_consoles_with_all_their_waits(void **state)
{
	(void)state;
	for (unsigned i = 2; i < CONSOLES_MAX; i++) {
		char name[] = {'c', (char)('0' + i), 0};

		assert_int_equal(send_text(CON_OPEN, 10 + i, 0, name), i);
	}
	assert_int_equal(send_text(CON_OPEN, 9, 0, "none-left"), -ENOSPC);
	for (unsigned id = 0; id < CONSOLES_MAX; id++)
		for (unsigned i = 0; i < CONSOLE_DUTIES; i++)
			assert_int_equal(send_bytes(CON_READ, c.console[id].owner, id, 1, NULL, 0), WAITS);
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
}

static void consoles_of_the_dead_are_reused(void **state)
{
	(void)state;
	char name[] = "ca";

	for (unsigned i = 0; i < 3 * CONSOLES_MAX; i++, name[1]++) {
		int id = send_text(CON_OPEN, 8, 0, name);

		assert_in_range(id, 1, CONSOLES_MAX - 1);
		assert_int_equal(send_text(CON_WRITE, 8, (unsigned)id, name), 2);
		consoles_disconnect(&c, 8);
		if (name[1] == 'y')
			name[1] = 'a';
	}
	/* The two that are open are still there. */
	assert_string_equal(c.console[0].name, "shell");
	assert_string_equal(c.console[1].name, "linux");
	/* A recycled console does not show what its former owner printed. */
	int id = send_text(CON_OPEN, 8, 0, "fresh");

	assert_in_range(id, 2, CONSOLES_MAX - 1);
	send_text(CON_FOCUS, SHELL_SLOT, 0, "fresh");
	expect_line("console of fresh; Ctrl-] leaves it\r\n");
}

/* What the checks count with is what each console takes; then only that of a process that is gone can be had. */
static void a_console_takes_the_memory_that_is_counted(void **state)
{
	(void)state;
	memory = CONSOLES_HEAP(2) - CONSOLES_OVERHEAD;
	assert_int_equal(send_text(CON_OPEN, 8, 0, "a"), 2);
	assert_int_equal(send_text(CON_OPEN, 9, 0, "b"), 3);
	assert_int_equal(memory, 0);
	assert_int_equal(send_text(CON_OPEN, 10, 0, "c"), -ENOMEM);
	consoles_disconnect(&c, 8);
	assert_int_equal(send_text(CON_OPEN, 10, 0, "c"), 2);
	assert_int_equal(send_text(CON_OPEN, 8, 0, "a"), -ENOMEM);
	/* Neither the shell's nor what is on the screen. */
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "b"), WAITS);
	expect_line("console of b; Ctrl-] leaves it\r\n");
	consoles_disconnect(&c, SHELL_SLOT);
	consoles_disconnect(&c, 9);
	assert_int_equal(send_text(CON_OPEN, 8, 0, "a"), 3);
	assert_int_equal(send_text(CON_OPEN, SHELL_SLOT, 0, "shell"), 0);
}

static void a_dead_client_gets_no_answer(void **state)
{
	(void)state;
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 5, NULL, 0), WAITS);
	int before = answers;

	consoles_disconnect(&c, GUEST_SLOT);
	assert_int_equal(answers, before + 1);
	assert_int_equal(last_status, -EINTR);
	/* Nobody is there to get this, and nothing answers twice. */
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	before = answers;
	type("abc");
	assert_int_equal(answers, before);
}

int share_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_name_of_another_stays_closed),
	    CASE(bad_messages_are_refused),
	    CASE(a_console_has_one_owner),
	    CASE(shares_are_bounded),
	    CASE(all_consoles_with_all_their_waits),
	    CASE(consoles_of_the_dead_are_reused),
	    CASE(a_console_takes_the_memory_that_is_counted),
	    CASE(a_dead_client_gets_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
