/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"
#include "message.h"
#include <errno.h>
#include <fcntl.h>
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
			*file = (struct file){NULL, 0};
			return -1;
		}
		file->data = data;
		room += more;
		file->bytes += fread(data + file->bytes, 1, room - file->bytes, stream);
	} while (file->bytes == room);
	file->data[file->bytes] = '\0';
	if (ferror(stream)) {
		free(file->data);
		*file = (struct file){NULL, 0};
		return -1;
	}
	return 0;
}

/* What is no regular file may have no end, or wait for a writer. The size is looked at before anything is read. */
static const char *open_regular(const char *path, size_t most, FILE **stream)
{
	const char *wrong = NULL;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat info;

	if (fd < 0 || fstat(fd, &info) != 0)
		wrong = strerror(errno);
	else if (S_ISDIR(info.st_mode))
		wrong = strerror(EISDIR);
	else if (!S_ISREG(info.st_mode))
		wrong = "this is no regular file";
	else if ((uint64_t)info.st_size > most)
		wrong = strerror(EFBIG);
	*stream = wrong ? NULL : fdopen(fd, "rb");
	if (!*stream && fd >= 0)
		close(fd);
	return *stream || wrong ? wrong : strerror(errno);
}

const char *file_read(const char *path, size_t most, struct file *file)
{
	FILE *stream;
	const char *wrong = open_regular(path, most, &stream);

	*file = (struct file){NULL, 0};
	if (wrong)
		return wrong;
	if (read_stream(stream, file) != 0)
		wrong = strerror(errno);
	fclose(stream);
	return wrong;
}

static int write_stream(FILE *stream, const void *data, size_t bytes)
{
	bool bad = fwrite(data, 1, bytes, stream) != bytes;

	return fclose(stream) != 0 || bad ? -1 : 0;
}

int file_prepare(struct file_output *output, const char *path, const void *data, size_t bytes)
{
	struct stat info;
	FILE *stream;

	*output = (struct file_output){.path = path};
	/* What is no file, such as /dev/null, must stay what it is. */
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
		stream = fopen(path, "wb");
		return stream ? write_stream(stream, data, bytes) : -1;
	}
	if (snprintf(output->temporary, sizeof(output->temporary), "%s.tmp", path) >= (int)sizeof(output->temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	stream = fopen(output->temporary, "wb");
	if (!stream)
		return -1;
	if (write_stream(stream, data, bytes) == 0)
		return 0;
	file_finish(output, false);
	return -1;
}

int file_finish(struct file_output *output, bool keep)
{
	int cause = errno;

	if (output->temporary[0] == '\0')
		return 0;
	if (keep) {
		if (rename(output->temporary, output->path) == 0)
			return 0;
		cause = errno;
	}
	unlink(output->temporary);
	errno = cause;
	return keep ? -1 : 0;
}

int file_run(const char *const *command, struct file *output, struct file *errors)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int status = -1;
	pid_t child;

	*output = *errors = (struct file){NULL, 0};
	child = out && err ? fork() : -1;
	if (child == 0) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		execvp(command[0], (char *const *)(uintptr_t)command);
		fprintf(stderr, "cannot run %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	if (child > 0 && waitpid(child, &status, 0) != child)
		status = -1;
	if (out) {
		rewind(out);
		read_stream(out, output);
		fclose(out);
	}
	if (err) {
		rewind(err);
		read_stream(err, errors);
		fclose(err);
	}
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/*
 * dtc says "Error: dir/system.dts:12.3-7 syntax error"; what it says in another way is passed on as it is. Its last
 * line, "FATAL ERROR: ..." or "ERROR: Input tree ...", is the reason only if there was none before.
 */
static void send_dtc_line(const char *path, char *line, bool *said)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const bool summary = strncmp(line, "FATAL ERROR", 11) == 0 || strncmp(line, "ERROR: Input tree", 17) == 0;
	char *at = strstr(line, path), *point, *text;

	if ((summary && *said) || *line == '\0')
		return;
	*said = true;
	point = at ? strchr(at + strlen(path), '.') : NULL;
	text = point ? strchr(point, ' ') : NULL;
	if (!text) {
		message("%s: dtc: %s", path, line);
		return;
	}
	message("[%s:%.*s]%s", base, (int)(point - at - (long)strlen(path) - 1), at + strlen(path) + 1, text);
}

static int run_dtc(const char *path, const char *format, const char *option, struct file *output)
{
	/* Warnings are about trees of boards: 'interrupts' here are INTIDs, and no reference to a controller. */
	const char *const command[] = {"dtc", "-q", "-I", "dts", "-O", format, path, option, NULL};
	struct file errors;
	int status = file_run(command, output, &errors);
	bool said = false;

	for (char *next = (char *)errors.data, *line; status != 0 && (line = strsep(&next, "\n")) != NULL;)
		send_dtc_line(path, line, &said);
	if (status == 127)
		message("%s: dtc is needed to read this file; install the package device-tree-compiler", path);
	free(errors.data);
	if (status == 0)
		return 0;
	free(output->data);
	*output = (struct file){NULL, 0};
	return -1;
}

int file_compile(const char *path, struct file *dtb, struct file *annotated)
{
	if (run_dtc(path, "dtb", NULL, dtb) != 0)
		return -1;
	if (run_dtc(path, "dts", "-T", annotated) == 0)
		return 0;
	free(dtb->data);
	*dtb = (struct file){NULL, 0};
	return -1;
}
