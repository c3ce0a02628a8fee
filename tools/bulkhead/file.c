/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the host: see file.h. */
#include "file.h"
#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads until the end: a pipe does not know its size. */
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

/* Only regular files: others may have no end, or wait for a writer. The size is checked before anything is read. */
static const char *open_regular(const char *path, size_t most, FILE **stream)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), cause = 0;
	struct stat info;

	if (fd < 0 || fstat(fd, &info) != 0)
		cause = errno;
	else if (S_ISDIR(info.st_mode))
		cause = EISDIR;
	else if (!S_ISREG(info.st_mode))
		cause = EINVAL;
	else if ((uint64_t)info.st_size > most)
		cause = EFBIG;
	*stream = cause ? NULL : fdopen(fd, "rb");
	if (!*stream && !cause)
		cause = errno;
	if (!*stream && fd >= 0)
		close(fd);
	errno = cause;
	return cause == EINVAL ? "this is not a regular file" : cause ? strerror(cause) : NULL;
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

bool file_is_within(const char *path, const char *const *folders, unsigned count)
{
	char *real = realpath(path, NULL);
	bool within = false;

	for (unsigned i = 0; real && i < count && !within; i++) {
		char *folder = realpath(folders[i], NULL);
		size_t bytes = folder ? strlen(folder) : 0;

		/* Only "/" ends with the slash already. */
		bytes -= bytes == 1;
		within = folder && strncmp(real, folder, bytes) == 0 && real[bytes] == '/';
		free(folder);
	}
	free(real);
	return within;
}

static int write_stream(FILE *stream, const void *data, size_t bytes)
{
	bool bad = fwrite(data, 1, bytes, stream) != bytes;

	return fclose(stream) != 0 || bad ? -1 : 0;
}

int file_prepare(struct file_output *output, const char *path, const void *data, size_t bytes)
{
	const mode_t mask = umask(0);
	struct stat info;
	FILE *stream;
	int fd;

	umask(mask);
	*output = (struct file_output){.path = path};
	/* What is not a regular file, such as /dev/null, is written, not replaced. */
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
		stream = fopen(path, "wb");
		return stream ? write_stream(stream, data, bytes) : -1;
	}
	if (snprintf(output->temporary, sizeof(output->temporary), "%s.XXXXXX", path) >=
	    (int)sizeof(output->temporary)) {
		output->temporary[0] = '\0';
		errno = ENAMETOOLONG;
		return -1;
	}
	/* A name that nobody can have made a link of. */
	fd = mkstemp(output->temporary);
	stream = fd < 0 || fchmod(fd, 0666 & ~mask) != 0 ? NULL : fdopen(fd, "wb");
	if (!stream) {
		if (fd >= 0)
			close(fd);
		file_finish(output, false);
		return -1;
	}
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

void file_die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127); /* it ended before the line above */
}

