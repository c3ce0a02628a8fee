/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the signed list of the files of an archive: see manifest.h. */
#include "manifest.h"
#include "cpio.h"
#include <string.h>

#define HASH_DIGITS (2 * MANIFEST_HASH_BYTES)

/* What is left of the text. */
struct rest {
	const char *at, *end;
};

static bool take_text(struct rest *rest, const char *text)
{
	size_t bytes = strlen(text);

	if ((size_t)(rest->end - rest->at) < bytes || memcmp(rest->at, text, bytes) != 0)
		return false;
	rest->at += bytes;
	return true;
}

static bool take_hash(struct rest *rest, const char **hash)
{
	if (rest->end - rest->at < HASH_DIGITS)
		return false;
	for (unsigned i = 0; i < HASH_DIGITS; i++)
		if (!((rest->at[i] >= '0' && rest->at[i] <= '9') || (rest->at[i] >= 'a' && rest->at[i] <= 'f')))
			return false;
	*hash = rest->at;
	rest->at += HASH_DIGITS;
	return true;
}

static bool take_flags(struct rest *rest, bool *certified)
{
	*certified = take_text(rest, MANIFEST_CERTIFIED);
	return *certified || take_text(rest, "-");
}

static bool take_name(struct rest *rest, struct manifest_line *line)
{
	size_t bytes = 0, most = (size_t)(rest->end - rest->at);

	while (bytes < most && rest->at[bytes] > ' ' && rest->at[bytes] <= '~')
		bytes++;
	if (bytes == 0 || bytes > MANIFEST_NAME_MAX || rest->at[0] == '/' ||
	    (bytes > 1 && rest->at[0] == '.' && rest->at[1] == '/'))
		return false;
	line->name = rest->at;
	line->name_bytes = (uint16_t)bytes;
	rest->at += bytes;
	return true;
}

/* As strcmp(). */
static int compare_name(const struct manifest_line *line, const char *name, size_t bytes)
{
	int order = memcmp(line->name, name, bytes < line->name_bytes ? bytes : line->name_bytes);

	return order != 0 ? order : (line->name_bytes > bytes) - (line->name_bytes < bytes);
}

static const char *read_line(struct manifest *manifest, struct rest *rest)
{
	struct manifest_line *line = &manifest->lines[manifest->count];

	if (manifest->count == MANIFEST_LINES_MAX)
		return "more files than a manifest may have";
	if (!take_hash(rest, &line->hash) || !take_text(rest, " "))
		return "the line has no SHA-256 of 64 lower-case hexadecimal digits";
	if (!take_flags(rest, &line->certified) || !take_text(rest, " "))
		return "the flags are neither \"" MANIFEST_CERTIFIED "\" nor \"-\"";
	if (!take_name(rest, line) || !take_text(rest, "\n"))
		return "the line has no valid file name";
	if (manifest->count > 0 && compare_name(line - 1, line->name, line->name_bytes) >= 0)
		return "the names are not in ascending order";
	manifest->count++;
	return NULL;
}

const char *manifest_read(struct manifest *manifest, const char *text, size_t bytes, unsigned *line)
{
	struct rest rest = {text, text + bytes};

	manifest->count = 0;
	*line = 1;
	if (take_text(&rest, MANIFEST_TITLE_1))
		return "this is a manifest of version 1, which has SHA-512: sign the archive anew, with the "
		       "`bulkhead sign` of this version";
	if (!take_text(&rest, MANIFEST_TITLE))
		return "this is not a manifest of version 2";
	while (rest.at != rest.end) {
		const char *wrong;

		++*line;
		wrong = read_line(manifest, &rest);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const struct manifest_line *manifest_find(const struct manifest *manifest, const char *name)
{
	size_t bytes;

	name = cpio_plain_name(name);
	bytes = strlen(name);
	for (unsigned i = 0; i < manifest->count; i++)
		if (compare_name(&manifest->lines[i], name, bytes) == 0)
			return &manifest->lines[i];
	return NULL;
}

bool manifest_hash_is(const struct manifest_line *line, const uint8_t hash[MANIFEST_HASH_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < MANIFEST_HASH_BYTES; i++)
		if (line->hash[2 * i] != digits[hash[i] >> 4] || line->hash[2 * i + 1] != digits[hash[i] & 15])
			return false;
	return true;
}
