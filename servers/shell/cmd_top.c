/* SPDX-License-Identifier: Apache-2.0 */
/* top and hogs: which threads, or processes, have used the CPUs since the last look. */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "command.h"
#include "format.h"
#include "terminal.h"
#include "text.h"
#include "usage.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB         1024u
#define TID_MAX     0xffffu
#define NS_PER_MS   1000000u
#define NS_PER_S    1000000000ull
#define SECONDS_MAX 3600
#define TIMES_MAX   1000000
#define TOP_ROWS    20                       /* fit on a terminal of 24 lines */
#define TOP_COLUMNS "%a %b %n %12h %p %J %l" /* with the rest, 78 characters */
#define REDRAW      "\x1b[H\x1b[J"

/* What top or hogs is called with, and the last look. */
struct watch {
	bool threads, redraws;
	uint32_t seconds, times; /* times 0: until Ctrl-C */
	struct pm_system system;
	unsigned process_count, thread_count;
	unsigned idle[CPU_MAX]; /* shares of each CPU's time */
	struct usage usage;
};

/* The keys of CPUs come before those of processes and threads. */
static void note_idle(struct watch *w, uint64_t time_ns)
{
	struct usage_row row = {.process.name = "[idle]"};

	for (; row.slot < w->system.kernel.cpus && row.slot < CPU_MAX; row.slot++) {
		usage_note(&w->usage, row.slot, w->system.kernel.idle_ns[row.slot], time_ns, &row);
		w->idle[row.slot] = usage_share(row.ns, row.interval_ns);
		if (!w->threads)
			usage_add(&w->usage, &row);
	}
}

/* A process with tid 0, or a thread. */
static void note_owner(struct watch *w, uint32_t tid, uint64_t ns, struct usage_row *row)
{
	usage_note(&w->usage, (uint64_t)(row->slot + 1) << 32 | tid, ns, ClockTime(), row);
	usage_add(&w->usage, row);
}

static void note_threads(struct watch *w, struct usage_row *row)
{
	for (uint32_t tid = 1; tid <= TID_MAX; tid++) {
		int found = pm_request(PM_THREAD_INFO, NULL, row->slot, tid, &row->thread, sizeof(row->thread));

		if (found < (int)tid)
			return;
		tid = (uint32_t)found;
		w->thread_count++;
		note_owner(w, tid, row->thread.cpu_ns, row);
	}
}

/* A negative status: procmgr does not tell. */
static int look_at_all(struct watch *w)
{
	struct usage_row row = {0};
	int status = pm_request(PM_SYSTEM_INFO, NULL, 0, 0, &w->system, sizeof(w->system));
	const uint64_t time_ns = ClockTime();

	if (status < 0)
		return status;
	w->process_count = w->thread_count = 0;
	usage_begin(&w->usage, time_ns);
	note_idle(w, time_ns);
	for (; row.slot < PROCESS_MAX; row.slot++) {
		if (pm_request(PM_PROCESS_INFO, NULL, row.slot, 0, &row.process, sizeof(row.process)) < 0)
			continue;
		row.process.name[sizeof(row.process.name) - 1] = 0;
		w->process_count++;
		if (w->threads)
			note_threads(w, &row);
		else
			note_owner(w, 0, row.process.cpu_ns, &row);
	}
	return 0;
}

/* Shares of a thread are of the time of all CPUs. */
static void print_threads(const struct watch *w)
{
	const struct usage *u = &w->usage;
	const uint64_t ms = (u->now->time_ns - u->before->time_ns) / NS_PER_MS;
	const unsigned cpus = w->system.kernel.cpus;
	char text[160];

	printf("%s%u processes, %u threads, in %" PRIu64 ".%03u s\n", w->redraws ? REDRAW : "", w->process_count,
	       w->thread_count, ms / 1000, (unsigned)(ms % 1000));
	for (unsigned cpu = 0; cpu < cpus && cpu < CPU_MAX; cpu++)
		printf("%sCPU %u idle %u.%u%%", cpu ? ", " : "", cpu, w->idle[cpu] / 10, w->idle[cpu] % 10);
	format_line(text, sizeof(text), TOP_COLUMNS, NULL);
	printf("\n%s    CPU time   share\n", text);
	for (unsigned i = 0; i < u->row_count && i < TOP_ROWS; i++) {
		const struct usage_row *row = &u->rows[i];
		const struct format_row shown = {row->slot, &row->process, &row->thread};
		unsigned share = usage_share(row->ns, row->interval_ns * cpus);

		format_line(text, sizeof(text), TOP_COLUMNS, &shown);
		printf("%s %8" PRIu64 " ms %4u.%u%%\n", text, (uint64_t)(row->ns / NS_PER_MS), share / 10, share % 10);
	}
	if (u->lost)
		printf("%u threads are not counted\n", u->lost);
}

static void print_processes(const struct watch *w)
{
	uint64_t all_ns = 0;

	for (unsigned i = 0; i < w->usage.row_count; i++)
		all_ns += w->usage.rows[i].ns;
	printf(" PID NAME                 MSEC PIDS  SYS     MEMORY\n");
	for (unsigned i = 0; i < w->usage.row_count; i++) {
		const struct usage_row *row = &w->usage.rows[i];

		printf("%4" PRIu32 " %-16s %8" PRIu64 " %3u%% %3u%% %8" PRIu64 "k %3u%%\n", row->slot,
		       row->process.name, (uint64_t)(row->ns / NS_PER_MS), usage_share(row->ns, all_ns) / 10,
		       (unsigned)(row->ns * 100 / row->interval_ns), (uint64_t)(row->process.ram_bytes / KIB),
		       usage_share(row->process.ram_bytes, w->system.ram_bytes) / 10);
	}
}

static bool parse_args(int argc, char **argv, struct watch *w)
{
	for (int i = 1; i < argc; i++) {
		const bool times = strcmp(argv[i], "-i") == 0;
		uint32_t *value = times ? &w->times : &w->seconds;

		if (strcmp(argv[i], "-b") == 0 && w->threads) {
			w->redraws = false;
			continue;
		}
		if ((!times && strcmp(argv[i], "-s") != 0) || ++i == argc ||
		    !text_parse_number(argv[i], times ? TIMES_MAX : SECONDS_MAX, value) || *value == 0)
			return false;
	}
	return true;
}

static void watch_cpus(struct watch *w, const char *command)
{
	/* There is nothing to compare the first look with. */
	for (uint32_t looks = 0;; looks++) {
		int status = look_at_all(w);

		if (status < 0) {
			printf("%s: %s\n", command, text_of_status(status));
			return;
		}
		if (looks != 0 && w->threads)
			print_threads(w);
		else if (looks != 0)
			print_processes(w);
		fflush(stdout);
		if (w->times != 0 && looks == w->times)
			return;
		if (terminal_wait(w->seconds * NS_PER_S)) {
			printf("^C\n");
			return;
		}
	}
}

static bool run_command(int argc, char **argv, bool threads, uint32_t seconds)
{
	static struct watch watch; /* too long for the stack; the prompt runs one command at a time */

	watch.threads = watch.redraws = threads;
	watch.seconds = seconds;
	watch.times = 0;
	if (!parse_args(argc, argv, &watch))
		return false;
	watch_cpus(&watch, argv[0]);
	return true;
}

bool cmd_top(int argc, char **argv)
{
	return run_command(argc, argv, true, 5);
}

bool cmd_hogs(int argc, char **argv)
{
	return run_command(argc, argv, false, 3);
}
