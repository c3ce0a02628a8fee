/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/shmem-server/registry.c lib/glob.c */
#include "servers/shmem-server/registry.h"
#include "unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VM_A 5
#define VM_B 6
#define VM_C 7

/* What was answered last, and the events that went out. */
static struct {
	struct shm shm;
	int answers, status;
	int64_t rcvid;
	struct shm_msg msg;
	uint32_t events[64], event_count;
	bool full;
	uint32_t life[PROCESS_MAX];
} t;

static void on_reply(void *context, int64_t rcvid, int status, const struct shm_msg *msg)
{
	(void)context;
	t.answers++;
	t.rcvid = rcvid;
	t.status = status;
	memset(&t.msg, 0, sizeof(t.msg));
	if (msg)
		t.msg = *msg;
}

static bool on_event(void *context, uint32_t scoid, uint32_t handle)
{
	(void)context;
	(void)scoid;
	if (t.full)
		return false;
	t.events[t.event_count++ % 64] = handle;
	return true;
}

static uint32_t on_life(void *context, uint32_t slot)
{
	(void)context;
	return t.life[slot];
}

static const struct shm_ops ops = {.reply = on_reply, .event = on_event, .life = on_life};

static void add_pool(uint32_t slots, uint64_t bytes, const char *pattern)
{
	struct pm_pool pool = {.bytes = bytes, .slots = slots};

	strcpy(pool.patterns, pattern);
	assert_true(shm_pool_add(&t.shm, &pool));
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.shm.ops = &ops;
	add_pool(1u << VM_A | 1u << VM_B, 16 * SHM_PAGE, "ab*");
	add_pool(1u << VM_A | 1u << VM_C, 16 * SHM_PAGE, "*");
	return 0;
}

static int send(uint32_t type, uint32_t slot, uint32_t handle, uint32_t value)
{
	struct shm_msg msg = {.type = type, .handle = handle, .status = value};
	int before = t.answers;

	shm_message(&t.shm, 1, slot, slot, &msg, sizeof(msg));
	assert_int_equal(t.answers, before + 1);
	return t.status;
}

/* 1: it waits; else the status. */
static int attach(uint32_t slot, const char *name, uint32_t pages, uint32_t flags)
{
	struct shm_msg msg = {.type = SHM_ATTACH, .pages = pages, .flags = flags};
	int before = t.answers;

	strncpy(msg.name, name, sizeof(msg.name));
	shm_message(&t.shm, 100 + slot, slot, slot, &msg, sizeof(msg));
	return t.answers == before ? 1 : t.status;
}

static uint32_t attach_ready(uint32_t slot, const char *name, uint32_t pages)
{
	uint32_t handle;

	assert_int_equal(attach(slot, name, pages, 0), 0);
	handle = t.msg.handle;
	if (t.msg.flags & SHM_ZERO)
		assert_int_equal(send(SHM_READY, slot, handle, 0), 0);
	return handle;
}

static void the_first_decides_the_size(void **state)
{
	(void)state;
	attach_ready(VM_A, "ab1", 3);
	assert_int_equal(attach(VM_B, "ab1", 9, 0), 0);
	assert_int_equal(t.msg.pages, 3);
	assert_int_equal(t.msg.index, 1);
	assert_int_equal(t.msg.flags, 0);
	assert_int_equal(t.msg.status >> 16, 3);
}

static void regions_do_not_overlap(void **state)
{
	(void)state;
	attach_ready(VM_A, "ab1", 3);
	attach_ready(VM_A, "ab2", 4);
	assert_int_equal(t.shm.region[1].first, 3);
	assert_int_equal(attach(VM_B, "ab3", 10, 0), -ENOMEM);
	assert_int_equal(attach(VM_B, "ab3", 9, 0), 0);
	assert_int_equal(t.msg.offset, 7 * SHM_PAGE);
}

/* VM C has no pool for that name in common with A and B: its region of the same name is another one, or none. */
static void pools_are_apart(void **state)
{
	uint32_t a;

	(void)state;
	a = attach_ready(VM_A, "ab1", 1);
	attach_ready(VM_C, "ab1", 1);
	assert_int_not_equal(t.shm.region[0].pool, t.shm.region[1].pool);
	assert_int_equal(send(SHM_STATUS, VM_A, a, 0), 0);
	assert_int_equal(t.msg.status >> 16, 1);
	assert_int_equal(attach(VM_B, "other", 1, 0), -ENOENT);
	assert_int_equal(attach(9, "ab1", 1, 0), -ENOENT);
	assert_int_equal(attach(40, "ab1", 1, 0), -ENOENT);
}

