/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/manifest.c lib/cpio.c */
/* SEEDS: tests/fuzz/manifest/%.manifest */
/*
 * The reader of an archive's manifest. What is accepted has one form only: written again from what was read it is the
 * same text, and each of its names is found as the line that it is.
 */
#include <manifest.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct manifest manifest;

static void must(bool true_)
{
	if (!true_)
		abort();
}

static size_t write_line(char *to, const struct manifest_line *line)
{
	const char *flags = line->certified ? " " MANIFEST_CERTIFIED " " : " - ";
	size_t used = 2 * MANIFEST_HASH_BYTES;

	memcpy(to, line->hash, used);
	memcpy(to + used, flags, strlen(flags));
	used += strlen(flags);
	memcpy(to + used, line->name, line->name_bytes);
	to[used + line->name_bytes] = '\n';
	return used + line->name_bytes + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static char again[MANIFEST_LINES_MAX * 512];
	static const uint8_t zero[MANIFEST_HASH_BYTES];
	unsigned line = 0;
	size_t used = strlen(MANIFEST_TITLE);

	if (manifest_read(&manifest, (const char *)data, bytes, &line) != NULL) {
		must(line >= 1 && line <= MANIFEST_LINES_MAX + 2);
		return 0;
	}
	memcpy(again, MANIFEST_TITLE, used);
	for (unsigned i = 0; i < manifest.count; i++) {
		char name[MANIFEST_NAME_MAX + 1];

		used += write_line(again + used, &manifest.lines[i]);
		memcpy(name, manifest.lines[i].name, manifest.lines[i].name_bytes);
		name[manifest.lines[i].name_bytes] = '\0';
		must(manifest_find(&manifest, name) == &manifest.lines[i]);
		manifest_hash_is(&manifest.lines[i], zero);
	}
	must(used == bytes && memcmp(again, data, bytes) == 0);
	return 0;
}
