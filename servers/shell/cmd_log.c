/* SPDX-License-Identifier: Apache-2.0 */
/* slog2info: prints, follows and clears the lines of the log ring. */
#include "bulkhead/kernel.h"
#include "command.h"
#include "terminal.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000ull
#define LINES_MAX 25000                /* more than the log ring holds */
#define WAIT_NS   (200ull * NS_PER_MS) /* between two looks */

struct reader {
	int coid;
	const char *only; /* lines of that process, or NULL */
	uint64_t sequence;
	uint32_t expected[PROCESS_MAX]; /* number of each process's next line */
	unsigned shown;
};

static void print_head(const struct slog_msg *line, const char *what)
{
	printf("%5" PRIu64 ".%03" PRIu64 " %-8s %-15s ", (uint64_t)(line->time_ns / NS_PER_S),
	       (uint64_t)(line->time_ns % NS_PER_S / NS_PER_MS), what, line->name);
}

static void print_line(struct reader *r, struct slog_msg *line)
{
	uint32_t *expected = &r->expected[line->slot % PROCESS_MAX];
	uint32_t lost = line->number >= *expected ? line->number - *expected : line->number; /* after a clear */

	*expected = line->number + 1;
	line->name[sizeof(line->name) - 1] = 0;
	if (r->only && strcmp(r->only, line->name) != 0)
		return;
	r->shown++;
	if (lost) {
		print_head(line, "lost");
		printf("%" PRIu32 " line%s before this one\n", lost, lost == 1 ? "" : "s");
	}
	print_head(line, slog_severity_name(line->severity));
	printf("%.*s\n", line->count < sizeof(line->text) ? (int)line->count : (int)sizeof(line->text), line->text);
}

/* Prints at most `most` lines that are older than `until`. 0: there may be more; else a status. */
static int print_lines(struct reader *r, unsigned most, uint64_t until)
{
	struct slog_msg line = {0};

	for (unsigned i = 0; i < most; i++) {
		line.type = SLOG_READ;
		line.sequence = r->sequence;
		int status = MsgSend_r(r->coid, &line, offsetof(struct slog_msg, text), &line, sizeof(line));

		if (status < 0)
			return status;
		if (line.time_ns > until)
			return -EAGAIN;
		print_line(r, &line);
		r->sequence = line.sequence + 1;
	}
	return 0;
}

static void open_ring(struct reader *r)
{
	*r = (struct reader){.only = r->only, .coid = name_open("slogger", 0, 0)};
}

static void close_ring(const struct reader *r)
{
	if (r->coid > 0)
		ConnectDetach_r(r->coid);
}

/* If the log ring's process ends, this waits until it has been restarted. */
static void follow_log(struct reader *r)
{
	bool there = true;
	int status;

	do {
		status = r->coid < 0 ? r->coid : print_lines(r, 64, UINT64_MAX);
		if (status < 0 && status != -EAGAIN) {
			if (there)
				printf("slog2info: the log ring does not answer: %s\n", text_of_status(status));
			close_ring(r);
			open_ring(r);
		}
		there = status >= 0 || status == -EAGAIN;
		fflush(stdout);
	} while (!terminal_wait(status < 0 ? WAIT_NS : 1));
	printf("^C\n");
}

static void say_none(const struct reader *r)
{
	printf("slog2info: the log has no line of %s\n", r->only);
}

static int clear_log(const struct reader *r)
{
	struct slog_msg msg = {.type = SLOG_CLEAR};

	if (r->only)
		strncpy(msg.name, r->only, sizeof(msg.name) - 1);
	int status = MsgSend_r(r->coid, &msg, offsetof(struct slog_msg, text), NULL, 0);

	if (status != -ENOENT)
		return status;
	say_none(r);
	return 0;
}

/* Lines that arrive meanwhile are left out, else there might be no end. */
static int print_all(struct reader *r)
{
	int status = print_lines(r, LINES_MAX, ClockTime());

	if (r->only && r->shown == 0 && (status >= 0 || status == -EAGAIN))
		say_none(r);
	return status == -EAGAIN ? 0 : status;
}

static bool parse_args(int argc, char **argv, struct reader *r, bool *waits, bool *clears)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-w") == 0)
			*waits = true;
		else if (strcmp(argv[i], "-c") == 0)
			*clears = true;
		else if (strcmp(argv[i], "-b") == 0 && i + 1 < argc && strlen(argv[i + 1]) < PROTO_NAME)
			r->only = argv[++i];
		else
			return false;
	}
	return true;
}

bool cmd_slog2info(int argc, char **argv)
{
	struct reader r = {0};
	bool waits = false, clears = false;
	int status;

	if (!parse_args(argc, argv, &r, &waits, &clears))
		return false;
	open_ring(&r);
	status = r.coid;
	if (status >= 0 && clears)
		status = clear_log(&r);
	if (status >= 0 && waits)
		follow_log(&r);
	else if (status >= 0 && !clears)
		status = print_all(&r);
	if (status < 0)
		printf("slog2info: the log ring does not answer: %s\n", text_of_status(status));
	close_ring(&r);
	return true;
}