int file_run(const char *const *command, struct file *output, struct file *errors)
{
	FILE *out = tmpfile(), *err = tmpfile();
	const pid_t self = getpid();
	int status = -1;
	pid_t child;

	*output = *errors = (struct file){NULL, 0};
	child = out && err ? fork() : -1;
	if (child == 0) {
		file_die_with(self);
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
	if (child > 0 && status != -1 && WIFSIGNALED(status))
		return FILE_RUN_SIGNAL + WTERMSIG(status);
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/*
 * dtc prints "Error: dir/system.dts:12.3-7 syntax error". Lines of another form are passed on unchanged. Its last line,
 * "FATAL ERROR: ..." or "ERROR: Input tree ...", is a summary: it is left out if there were lines before it.
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

static int run_dtc(const char *path, const char *const *options, struct file *output)
{
	/* Warnings are about trees of boards: 'interrupts' here are INTIDs, and no reference to a controller. */
	const char *const command[] = {"dtc",      "-q",       "-I",       "dts",      path,
				       options[0], options[1], options[2], options[3], NULL};
	struct file errors;
	int status = file_run(command, output, &errors);
	bool said = false;

	for (char *next = (char *)errors.data, *line; status != 0 && (line = strsep(&next, "\n")) != NULL;)
		send_dtc_line(path, line, &said);
	if (status > FILE_RUN_SIGNAL)
		message("%s: dtc was ended by signal %d (%s)", path, status - FILE_RUN_SIGNAL,
			strsignal(status - FILE_RUN_SIGNAL));
	if (status == 127)
		message("%s: dtc is needed to read this file; install the package device-tree-compiler", path);
	free(errors.data);
	if (status == 0)
		return 0;
	free(output->data);
	*output = (struct file){NULL, 0};
	return -1;
}

enum source { SOURCE_NONE, SOURCE_WITHIN, SOURCE_OUTSIDE };

/* dtc writes a name as it is or, since dtc 1.7.1, with a backslash before each blank. A file of either name must lie
 * within the folders. `plain` becomes the name without those backslashes. */
static enum source find_source(const char *name, char plain[PATH_MAX], const char *const *folders, unsigned count)
{
	const char *const readings[] = {name, plain};
	enum source found = SOURCE_NONE;
	size_t length = 0;

	for (const char *at = name; *at; at++)
		if (at[0] != '\\' || at[1] != ' ')
			plain[length++] = *at;
	plain[length] = '\0';
	for (unsigned i = 0; i < 2; i++) {
		if (access(readings[i], F_OK) != 0)
			continue;
		if (!file_is_within(readings[i], folders, count))
			return SOURCE_OUTSIDE;
		found = SOURCE_WITHIN;
	}
	return found;
}

/* dtc lists the files that it has read in one line, with blanks between the names, which may have blanks themselves. A
 * name ends where a file of that name exists. Longer names are checked, too, as dtc may have read those. If no file
 * fits, the list is refused. */
static int check_sources(const char *path, char *list, const char *const *folders, unsigned count)
{
	char *start = strstr(list, ": "), *next, plain[PATH_MAX];

	list[strcspn(list, "\n")] = '\0';
	for (start = start ? start + 2 : list + strlen(list); *start; start = next) {
		enum source found = SOURCE_NONE;
		char *end = start, behind;

		next = NULL;
		do {
			end += *end == ' ';
			end += strcspn(end, " ");
			if (end - start >= PATH_MAX)
				break;
			behind = *end;
			*end = '\0';
			found = find_source(start, plain, folders, count);
			*end = behind;
			if (found == SOURCE_WITHIN && !next)
				next = behind ? end + 1 : end;
		} while (behind && found != SOURCE_OUTSIDE);
		if (found == SOURCE_OUTSIDE || !next) {
			message("%s: it includes %s: %s", path, found == SOURCE_OUTSIDE ? plain : start, FILE_OUTSIDE);
			return -1;
		}
	}
	return 0;
}

static int compile_within(const char *path, const char *sources, const char *const *folders, unsigned count,
			  struct file *dtb, struct file *annotated)
{
	const char *const blob[] = {"-O", "dtb", "-d", sources}, *const text[] = {"-O", "dts", "-T", NULL};
	const char *wrong;
	struct file list;
	int status = -1;

	if (run_dtc(path, blob, dtb) != 0)
		return -1;
	wrong = file_read(sources, FILE_TEXT_MAX, &list);
	if (wrong)
		message("%s: %s", sources, wrong);
	else
		status = check_sources(path, (char *)list.data, folders, count);
	free(list.data);
	if (status == 0 && run_dtc(path, text, annotated) == 0)
		return 0;
	free(dtb->data);
	*dtb = (struct file){NULL, 0};
	return -1;
}

int file_compile(const char *path, const char *const *folders, unsigned count, struct file *dtb, struct file *annotated)
{
	FILE *source = NULL;
	const char *wrong = open_regular(path, FILE_TEXT_MAX, &source);
	int fd = wrong ? -1 : memfd_create("sources", 0), status;
	char sources[32];

	if (source)
		fclose(source);
	if (fd < 0) {
		message("%s: %s", path, wrong ? wrong : strerror(errno));
		return -1;
	}
	/* A file without a name: nothing is left, however this process ends. */
	snprintf(sources, sizeof(sources), "/proc/self/fd/%d", fd);
	status = compile_within(path, sources, folders, count, dtb, annotated);
	close(fd);
	return status;
}
