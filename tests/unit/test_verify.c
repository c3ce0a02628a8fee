/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/verify.c lib/manifest.c lib/cpio.c */
/* LIBS: sodium */
#include "archive.h"
#include "servers/procmgr/verify.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static const unsigned char seed[crypto_sign_SEEDBYTES];
static char room[16384];
static struct archive a;
static struct cpio_file file;

/* Two files and a kernel that are listed, and a file that is not. */
static size_t make(const unsigned char *with)
{
	archive_begin(&a, room);
	archive_list(&a, MANIFEST_KERNEL, "kernel", 6, true);
	archive_add(&a, "one", "first", 5);
	archive_add_unlisted(&a, "stray", "third", 5);
	archive_list(&a, "two", "second", 6, true);
	archive_add_unlisted(&a, "two", "second", 6);
	return archive_end(&a, with);
}

static void what_was_signed_is_used(void **state)
{
	(void)state;
	assert_null(verify_begin(room, make(seed)));
	assert_null(verify_find("one", &file));
	assert_memory_equal(file.data, "first", 5);
	assert_null(verify_find("./two", &file));
	assert_null(verify_find("/two", &file));
	assert_int_equal(file.bytes, 6);
	assert_true(verify_certified("two"));
	assert_false(verify_certified("one"));
	assert_false(verify_certified("three"));
	assert_null(verify_kernel("kernel", 6));
	assert_non_null(verify_kernel("Kernel", 6));
	assert_non_null(verify_kernel("kerne", 5));
}

static void nothing_else_is_used(void **state)
{
	(void)state;
	assert_null(verify_begin(room, make(seed)));
	assert_string_equal(verify_find("stray", &file), "is not in the signed MANIFEST");
	assert_string_equal(verify_find(MANIFEST_FILE, &file), "is not in the signed MANIFEST");
	assert_string_equal(verify_find("three", &file), "is not in the boot archive");
	assert_string_equal(verify_find(MANIFEST_KERNEL, &file), "is not in the boot archive");
	assert_true(verify_listed("one"));
	assert_false(verify_listed("stray"));
	assert_false(verify_listed("three"));
	assert_false(verify_listed(MANIFEST_KERNEL));
}

static void an_archive_that_is_not_ours_is_refused(void **state)
{
	unsigned char other[crypto_sign_SEEDBYTES] = {1};
	size_t bytes = make(other);

	(void)state;
	assert_non_null(strstr(verify_begin(room, bytes), "is no signature"));
	assert_non_null(verify_find("one", &file));
	archive_begin(&a, room);
	archive_add(&a, "one", "first", 5);
	archive_add_unlisted(&a, "TRAILER!!!", "", 0);
	assert_non_null(strstr(verify_begin(room, (size_t)(a.at - room)), "not signed"));
	assert_non_null(verify_find("one", &file));
	/* A signature that is too short, or too long, is none. */
	for (size_t length = 63; length <= 65; length += 2) {
		archive_begin(&a, room);
		archive_add_unlisted(&a, MANIFEST_FILE, MANIFEST_TITLE, strlen(MANIFEST_TITLE));
		archive_add_unlisted(&a, MANIFEST_SIGNATURE, room, length);
		archive_add_unlisted(&a, "TRAILER!!!", "", 0);
		assert_non_null(strstr(verify_begin(room, (size_t)(a.at - room)), "is no signature"));
	}
	/* What is signed but no manifest. */
	archive_begin(&a, room);
	strcpy(a.manifest, "bulkhead-manifest 2\n");
	assert_non_null(strstr(verify_begin(room, archive_end(&a, seed)), "no manifest of version 1"));
}

/* Every bit of the archive in turn: whatever is still accepted is what was signed. */
static void no_bit_can_be_changed(void **state)
{
	size_t bytes = make(seed);
	unsigned refused = 0;

	(void)state;
	for (size_t at = 0; at < bytes; at++) {
		room[at] = (char)(room[at] ^ 1 << at % 8);
		if (verify_begin(room, bytes) != NULL) {
			refused++;
		} else if (verify_find("one", &file) == NULL) {
			assert_int_equal(file.bytes, 5);
			assert_memory_equal(file.data, "first", 5);
		}
		room[at] = (char)(room[at] ^ 1 << at % 8);
	}
	assert_true(refused > strlen(a.manifest) + MANIFEST_SIGNATURE_BYTES);
	assert_null(verify_begin(room, bytes));
	assert_null(verify_find("one", &file));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_signed_is_used),
	    cmocka_unit_test(nothing_else_is_used),
	    cmocka_unit_test(an_archive_that_is_not_ours_is_refused),
	    cmocka_unit_test(no_bit_can_be_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