static void pools_are_counted_for_each_vm(void **state)
{
	(void)state;
	attach_ready(VM_A, "ab", 1);
	assert_int_equal(attach(VM_A, "x", 1, 0), 0);
	assert_int_equal(t.msg.pool, 1);
	assert_int_equal(attach(VM_C, "y", 1, 0), 0);
	assert_int_equal(t.msg.pool, 0);
}

static void others_wait_for_the_zeroes(void **state)
{
	uint32_t a;

	(void)state;
	assert_int_equal(attach(VM_A, "ab1", 1, 0), 0);
	assert_int_equal(t.msg.flags, SHM_ZERO);
	a = t.msg.handle;
	assert_int_equal(attach(VM_B, "ab1", 1, 0), 1);
	t.answers = 0;
	assert_int_equal(t.event_count, 0);
	struct shm_msg msg = {.type = SHM_READY, .handle = a};
	shm_message(&t.shm, 7, VM_A, VM_A, &msg, sizeof(msg));
	assert_int_equal(t.answers, 2);
	assert_int_equal(t.event_count, 1);
	assert_int_equal(t.events[0], a);
}

static void a_waiter_zeroes_if_the_first_goes(void **state)
{
	(void)state;
	assert_int_equal(attach(VM_A, "ab1", 1, 0), 0);
	assert_int_equal(attach(VM_B, "ab1", 1, 0), 1);
	shm_forget(&t.shm, VM_A);
	assert_int_equal(t.rcvid, 100 + VM_B);
	assert_int_equal(t.msg.flags, SHM_ZERO);
	assert_int_equal(send(SHM_NOTIFY, VM_B, t.msg.handle, ~0u), -EINVAL);
}

static void who_waits_may_go(void **state)
{
	(void)state;
	assert_int_equal(attach(VM_A, "ab1", 1, 0), 0);
	uint32_t a = t.msg.handle;
	assert_int_equal(attach(VM_B, "ab1", 1, 0), 1);
	shm_unblock(&t.shm, 100 + VM_B);
	assert_int_equal(t.rcvid, 100 + VM_B);
	assert_int_equal(t.status, -ETIMEDOUT);
	assert_int_equal(send(SHM_READY, VM_A, a, 0), 0);
	assert_int_equal(send(SHM_STATUS, VM_A, a, 0), 0);
	assert_int_equal(t.msg.status, 1u << 16);
	shm_unblock(&t.shm, 0);
	assert_int_equal(send(SHM_STATUS, VM_A, a, 0), 0);
}

static void notes_reach_whom_they_name(void **state)
{
	uint32_t a = 0, b = 0;

	(void)state;
	a = attach_ready(VM_A, "ab1", 1);
	b = attach_ready(VM_B, "ab1", 1);
	assert_int_equal(send(SHM_STATUS, VM_A, a, 0), 0);
	t.event_count = 0;
	assert_int_equal(send(SHM_NOTIFY, VM_B, b, ~0u), 0);
	assert_int_equal(send(SHM_NOTIFY, VM_B, b, ~0u), 0);
	assert_int_equal(t.event_count, 1); /* one until it is asked for */
	assert_int_equal(t.events[0], a);
	assert_int_equal(send(SHM_STATUS, VM_A, a, 0), 0);
	assert_int_equal(t.msg.status, 3u << 16 | 2);
	assert_int_equal(send(SHM_STATUS, VM_A, a, 0), 0);
	assert_int_equal(t.msg.status, 3u << 16);
	assert_int_equal(send(SHM_NOTIFY, VM_B, b, 2), 0); /* itself: nothing */
	assert_int_equal(t.event_count, 1);
}

static void an_event_that_is_not_taken_comes_with_the_next(void **state)
{
	uint32_t a = attach_ready(VM_A, "ab1", 1);
	uint32_t b = attach_ready(VM_B, "ab1", 1);

	(void)state;
	send(SHM_STATUS, VM_A, a, 0);
	t.event_count = 0;
	t.full = true;
	send(SHM_NOTIFY, VM_B, b, 1);
	t.full = false;
	send(SHM_NOTIFY, VM_B, b, 1);
	assert_int_equal(t.event_count, 1);
}

