/* SPDX-License-Identifier: Apache-2.0 */
/* Lays out and writes the boot archive: see archive.h. */
#include "archive.h"
#include "cpio.h"
#include "message.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALIGNMENT    4096u
#define HEADER_BYTES 110u

#define TRAILER_NAME "TRAILER!!!"

struct entry *archive_entry(struct image *image, const char *name)
{
	name = cpio_plain_name(name);
	for (unsigned i = 0; i < image->entry_count; i++) {
		if (strcmp(image->entries[i].name, name) == 0)
			return &image->entries[i];
	}
	return NULL;
}

/* NULL, or why an archive cannot have a file of this name. */
static const char *wrong_name(const char *name)
{
	static const char *const kept[] = {MANIFEST_FILE, MANIFEST_SIGNATURE, MANIFEST_KERNEL, PAD_NAME, TRAILER_NAME};

	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (strcmp(name, kept[i]) == 0)
			return "the archive uses this name itself; give the file another one";
	}
	for (const char *c = name; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return "a name in the archive must have only printable ASCII characters, and no blanks";
	}
	return *name == '\0' || strlen(name) > MANIFEST_NAME_MAX ? "a name in the archive must have 1 to 255 characters"
								 : NULL;
}

static struct entry *append_entry(struct image *image, const char *name, const uint8_t *data, size_t bytes)
{
	struct entry *entry = &image->entries[image->entry_count++];

	*entry = (struct entry){.name = name, .data = data, .bytes = bytes};
	return entry;
}

struct entry *archive_add(struct image *image, const char *name, const uint8_t *data, size_t bytes)
{
	const char *wrong;

	name = cpio_plain_name(name);
	wrong = wrong_name(name);
	if (image->entry_count == ARCHIVE_FILES_MAX)
		message("bulkhead: more than %d files for one archive; leave some out", ARCHIVE_FILES_MAX);
	else if (wrong)
		message("'%s': %s", name, wrong);
	else if (bytes > UINT32_MAX)
		message("%s: the file is longer than 4 GiB, which is the limit of the archive's format", name);
	else
		return append_entry(image, name, data, bytes);
	image->mistakes++;
	return NULL;
}

struct entry *archive_add_file(struct image *image, const char *name, const char *path)
{
	struct entry *entry;
	const char *wrong;
	struct file file;

	wrong = file_read(path, FILE_DATA_MAX, &file);
	if (wrong) {
		message("%s: %s", path, wrong);
		image->mistakes++;
		return NULL;
	}
	entry = archive_add(image, name, file.data, file.bytes);
	if (entry)
		entry->owned = file.data;
	else
		free(file.data);
	return entry;
}

static size_t round4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static size_t head_bytes(const char *name)
{
	return round4(HEADER_BYTES + strlen(name) + 1);
}

/* The length of the pad entry that makes the data of a file at `offset` begin on a page; -1: none is needed. */
static long pad_bytes(size_t offset, const char *name)
{
	if ((offset + head_bytes(name)) % ALIGNMENT == 0)
		return -1;
	return (long)((ALIGNMENT - (offset + head_bytes(PAD_NAME) + head_bytes(name)) % ALIGNMENT) % ALIGNMENT);
}

/* Writes one entry at `offset` of `out`, if there is an `out`, and returns the offset after it. */
static size_t put_entry(uint8_t *out, size_t offset, unsigned inode, const char *name, const uint8_t *data,
			size_t bytes)
{
	unsigned mode = strcmp(name, TRAILER_NAME) == 0 ? 0 : 0100644;
	char header[HEADER_BYTES + 1];

	if (out) {
		/* No owner and no time: the same input gives the same archive. */
		snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode,
			 mode, 0, 0, 1, 0, (unsigned)bytes, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
		memcpy(out + offset, header, HEADER_BYTES);
		memcpy(out + offset + HEADER_BYTES, name, strlen(name) + 1);
		if (data)
			memcpy(out + offset + head_bytes(name), data, bytes);
	}
	return round4(offset + head_bytes(name) + bytes);
}

/* The whole archive, or without `out` only its length. */
static size_t lay_out(const struct image *image, uint8_t *out)
{
	size_t offset = 0;
	unsigned inode = 1;

	for (unsigned i = 0; i < image->entry_count; i++) {
		const struct entry *entry = &image->entries[i];
		long pad = pad_bytes(offset, entry->name);

		if (pad >= 0)
			offset = put_entry(out, offset, inode++, PAD_NAME, NULL, (size_t)pad);
		offset = put_entry(out, offset, inode++, entry->name, entry->data, entry->bytes);
	}
	return put_entry(out, offset, 0, TRAILER_NAME, NULL, 0);
}

/* The manifest and its signature are the archive's last files. */
static void sign_entries(struct image *image, struct sign_result *result)
{
	static struct sign_file files[ARCHIVE_FILES_MAX];

	if (image->mistakes)
		return;
	for (unsigned i = 0; i < image->entry_count; i++)
		files[i] = (struct sign_file){image->entries[i].name, image->entries[i].data, image->entries[i].bytes};
	if (sign_files(&image->arguments->signing, files, image->entry_count, result) != 0) {
		image->mistakes++;
		return;
	}
	append_entry(image, MANIFEST_FILE, (const uint8_t *)result->manifest, result->manifest_bytes);
	if (result->is_signed)
		append_entry(image, MANIFEST_SIGNATURE, result->signature, sizeof(result->signature));
	else
		message("bulkhead: the archive is not signed, and no system starts from it; give --key or --signature");
}

/* Writes the archive, and the manifest if --manifest names a file for it: both or none. */
static void write_files(struct image *image, const char *output, const uint8_t *archive, size_t bytes,
			const struct sign_result *result)
{
	const char *paths[] = {output, image->arguments->signing.manifest};
	unsigned count = paths[1] ? 2 : 1, ready = 0, written = 0;
	struct file_output outputs[2];

	if (file_prepare(&outputs[0], paths[0], archive, bytes) == 0)
		ready++;
	if (ready == 1 && count == 2 &&
	    file_prepare(&outputs[1], paths[1], result->manifest, result->manifest_bytes) == 0)
		ready++;
	if (ready < count)
		message("%s: %s", paths[ready], strerror(errno));
	for (unsigned i = 0; i < ready; i++) {
		if (file_finish(&outputs[i], ready == count) != 0)
			message("%s: %s", paths[i], strerror(errno));
		else
			written++;
	}
	if (ready < count || written < count)
		image->mistakes++;
	else
		message_good("%s: %u files, %zu bytes\n", output, image->entry_count, bytes);
}

static void write_archive(struct image *image, const char *output, const struct sign_result *result)
{
	size_t bytes = lay_out(image, NULL);
	uint8_t *archive;

	if (image->system && !image->arguments->no_check)
		image->mistakes += system_check(image->system, bytes);
	if (image->mistakes)
		return;
	archive = calloc(1, bytes);
	if (!archive) {
		message("bulkhead: no memory for an archive of %zu bytes", bytes);
		image->mistakes++;
		return;
	}
	lay_out(image, archive);
	write_files(image, output, archive, bytes, result);
	free(archive);
}

int archive_finish(struct image *image, const char *output)
{
	struct sign_result result = {.manifest = NULL};
	int status;

	sign_entries(image, &result);
	write_archive(image, output, &result);
	status = image->mistakes ? -1 : 0;
	for (unsigned i = 0; i < image->entry_count; i++)
		free(image->entries[i].owned);
	free(result.manifest);
	free(image);
	return status;
}
