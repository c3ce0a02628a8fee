/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/cpio.c */
#include "cpio.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 4096

struct archive {
	char bytes[ROOM];
	size_t used;
};

static void put(struct archive *a, const char *name, unsigned mode, const char *data)
{
	size_t n = strlen(data), head = (110 + strlen(name) + 1 + 3) & ~(size_t)3;

	snprintf(a->bytes + a->used, ROOM - a->used, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s", 1,
		 mode, 0, 0, 1, 0, (unsigned)n, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0, name);
	memcpy(a->bytes + a->used + head, data, n);
	a->used += (head + n + 3) & ~(size_t)3;
}

static void fill(struct archive *a)
{
	memset(a, 0, sizeof(*a));
	put(a, "./dir", 040755, "");
	put(a, "./dir/one", 0100644, "first");
	put(a, "two", 0100755, "");
	put(a, "two", 0100644, "later");
	put(a, "TRAILER!!!", 0, "");
}

static void files_come_in_order(void **state)
{
	static const char *const names[] = {"./dir", "./dir/one", "two", "two"};
	struct archive a;
	struct cpio_file file;
	size_t offset = 0;

	(void)state;
	fill(&a);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(cpio_next(a.bytes, a.used, &offset, &file), 1);
		assert_string_equal(file.name, names[i]);
	}
	assert_int_equal(file.bytes, 5);
	assert_memory_equal(file.data, "later", 5);
	assert_int_equal(cpio_next(a.bytes, a.used, &offset, &file), 0);
	/* The end is the end, however often it is asked for. */
	assert_int_equal(cpio_next(a.bytes, a.used, &offset, &file), 0);
}

static void a_file_is_found_by_its_whole_name(void **state)
{
	struct archive a;
	struct cpio_file file;

	(void)state;
	fill(&a);
	assert_int_equal(cpio_find(a.bytes, a.used, "/dir/one", &file), 0);
	assert_int_equal(file.bytes, 5);
	assert_memory_equal(file.data, "first", 5);
	assert_int_equal(file.mode, 0100644);
	assert_int_equal(cpio_find(a.bytes, a.used, "./two", &file), 0);
	assert_int_equal(file.bytes, 0);
	assert_int_equal(cpio_find(a.bytes, a.used, "dir", &file), -1); /* not a regular file */
	assert_int_equal(cpio_find(a.bytes, a.used, "three", &file), -1);
	assert_int_equal(cpio_find(a.bytes, a.used, "TRAILER!!!", &file), -1);
}

/* Walks all of it; every byte that the reader hands out must lie within the archive (the sanitizer watches its edges).
 */
static int walk(const char *bytes, size_t count, unsigned *files)
{
	char *exact = malloc(count ? count : 1);
	struct cpio_file file;
	size_t offset = 0;
	unsigned sum = 0;
	int status;

	memcpy(exact, bytes, count);
	*files = 0;
	while ((status = cpio_next(exact, count, &offset, &file)) == 1) {
		for (size_t i = 0; i < file.bytes; i++)
			sum += file.data[i];
		sum += (unsigned)strlen(file.name);
		(*files)++;
		assert_true(*files < 100);
	}
	free(exact);
	return sum == UINT32_MAX ? 1 : status;
}

static void an_archive_cut_short_is_refused(void **state)
{
	struct archive a;
	unsigned files;

	(void)state;
	fill(&a);
	for (size_t count = 0; count < a.used - 1; count++)
		assert_int_equal(walk(a.bytes, count, &files), -1);
	assert_int_equal(walk(a.bytes, a.used, &files), 0);
	assert_int_equal(files, 4);
}

static void headers_that_lie_are_refused(void **state)
{
	/* Where, and what is written over it. Fields: 6 + 8 * index. */
	static const struct {
		unsigned offset;
		const char *text;
	} lies[] = {
	    {0, "070707"},
	    {6 + 8 * 6, "FFFFFFFF"},
	    {6 + 8 * 6, "7FFFFFFF"},
	    {6 + 8 * 6, "00000g00"},
	    {6 + 8 * 11, "FFFFFFFF"},
	    {6 + 8 * 11, "00000000"},
	    {6 + 8 * 11, "00000005"},
	    {6 + 8 * 11, "00001001"},
	    {6 + 8 * 1, "-0000001"},
	};
	struct archive a;
	unsigned files;

	(void)state;
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		fill(&a);
		memcpy(a.bytes + lies[i].offset, lies[i].text, strlen(lies[i].text));
		assert_int_equal(walk(a.bytes, a.used, &files), -1);
		assert_int_equal(files, 0);
	}
}

static void damage_never_leads_outside(void **state)
{
	struct archive a;
	unsigned files, seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		fill(&a);
		for (unsigned i = 0; i < 3; i++) {
			seed = seed * 1103515245u + 12345u;
			a.bytes[(seed >> 8) % a.used] = "0F7f\0z"[(seed >> 4) % 6];
		}
		assert_in_range(walk(a.bytes, a.used, &files) + 1, 0, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_come_in_order),
	    cmocka_unit_test(a_file_is_found_by_its_whole_name),
	    cmocka_unit_test(an_archive_cut_short_is_refused),
	    cmocka_unit_test(headers_that_lie_are_refused),
	    cmocka_unit_test(damage_never_leads_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
