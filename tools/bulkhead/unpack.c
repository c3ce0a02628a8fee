/* SPDX-License-Identifier: Apache-2.0 */
/* gzip: RFC 1952. zstd: RFC 8878. EFI zboot: Linux, drivers/firmware/efi/libstub/zboot-header.S. */
#include "unpack.h"
#include "range.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct zboot {
	uint8_t mz[4], zimg[4];
	uint32_t offset, bytes; /* of the packed kernel in the file; little-endian */
	uint8_t reserved[8];
	char type[32]; /* NUL-terminated */
};

static bool is_gzip(const void *data, size_t bytes)
{
	return bytes >= 3 && memcmp(data, "\x1f\x8b\x08", 3) == 0;
}

static bool is_zboot(const void *data, size_t bytes)
{
	const struct zboot *header = data;

	return bytes >= sizeof(*header) && memcmp(header->mz, "MZ", 2) == 0 && memcmp(header->zimg, "zimg", 4) == 0;
}

const char *unpack_kind(const void *data, size_t bytes)
{
	return is_gzip(data, bytes) ? "gzip" : is_zboot(data, bytes) ? "EFI zboot" : NULL;
}

static const char too_long[] = "its contents are longer than 512 MiB";

/* Makes room for more output. */
static const char *grow(struct file *out, size_t *room)
{
	size_t more = *room == 0 ? 1u << 20 : 2 * *room;
	uint8_t *data = more <= UNPACKED_MAX ? realloc(out->data, more) : NULL;

	if (!data)
		return more <= UNPACKED_MAX ? "there is not enough memory to unpack it" : too_long;
	out->data = data;
	*room = more;
	return NULL;
}

/* Other bytes after the packed data would be lost: some append a device tree. Zeros are padding, and Linux appends the
 * unpacked length. */
static const char *tail_problem(const uint8_t *data, size_t bytes, uint64_t unpacked)
{
	const uint8_t size[4] = {(uint8_t)unpacked, (uint8_t)(unpacked >> 8), (uint8_t)(unpacked >> 16),
				 (uint8_t)(unpacked >> 24)};

	if (bytes == sizeof(size) && memcmp(data, size, sizeof(size)) == 0)
		return NULL;
	while (bytes > 0 && *data == 0) {
		data++;
		bytes--;
	}
	return bytes ? "other data follow the packed kernel and would be lost (a device tree?)" : NULL;
}

static const char *inflate_all(z_stream *z, struct file *out)
{
	const char *wrong = NULL;
	size_t room = 0;
	int status = Z_OK;

	while (!wrong && status != Z_STREAM_END) {
		wrong = out->bytes == room ? grow(out, &room) : NULL;
		if (wrong)
			break;
		z->next_out = out->data + out->bytes;
		z->avail_out = (uInt)(room - out->bytes);
		status = inflate(z, Z_NO_FLUSH);
		out->bytes = room - z->avail_out;
		if (status == Z_BUF_ERROR || (status == Z_OK && z->avail_in == 0 && z->avail_out != 0))
			wrong = "it is cut off";
		else if (status != Z_OK && status != Z_STREAM_END)
			wrong = z->msg ? z->msg : "its data are damaged";
		/* Several members in a row make one file (RFC 1952, 2.2). */
		if (status == Z_STREAM_END && is_gzip(z->next_in, z->avail_in) && inflateReset(z) == Z_OK)
			status = Z_OK;
	}
	return wrong ? wrong : tail_problem(z->next_in, z->avail_in, out->bytes);
}

static const char *unpack_gzip(const uint8_t *data, size_t bytes, struct file *out)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)bytes};
	const char *wrong;

	if (bytes > UINT32_MAX || inflateInit2(&z, 15 + 16) != Z_OK)
		return "there is not enough memory to unpack it";
	wrong = inflate_all(&z, out);
	inflateEnd(&z);
	return wrong;
}

static const char *unpack_zstd(const uint8_t *data, size_t bytes, struct file *out)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {data, bytes, 0};
	const char *wrong = stream ? NULL : "there is not enough memory to unpack it";
	size_t room = 0, left = 1;

	while (!wrong && left != 0) {
		ZSTD_outBuffer to;
		size_t before = in.pos;

		wrong = out->bytes == room ? grow(out, &room) : NULL;
		if (wrong)
			break;
		to = (ZSTD_outBuffer){out->data + out->bytes, room - out->bytes, 0};
		left = ZSTD_decompressStream(stream, &to, &in);
		out->bytes += to.pos;
		if (ZSTD_isError(left))
			wrong = ZSTD_getErrorName(left);
		else if (left != 0 && to.pos == 0 && in.pos == before)
			wrong = "it is cut off";
	}
	ZSTD_freeDStream(stream);
	return wrong ? wrong : tail_problem(data + in.pos, bytes - in.pos, out->bytes);
}

static const char *unpack_zboot(const uint8_t *data, size_t bytes, struct file *out)
{
	static char text[96];
	struct zboot header;
	const uint8_t *packed;

	memcpy(&header, data, sizeof(header));
	if (header.offset < sizeof(header) || !range_holds(0, bytes, header.offset, header.bytes))
		return "its header places the packed kernel outside the file";
	header.type[sizeof(header.type) - 1] = '\0';
	packed = data + header.offset;
	if (strcmp(header.type, "gzip") == 0 && is_gzip(packed, header.bytes))
		return unpack_gzip(packed, header.bytes, out);
	if (strncmp(header.type, "zstd", 4) == 0)
		return unpack_zstd(packed, header.bytes, out);
	for (char *c = header.type; *c; c++)
		*c = (char)(*c < ' ' || *c > '~' ? '?' : *c);
	snprintf(text, sizeof(text), "it is packed by '%s'; only gzip and zstd are supported", header.type);
	return text;
}

const char *unpack(const void *data, size_t bytes, struct file *unpacked)
{
	const char *wrong;

	*unpacked = (struct file){NULL, 0};
	wrong = is_gzip(data, bytes) ? unpack_gzip(data, bytes, unpacked) : unpack_zboot(data, bytes, unpacked);
	if (wrong) {
		free(unpacked->data);
		*unpacked = (struct file){NULL, 0};
	}
	return wrong;
}