static void a_client_uses_its_own_handle_only(void **state)
{
	uint32_t a = attach_ready(VM_A, "ab1", 1);

	(void)state;
	assert_int_equal(send(SHM_DETACH, VM_B, a, 0), -EBADF);
	assert_int_equal(send(SHM_STATUS, VM_B, a, 0), -EBADF);
	assert_int_equal(send(SHM_NOTIFY, VM_A, a + 1, 1), -EBADF);
	assert_int_equal(send(SHM_NOTIFY, VM_A, 0xffffffff, 1), -EBADF);
	assert_int_equal(send(0x4ff, VM_A, a, 1), -EINVAL);
}

static void the_last_one_frees_it(void **state)
{
	uint32_t a = attach_ready(VM_A, "ab1", 16);
	uint32_t b = attach_ready(VM_B, "ab1", 1);

	(void)state;
	send(SHM_STATUS, VM_B, b, 0);
	t.event_count = 0;
	assert_int_equal(send(SHM_DETACH, VM_A, a, 0), 0);
	assert_int_equal(t.events[0], b);
	assert_int_equal(send(SHM_STATUS, VM_B, b, 0), 0);
	assert_int_equal(t.msg.status, 2u << 16);
	assert_int_equal(attach(VM_A, "ab2", 1, 0), -ENOMEM);
	shm_forget(&t.shm, VM_B);
	assert_int_equal(attach(VM_A, "ab2", 16, 0), 0);
	assert_int_equal(t.msg.flags, SHM_ZERO);
}

static void a_holder_keeps_it_and_is_no_client(void **state)
{
	(void)state;
	assert_int_equal(attach(VM_A, "ab1", 2, SHM_HOLD), 0);
	assert_int_equal(send(SHM_READY, VM_A, t.msg.handle, 0), 0);
	uint32_t b = attach_ready(VM_B, "ab1", 5);
	assert_int_equal(send(SHM_STATUS, VM_B, b, 0), 0);
	assert_int_equal(t.msg.status, 1u << 16);
	assert_int_equal(send(SHM_DETACH, VM_B, b, 0), 0);
	assert_int_equal(attach(VM_B, "ab1", 5, 0), 0);
	assert_int_equal(t.msg.pages, 2);
	assert_int_equal(t.msg.flags, 0);
}

static void wrong_names_are_refused(void **state)
{
	char longest[PROTO_NAME + 1];

	(void)state;
	assert_int_equal(attach(VM_A, "", 1, 0), -EINVAL);
	assert_int_equal(attach(VM_A, "ab/c", 1, 0), -EINVAL);
	assert_int_equal(attach(VM_A, "ab*", 1, 0), -EINVAL);
	assert_int_equal(attach(VM_A, "a b", 1, 0), -EINVAL);
	assert_int_equal(attach(VM_A, "a,b", 1, 0), -EINVAL);
	attach_ready(VM_A, "a]b", 1); /* as `create` may call it */
	memset(longest, 'a', PROTO_NAME);
	longest[PROTO_NAME] = '\0';
	assert_int_equal(attach(VM_A, longest, 1, 0), -EINVAL);
	assert_int_equal(attach(VM_A, "ab", 0, 0), -ENOMEM);
	assert_int_equal(attach(VM_A, "ab", 0xffffffff, 0), -ENOMEM);
}

static void as_many_clients_as_documented(void **state)
{
	(void)state;
	attach_ready(VM_A, "ab1", 1);
	for (unsigned i = 1; i < SHM_CLIENTS; i++)
		assert_int_equal(attach(i % 2 ? VM_B : VM_A, "ab1", 1, 0), 0);
	assert_int_equal(t.msg.index, SHM_CLIENTS - 1);
	assert_int_equal(attach(VM_B, "ab1", 1, 0), -EMFILE);
}

static void one_vm_cannot_take_all(void **state)
{
	char name[8] = "x0";

	(void)state;
	for (unsigned i = 0; i < SHM_OF_SLOT; i++) {
		name[1] = (char)('a' + i);
		attach_ready(VM_C, name, 1);
	}
	assert_int_equal(attach(VM_C, "xz", 1, 0), -EMFILE);
}

