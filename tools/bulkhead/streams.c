/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"
#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TELL_SECONDS 5

__attribute__((format(printf, 2, 3))) static void say_wrong(struct streams *s, const char *format, ...)
{
	char text[PATH_MAX + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message_send(text);
	s->wrong = true;
}

/* ---- files ---- */

/* Where a stream of this name goes: a file, or a folder. NULL: nowhere. */
static const char *find_place(const struct streams *s, const char *name, bool *folder)
{
	const size_t bytes = strlen(name);

	*folder = false;
	for (unsigned i = 0; i < s->into_count; i++) {
		if (strncmp(s->into[i], name, bytes) == 0 && s->into[i][bytes] == '=')
			return s->into[i] + bytes + 1;
	}
	*folder = true;
	for (unsigned i = 0; i < s->into_count; i++) {
		if (!strchr(s->into[i], '='))
			return s->into[i];
	}
	return NULL;
}

static bool path_is_new(const struct streams *s, const struct stream *stream)
{
	for (const struct stream *other = s->stream; other < s->stream + s->count; other++) {
		if (other != stream && strcmp(other->path, stream->path) == 0)
			return false;
	}
	return true;
}

/* The second one of a name goes to FILE.2: nothing that came is overwritten. */
static void open_file(struct streams *s, struct stream *stream)
{
	bool folder;
	const char *place = find_place(s, stream->name, &folder);
	int length = 0, used = 0;

	if (!place)
		return;
	length = snprintf(stream->path, sizeof(stream->path), "%s%s%s", place, folder ? "/" : "",
			  folder ? stream->name : "");
	for (unsigned n = 2; length < (int)sizeof(stream->path) - 8 && !path_is_new(s, stream); n++)
		used = snprintf(stream->path + length, sizeof(stream->path) - (size_t)length, ".%u", n);
	if (length + used < (int)sizeof(stream->path) - 8)
		stream->fd = open(stream->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	else
		errno = ENAMETOOLONG;
	if (stream->fd < 0)
		say_wrong(s, "%s: %s; stream %s is not written", stream->path, strerror(errno), stream->name);
}

static void write_data(struct streams *s, struct stream *stream, const struct frame *f)
{
	size_t done = 0;

	while (stream->fd >= 0 && done < f->bytes) {
		ssize_t part = pwrite(stream->fd, f->data + done, f->bytes - done, (off_t)(f->offset + done));

		if (part > 0) {
			done += (size_t)part;
		} else if (part == 0 || errno != EINTR) {
			say_wrong(s, "%s: %s; stream %s is not written from byte %" PRIu64 " on", stream->path,
				  part == 0 ? "nothing was written" : strerror(errno), stream->name, f->offset + done);
			close(stream->fd);
			stream->fd = -1;
		}
	}
}

/* ---- streams ---- */

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void show_progress(struct stream *stream)
{
	const time_t now = seconds_now();

	if (now < stream->told + TELL_SECONDS)
		return;
	stream->told = now;
	message_good("%s: %" PRIu64 " KiB", stream->name, stream->at / 1024);
	if (stream->expected >= stream->at)
		message_good(" of %" PRIu64 ", %u %%", stream->expected / 1024,
			     (unsigned)((double)stream->at / (double)stream->expected * 100));
	message_good("\n");
	fflush(stdout);
}

static void close_stream(struct stream *stream)
{
	stream->open = false;
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
}

/* `how`: how it ended, or NULL if it is whole unless something was lost. */
static void end_stream(struct streams *s, struct stream *stream, const char *how)
{
	char lost[160] = "";

	if (stream->lost)
		snprintf(lost, sizeof(lost),
			 "%" PRIu64 " frame%s lost, %" PRIu64 " bytes are missing (zeros in the file)", stream->lost,
			 stream->lost == 1 ? " was" : "s were", stream->missing);
	if (!*stream->path)
		message_good("stream %s: dropped, as no --receive names it\n", stream->name);
	else if (how || stream->lost)
		say_wrong(s, "stream %s, %s: %s%s%s; %" PRIu64 " bytes are there", stream->name, stream->path,
			  how ? how : "", how && stream->lost ? "; " : "", lost, stream->at - stream->missing);
	else
		message_good("stream %s: %s, %" PRIu64 " bytes, complete\n", stream->name, stream->path, stream->at);
	fflush(stdout);
	close_stream(stream);
}

static struct stream *find_open(struct streams *s, uint16_t number)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (s->stream[i].open && s->stream[i].number == number)
			return &s->stream[i];
	}
	return NULL;
}

