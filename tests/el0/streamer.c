/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sender of streams (docs/frames.md): what its arguments say, one after the other.
 *
 *     open:NAME:BYTES   begins a stream, of which so many bytes are announced
 *     write:BYTES       sends so many bytes: byte n of all is (n * n >> 8 ^ n * 7) & 255
 *     close             ends it
 *     sleep:MS          waits
 *     exit              ends, whatever is open
 *
 * What fails, and the end, is printed into the log.
 */
#include "bulkhead/client.h"
#include "bulkhead/thread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 1000 /* not what a frame has */

static struct stream_out stream;
static uint64_t sent;

static int open_stream(const char *words)
{
	const char *colon = strchr(words, ':');
	char name[64] = "";

	if (!colon || colon - words >= (long)sizeof(name))
		return -1;
	memcpy(name, words, (size_t)(colon - words));
	return stream_out_open(&stream, name, strtoull(colon + 1, NULL, 10), PM_WAIT);
}

static int write_bytes(uint64_t bytes)
{
	static uint8_t data[PIECE];
	int status = 0;

	for (uint64_t done = 0; done < bytes && status >= 0; done += PIECE) {
		size_t part = bytes - done < PIECE ? (size_t)(bytes - done) : PIECE;

		for (size_t i = 0; i < part; i++, sent++)
			data[i] = (uint8_t)(sent * sent >> 8 ^ sent * 7);
		status = stream_out_write(&stream, data, part);
	}
	return status;
}

static int obey(const char *command)
{
	const char *colon = strchr(command, ':'), *word = colon ? colon + 1 : "";

	if (strncmp(command, "open:", 5) == 0)
		return open_stream(word);
	if (strncmp(command, "write:", 6) == 0)
		return write_bytes(strtoull(word, NULL, 10));
	if (strcmp(command, "close") == 0)
		return stream_out_close(&stream);
	if (strncmp(command, "sleep:", 6) != 0)
		exit(EXIT_SUCCESS);
	thread_sleep(strtoull(word, NULL, 10) * 1000000);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int status = obey(argv[i]);

		if (status < 0)
			printf("streamer: %s: %d\n", argv[i], status);
	}
	printf("streamer: done\n");
	fflush(stdout);
	for (;;)
		thread_sleep(1000000000);
}
