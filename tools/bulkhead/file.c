/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads until the end; a pipe has no size that could be asked for. */
static int read_stream(FILE *stream, struct file *file)
{
	size_t room = 0;

	*file = (struct file){NULL, 0};
	do {
		size_t more = room ? room : 65536;
		uint8_t *data = realloc(file->data, room + more + 1);

		if (!data) {
			free(file->data);
			return -1;
		}
		file->data = data;
		room += more;
		file->bytes += fread(data + file->bytes, 1, room - file->bytes, stream);
	} while (file->bytes == room);
	file->data[file->bytes] = '\0';
	if (ferror(stream)) {
		free(file->data);
		return -1;
	}
	return 0;
}

int file_read(const char *path, struct file *file)
{
	FILE *stream = fopen(path, "rb");
	struct stat info;
	int status;

	if (!stream)
		return -1;
	if (fstat(fileno(stream), &info) == 0 && S_ISDIR(info.st_mode)) {
		fclose(stream);
		errno = EISDIR;
		return -1;
	}
	status = read_stream(stream, file);
	fclose(stream);
	return status;
}

int file_write(const char *path, const void *data, size_t bytes)
{
	char temporary[4096];
	FILE *stream;
	int bad;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	stream = fopen(temporary, "wb");
	if (!stream)
		return -1;
	bad = fwrite(data, 1, bytes, stream) != bytes;
	bad |= fclose(stream) != 0;
	if (bad || rename(temporary, path) != 0) {
		int cause = errno;

		unlink(temporary);
		errno = cause;
		return -1;
	}
	return 0;
}

static void run_dtc(const char *path, const int *ends)
{
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
	execlp("dtc", "dtc", "-I", "dts", "-O", "dtb", "-o", "-", path, (char *)NULL);
	fprintf(stderr, "bulkhead: cannot run dtc: %s; install the package device-tree-compiler\n", strerror(errno));
	_exit(127);
}

int file_compile(const char *path, struct file *dtb)
{
	int ends[2], status = -1;
	FILE *stream;
	pid_t child;

	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0)
		run_dtc(path, ends);
	close(ends[1]);
	stream = fdopen(ends[0], "rb");
	if (!stream || read_stream(stream, dtb) != 0)
		*dtb = (struct file){NULL, 0};
	if (stream)
		fclose(stream);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !dtb->data) {
		fprintf(stderr, "%s: dtc could not compile this file\n", path);
		free(dtb->data);
		return -1;
	}
	return 0;
}