/* Eight of sixteen places are the other's, for clients as for holders. */
static void one_vm_cannot_keep_the_other_out(void **state)
{
	(void)state;
	attach_ready(VM_A, "ab1", 1);
	for (unsigned i = 1; i < SHM_CLIENTS / 2; i++)
		attach_ready(VM_A, "ab1", 1);
	assert_int_equal(attach(VM_A, "ab1", 1, 0), -EMFILE);
	for (unsigned i = 0; i < SHM_HOLDERS / 2; i++)
		assert_int_equal(attach(VM_A, "ab1", 1, SHM_HOLD), 0);
	assert_int_equal(attach(VM_A, "ab1", 1, SHM_HOLD), -EMFILE);
	attach_ready(VM_B, "ab1", 1);
	assert_int_equal(attach(VM_B, "ab1", 1, SHM_HOLD), 0);
}

/* Four VMs make as many regions as they can: those of the other pool make theirs all the same. */
static void one_pool_cannot_take_all_regions(void **state)
{
	char name[8] = "r";
	unsigned made = 0;

	(void)state;
	memset(&t.shm, 0, sizeof(t.shm));
	t.shm.ops = &ops;
	add_pool(0xfu << 10, 1024 * SHM_PAGE, "*");
	add_pool(1u << 14, 1024 * SHM_PAGE, "*");
	for (unsigned i = 0; i < 4 * SHM_OF_SLOT; i++) {
		name[1] = (char)('a' + i % 16);
		name[2] = (char)('a' + i / 16);
		made += attach(10 + i / SHM_OF_SLOT, name, 1, 0) == 0;
	}
	assert_int_equal(made, SHM_REGIONS_MAX / 2);
	assert_int_equal(attach(14, "mine", 1, 0), 0);
}

/* The server was started again: guests that ran then have what the one before gave them, for as long as they live. */
static void what_an_earlier_server_gave_is_not_given_again(void **state)
{
	(void)state;
	t.life[VM_A] = 1;
	t.life[VM_C] = 4;
	shm_begin(&t.shm);
	t.life[VM_B] = 1; /* later than the server */
	assert_int_equal(attach(VM_B, "ab1", 1, 0), -EBUSY);
	assert_int_equal(attach(VM_A, "ab1", 1, 0), -EBUSY);
	assert_int_equal(attach(VM_C, "x", 1, 0), -EBUSY);
	t.life[VM_A] = 2;
	assert_int_equal(attach(VM_B, "ab1", 1, 0), 0);
	assert_int_equal(attach(VM_A, "x", 1, 0), -EBUSY);
	t.life[VM_C] = 0;
	assert_int_equal(attach(VM_A, "x", 1, 0), 0);
	t.life[VM_C] = 4;
	assert_int_equal(attach(VM_C, "y", 1, 0), 0);
}

static void a_short_message_is_refused(void **state)
{
	struct shm_msg msg = {.type = SHM_ATTACH};

	(void)state;
	shm_message(&t.shm, 3, VM_A, VM_A, &msg, sizeof(msg) - 1);
	assert_int_equal(t.status, -EINVAL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
	    TEST(the_first_decides_the_size),
	    TEST(regions_do_not_overlap),
	    TEST(pools_are_apart),
	    TEST(pools_are_counted_for_each_vm),
	    TEST(others_wait_for_the_zeroes),
	    TEST(a_waiter_zeroes_if_the_first_goes),
	    TEST(who_waits_may_go),
	    TEST(notes_reach_whom_they_name),
	    TEST(an_event_that_is_not_taken_comes_with_the_next),
	    TEST(a_client_uses_its_own_handle_only),
	    TEST(the_last_one_frees_it),
	    TEST(a_holder_keeps_it_and_is_no_client),
	    TEST(wrong_names_are_refused),
	    TEST(as_many_clients_as_documented),
	    TEST(one_vm_cannot_take_all),
	    TEST(one_vm_cannot_keep_the_other_out),
	    TEST(one_pool_cannot_take_all_regions),
	    TEST(what_an_earlier_server_gave_is_not_given_again),
	    TEST(a_short_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
