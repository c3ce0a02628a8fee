/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of newc archives. A header is 110 characters: a magic of 6 and 13 hexadecimal numbers of 8 (cpio(5)). */
#include "cpio.h"
#include <string.h>

#define HEADER_BYTES 110u
#define FIELD_MODE   1
#define FIELD_BYTES  6
#define FIELD_NAME   11
#define NAME_LIMIT   4096u

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int read_field(const uint8_t *header, unsigned index, uint32_t *value)
{
	const uint8_t *text = header + 6 + 8 * index;

	*value = 0;
	for (unsigned i = 0; i < 8; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -1;
		*value = *value << 4 | (uint32_t)digit;
	}
	return 0;
}

static size_t round4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

int cpio_next(const void *archive, size_t archive_bytes, size_t *offset, struct cpio_file *file)
{
	const uint8_t *header = (const uint8_t *)archive + *offset;
	size_t left, name_end, data_end;
	uint32_t mode, bytes, name_bytes;

	if (*offset >= archive_bytes || archive_bytes - *offset < HEADER_BYTES)
		return -1; /* an archive ends with its trailer, not before */
	left = archive_bytes - *offset;
	if ((memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0) ||
	    read_field(header, FIELD_MODE, &mode) || read_field(header, FIELD_BYTES, &bytes) ||
	    read_field(header, FIELD_NAME, &name_bytes))
		return -1;
	if (name_bytes == 0 || name_bytes > NAME_LIMIT)
		return -1;
	/* Offsets are aligned within the archive, and `*offset` is a multiple of 4 by construction. */
	name_end = round4(HEADER_BYTES + (size_t)name_bytes);
	if (name_end > left || bytes > left - name_end || header[HEADER_BYTES + name_bytes - 1] != '\0')
		return -1;
	file->name = (const char *)header + HEADER_BYTES;
	file->data = header + name_end;
	file->bytes = bytes;
	file->mode = mode;
	if (strcmp(file->name, "TRAILER!!!") == 0)
		return 0;
	data_end = round4(name_end + bytes);
	*offset += data_end < left ? data_end : left;
	return 1;
}

const char *cpio_plain_name(const char *name)
{
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name += name[0] == '/' ? 1 : 2;
	return name;
}

int cpio_find(const void *archive, size_t archive_bytes, const char *name, struct cpio_file *file)
{
	size_t offset = 0;

	name = cpio_plain_name(name);
	while (cpio_next(archive, archive_bytes, &offset, file) == 1) {
		if ((file->mode & CPIO_TYPE) == CPIO_REGULAR && strcmp(cpio_plain_name(file->name), name) == 0)
			return 0;
	}
	return -1;
}
