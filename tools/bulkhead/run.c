/* SPDX-License-Identifier: Apache-2.0 */
/* Boots a system directory in QEMU, after a check against the board that QEMU makes. */
#include "run.h"
#include "board.h"
#include "image.h"
#include "message.h"
#include "receive.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_MAX (BOARD_WORDS_MAX + 16)

struct machine {
	char kernel[4200];
	char folder[32]; /* for the files below */
	char tree[64], archive[64];
	struct receive_pipes pipes;
	char console[160], second[80]; /* QEMU's words for the two UARTs */
	struct board board;
};

/* Writes QEMU's command: it boots the archive or, with `dump`, it only writes the board's tree. `dump` is room for the
 * word after -M. Both have a kernel: without one QEMU leaves PSCI out of some boards' trees. Both have a second UART,
 * for streams: QEMU leaves out of the tree of `virt` what nothing is connected to. */
static void make_command(const struct machine *m, const char **command, char *dump, size_t bytes)
{
	const char *const boot[] = {"-kernel",  m->kernel, "-initrd",         m->archive, "-nographic",      "-chardev",
				    m->console, "-serial", "chardev:console", "-mon",     "chardev=console", "-serial",
				    m->second,  NULL};
	const char *const tree[] = {"-kernel", m->kernel, "-display", "none", "-serial",
				    "null",    "-serial", "null",     NULL};
	unsigned count = board_command(&m->board, command);

	for (unsigned i = 1; i < count && dump; i++) {
		if (strcmp(command[i - 1], "-M") != 0)
			continue;
		snprintf(dump, bytes, "%s,dumpdtb=%s", command[i], m->tree);
		command[i] = dump;
	}
	memcpy(command + count, dump ? tree : boot, dump ? sizeof(tree) : sizeof(boot));
}

static int read_board(struct system *s, const struct machine *m)
{
	const char *command[COMMAND_MAX];
	struct file output, errors;
	char dump[4400]; /* a word of the board's description, and a path */
	int status;

	make_command(m, command, dump, sizeof(dump));
	status = file_run(command, &output, &errors);
	if (status > FILE_RUN_SIGNAL)
		message("%s was ended by signal %d (%s)", command[0], status - FILE_RUN_SIGNAL,
			strsignal(status - FILE_RUN_SIGNAL));
	else if (status != 0)
		message("%s: exit status %d: %.400s", command[0], status, errors.data ? (const char *)errors.data : "");
	free(output.data);
	free(errors.data);
	return status == 0 && system_read_board(s, m->tree) == 0 ? 0 : -1;
}

/* The build has put the programs and guests beside the tool. */
static int make_archive(struct system *s, const struct arguments *a, const struct machine *m)
{
	static const char *const folders[] = {"bin", "guests", "vdevs"};
	static char paths[3][4200], key[4200];
	struct arguments with = *a;

	with.output = m->archive;
	snprintf(key, sizeof(key), "%s/keys/development.key", a->home);
	with.signing.key = a->signing.key ? a->signing.key : key;
	for (unsigned i = 0; i < 3 && with.path_count < PATHS_MAX; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", a->home, folders[i]);
		with.paths[with.path_count++] = paths[i];
	}
	s->vdevs.paths = with.paths;
	s->vdevs.path_count = with.path_count;
	system_read(s, a->input);
	return s->read ? image_build(s, &with) : -1;
}

/* Removes the folder and its files. */
static void remove_folder(const char *folder)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)) != NULL)
		unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(folder);
}

/*
 * Starts a process that removes the folder when this one ends, also by a signal: it waits until the other end of a pipe
 * is closed. Returns that end, or -1.
 */
static int start_janitor(const char *folder, pid_t *janitor)
{
	int ends[2];
	char unused;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	*janitor = fork();
	if (*janitor == 0) {
		/* The terminal's signals must not reach it, and nobody may wait for the end of its output.
		 */
		setsid();
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		close(ends[1]);
		while (read(ends[0], &unused, 1) > 0)
			;
		remove_folder(folder);
		_exit(0);
	}
	close(ends[0]);
	if (*janitor > 0)
		return ends[1];
	close(ends[1]);
	return -1;
}

/* The monitor shares the terminal (Ctrl-a c). To receive, there is a copy of what the console's line gets. */
static int connect_lines(struct machine *m, bool receive)
{
	if (receive && receive_open(&m->pipes, m->folder) != 0)
		return -1;
	snprintf(m->console, sizeof(m->console), "stdio,id=console,mux=on,signal=off%s%s", receive ? ",logfile=" : "",
		 receive ? m->pipes.path[1] : "");
	snprintf(m->second, sizeof(m->second), "%s%s", receive ? "file:" : "null", receive ? m->pipes.path[0] : "");
	return 0;
}

/* QEMU gets the terminal as it is: Ctrl-C goes to the guest. */
static int boot(const struct machine *m, const struct arguments *a)
{
	const char *command[COMMAND_MAX];
	const pid_t self = getpid();
	int status = -1, result = 0;
	pid_t child;

	make_command(m, command, NULL, 0);
	message_flush();
	child = fork();
	if (child == 0) {
		file_die_with(self);
		execvp(command[0], (char *const *)(uintptr_t)command);
		_exit(127);
	}
	if (child > 0 && a->receive_count)
		result = receive_process(a, &m->pipes, child, &status);
	else if (child > 0)
		result = waitpid(child, &status, 0) == child ? 0 : -1;
	if (status == 0)
		return result;
	message("%s: exit status %d", command[0], WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return -1;
}

static int check_and_boot(struct system *s, const struct arguments *a, struct machine *m)
{
	if (board_read(&m->board, a->home, a->board ? a->board : BOARD_DEFAULT) != 0 ||
	    board_choose(&m->board, a->cpu, a->cpus, a->memory) != 0)
		return -1;
	if (access(m->kernel, R_OK) != 0) {
		message("%s: there is no Image; give one with --kernel", m->kernel);
		return -1;
	}
	if (read_board(s, m) != 0 || make_archive(s, a, m) != 0 || connect_lines(m, a->receive_count > 0) != 0)
		return -1;
	return boot(m, a);
}

int run_system(struct system *s, const struct arguments *a)
{
	struct machine m = {.folder = "/tmp/bulkhead-XXXXXX"};
	pid_t janitor;
	int status, end;

	if (!mkdtemp(m.folder)) {
		message("%s: a folder cannot be made", m.folder);
		return -1;
	}
	end = start_janitor(m.folder, &janitor);
	if (end < 0) {
		message("a process cannot be started: %s", strerror(errno));
		remove_folder(m.folder);
		return -1;
	}
	snprintf(m.kernel, sizeof(m.kernel), "%s%s", a->kernel ? a->kernel : a->home, a->kernel ? "" : "/Image");
	snprintf(m.tree, sizeof(m.tree), "%s/board.dtb", m.folder);
	snprintf(m.archive, sizeof(m.archive), "%s/archive.cpio", m.folder);
	status = check_and_boot(s, a, &m);
	free(m.board.text.data);
	close(end);
	waitpid(janitor, NULL, 0);
	return status;
}
