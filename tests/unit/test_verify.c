/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/verify.c lib/manifest.c lib/cpio.c */
/* LIBS: sodium */
#include "archive.h"
#include "bulkhead/kernel.h"
#include "servers/procmgr/verify.h"
#include "sha256.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static const unsigned char seed[crypto_sign_SEEDBYTES];
static char room[16384];
static struct archive a;
static struct cpio_file file;
static uint64_t features;
static unsigned accelerated; /* how often it was called */

int SystemInfo_r(struct system_info *info)
{
	*info = (struct system_info){.cpus = 1, .features = features};
	return 0;
}

void sha256_accelerated(uint8_t hash[SHA256_BYTES], const void *data, size_t bytes)
{
	accelerated++;
	crypto_hash_sha256(hash, data, bytes);
}

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
	strcpy(a.manifest, "bulkhead-manifest 3\n");
	assert_string_equal(verify_begin(room, archive_end(&a, seed)), "this is not a manifest of version 2");
}

/* Its signature is good. */
static void an_archive_of_before_is_refused_by_its_version(void **state)
{
	static const char hash[] = "00000000000000000000000000000000";

	(void)state;
	archive_begin(&a, room);
	archive_add_unlisted(&a, "one", "first", 5);
	snprintf(a.manifest, sizeof(a.manifest), "bulkhead-manifest 1\n%s%s%s%s - one\n", hash, hash, hash, hash);
	assert_string_equal(verify_begin(room, archive_end(&a, seed)),
			    "this is a manifest of version 1, which has SHA-512: sign the archive anew, with the "
			    "`bulkhead sign` of this version");
	assert_string_equal(verify_find("one", &file), "is not in the signed MANIFEST");
}

/* A good file once; with the processor's instructions only where every CPU has them. */
static void each_file_is_hashed_once(void **state)
{
	(void)state;
	for (unsigned has = 0; has <= 1; has++) {
		features = has ? FEATURE_SHA256 : ~(uint64_t)FEATURE_SHA256;
		accelerated = 0;
		assert_null(verify_begin(room, make(seed)));
		assert_int_equal(accelerated, 0);
		for (unsigned i = 0; i < 3; i++) {
			assert_null(verify_find("one", &file));
			assert_null(verify_find("./two", &file));
			assert_null(verify_find("/two", &file));
		}
		assert_int_equal(accelerated, has ? 2 : 0);
		assert_null(verify_kernel("kernel", 6));
		assert_non_null(verify_kernel("Kernel", 6));
		assert_int_equal(accelerated, has ? 4 : 0);
	}
}

/* What is put off is checked once, whoever names it and however often; what is not there is said at once. */
static void what_is_checked_later_is_checked_once(void **state)
{
	size_t done, bytes;
	const char *name;
	int length;

	(void)state;
	features = FEATURE_SHA256;
	accelerated = 0;
	assert_null(verify_begin(room, make(seed)));
	assert_string_equal(verify_later("stray", &file), "is not in the signed MANIFEST");
	assert_string_equal(verify_later("three", &file), "is not in the boot archive");
	assert_null(verify_later("one", &file));
	assert_memory_equal(file.data, "first", 5);
	assert_null(verify_later("./one", &file));
	assert_null(verify_later("two", &file));
	assert_int_equal(accelerated, 0);
	assert_int_equal(verify_count(&done, &bytes), 2);
	assert_int_equal(done, 0);
	assert_int_equal(bytes, 5 + 6);
	assert_null(verify_find("two", &file)); /* somebody reads it before that */
	assert_int_equal(accelerated, 1);
	assert_true(verify_next());
	assert_true(verify_next());
	assert_false(verify_next());
	assert_int_equal(accelerated, 2);
	verify_count(&done, &bytes);
	assert_int_equal(done, bytes);
	for (unsigned i = 0; i < 2; i++) {
		assert_null(verify_result(i, &name, &length));
		assert_int_equal(length, 3);
		assert_memory_equal(name, i == 0 ? "one" : "two", 3);
	}
	assert_null(verify_later("one", &file));
	assert_null(verify_find("one", &file));
	assert_int_equal(accelerated, 2);
}

static void what_is_checked_later_may_differ(void **state)
{
	const char *name;
	size_t bytes = make(seed);
	int length;

	(void)state;
	assert_null(verify_begin(room, bytes));
	assert_null(verify_later("one", &file));
	assert_null(verify_later("two", &file));
	*(char *)(uintptr_t)file.data ^= 1;
	while (verify_next())
		;
	assert_null(verify_result(0, &name, &length));
	assert_string_equal(verify_result(1, &name, &length), "differs from the one that was signed");
	assert_memory_equal(name, "two", 3);
	assert_non_null(verify_find("two", &file));
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
	    cmocka_unit_test(an_archive_of_before_is_refused_by_its_version),
	    cmocka_unit_test(each_file_is_hashed_once),
	    cmocka_unit_test(what_is_checked_later_is_checked_once),
	    cmocka_unit_test(what_is_checked_later_may_differ),
	    cmocka_unit_test(no_bit_can_be_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