static void open_stream(struct streams *s, const struct frame *f)
{
	struct stream *stream = find_open(s, f->stream);

	if (stream)
		end_stream(s, stream, "its end did not come");
	if (s->count == STREAMS_MAX) {
		say_wrong(s, "more than %d streams: %.*s is dropped", STREAMS_MAX, f->bytes, (const char *)f->data);
		return;
	}
	stream = &s->stream[s->count++];
	*stream = (struct stream){.fd = -1, .number = f->stream, .open = true, .next = 1, .expected = f->offset};
	memcpy(stream->name, f->data, f->bytes);
	stream->told = seconds_now();
	open_file(s, stream);
}

/* Takes account of the frames before this one. False: it is none of this stream. */
static bool count_lost(struct stream *stream, const struct frame *f)
{
	const uint64_t lost = f->sequence - stream->next, gap = f->offset - stream->at;

	/* Without a loss the offset is where the stream was; each frame that is lost had at most FRAME_DATA_MAX bytes.
	 */
	if (f->sequence < stream->next || f->offset < stream->at || gap > lost * FRAME_DATA_MAX)
		return false;
	stream->lost += lost;
	stream->missing += gap;
	stream->at = f->offset;
	stream->next = f->sequence + 1;
	return true;
}

static void take_frame(struct streams *s, const struct frame *f)
{
	struct stream *stream;

	if (f->kind == FRAME_OPEN) {
		open_stream(s, f);
		return;
	}
	stream = find_open(s, f->stream);
	if (!stream || !count_lost(stream, f)) {
		s->strays++;
		return;
	}
	if (f->kind != FRAME_DATA) {
		/* What is missing at the end is zeros, too. */
		if (stream->fd >= 0 && stream->missing && ftruncate(stream->fd, (off_t)stream->at) != 0)
			say_wrong(s, "%s: %s", stream->path, strerror(errno));
		end_stream(s, stream, f->kind == FRAME_BROKEN ? "its sender went away" : NULL);
		return;
	}
	write_data(s, stream, f);
	stream->at += f->bytes;
	show_progress(stream);
}

void streams_take(struct streams *s, struct frame_reader *line, const uint8_t *data, size_t bytes)
{
	struct frame f;

	for (size_t i = 0; i < bytes; i++) {
		if (frame_give_byte(line, data[i], &f))
			take_frame(s, &f);
	}
}

static bool has_come(const struct streams *s, const char *into)
{
	const size_t bytes = strcspn(into, "=");

	for (unsigned i = 0; i < s->count; i++) {
		if (strlen(s->stream[i].name) == bytes && strncmp(s->stream[i].name, into, bytes) == 0)
			return true;
	}
	return !into[bytes];
}

int streams_finish(struct streams *s, const struct frame_reader *lines, unsigned line_count)
{
	uint64_t damaged = 0;

	for (unsigned i = 0; i < s->count; i++) {
		if (s->stream[i].open)
			end_stream(s, &s->stream[i], "its end did not come");
	}
	for (unsigned i = 0; i < s->into_count; i++) {
		if (!has_come(s, s->into[i]))
			say_wrong(s, "--receive %s: no such stream came", s->into[i]);
	}
	for (unsigned i = 0; i < line_count; i++)
		damaged += lines[i].damaged;
	if (damaged)
		say_wrong(s, "%" PRIu64 " frame%s damaged and dropped", damaged, damaged == 1 ? " was" : "s were");
	if (s->strays)
		say_wrong(s, "%" PRIu64 " frame%s dropped: the beginning of the stream did not come", s->strays,
			  s->strays == 1 ? " was" : "s were");
	return s->wrong ? -1 : 0;
}
