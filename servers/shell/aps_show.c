/* SPDX-License-Identifier: Apache-2.0 */
#include "aps_show.h"
#include "bulkhead/kernel.h"
#include "partition.h"
#include "samples.h"
#include "terminal.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS  1000000u
#define NS_PER_US  1000u
#define TENTH_NS   (100ull * NS_PER_MS)
#define TENTHS     50
#define TENTHS_MAX 36000 /* an hour */
#define REDRAW     "\x1b[H\x1b[J"
#define BAR        25 /* characters: 4 % each */
#define CELL       24

enum { SHOW_USAGE = 1, SHOW_PARTITIONS = 2, SHOW_SCHEDULER = 4, SHOW_OVERALL = 8, SHOW_ALL = 15 };

/* What is asked, and the last look. */
struct view {
	unsigned what, windows; /* windows: 1 to 3 */
	uint64_t delay_ns;      /* 0: once */
	uint32_t wanted;        /* bit n: partition n; 0: all */
	struct sched_aps_info info;
	struct sched_aps_partition_stats stats[SCHED_APS_MAX_PARTITIONS];
	struct sched_aps_overall_stats overall;
	struct sample now;
	struct samples samples;
};

static unsigned shared_cpus(const struct view *v)
{
	return (unsigned)__builtin_popcount(v->info.shared_cpus);
}

static uint64_t window_ns(const struct view *v)
{
	return (uint64_t)v->info.windowsize_ms * NS_PER_MS;
}

/* A negative status: procmgr does not tell. */
static int look_at_partitions(struct view *v)
{
	int status = SchedCtl_r(SCHED_APS_QUERY_PARMS, &v->info, sizeof(v->info));

	memset(v->stats, 0, sizeof(v->stats));
	memset(&v->now, 0, sizeof(v->now));
	if (status >= 0)
		status = SchedCtl_r(SCHED_APS_PARTITION_STATS, v->stats, sizeof(v->stats));
	if (status >= 0)
		status = SchedCtl_r(SCHED_APS_OVERALL_STATS, &v->overall, sizeof(v->overall));
	if (status < 0)
		return status;
	if (v->info.scheduling_policy_flags & SCHED_APS_SCHEDPOL_NO_LONG_REPORTING)
		v->windows = 1;
	v->now.time_ns = v->stats[0].time_ns;
	for (unsigned i = 0; i < SCHED_APS_MAX_PARTITIONS; i++)
		if (v->stats[i].id >= 0 && v->stats[i].id < SCHED_APS_MAX_PARTITIONS)
			v->now.used_ns[v->stats[i].id] = v->stats[i].total_run_time_ns;
	v->now.used_ns[SCHED_APS_MAX_PARTITIONS] = v->overall.total_idle_time_ns;
	return 0;
}

static bool is_wanted(const struct view *v, int32_t id)
{
	return id >= 0 && id < SCHED_APS_MAX_PARTITIONS && (v->wanted == 0 || v->wanted & 1u << id);
}

static const char *percent(uint32_t hundredths, char text[CELL])
{
	snprintf(text, CELL, "%" PRIu32 ".%02" PRIu32 "%%", hundredths / 100, hundredths % 100);
	return text;
}

/* What partition `id` has used in the second or third window; id 32: what nobody has used. */
static const char *used_in(const struct view *v, unsigned which, unsigned id, char text[CELL])
{
	const struct sample *before = samples_before(&v->samples, window_ns(v), which, &v->now);

	if (!before || v->now.used_ns[id] < before->used_ns[id])
		return "-";
	return percent(partition_share(v->now.used_ns[id] - before->used_ns[id],
				       (v->now.time_ns - before->time_ns) * shared_cpus(v)),
		       text);
}

static void print_long_windows(const struct view *v, unsigned id)
{
	char text[CELL];

	for (unsigned which = 0; which + 1 < v->windows; which++)
		printf(" %8s", used_in(v, which, id, text));
}

/* What is used, and where the budget ends. */
static void print_bar(uint32_t used, uint32_t budget)
{
	char bar[BAR + 1];

	for (unsigned i = 0; i < BAR; i++)
		bar[i] = i < (used * BAR + 5000) / 10000 ? '#' : '.';
	if (budget != 0)
		bar[budget * BAR / 10000 < BAR ? budget * BAR / 10000 : BAR - 1] = '|';
	bar[BAR] = 0;
	printf("  %s", bar);
}

static void print_usage_head(const struct view *v)
{
	char title[CELL];

	printf("                    +------- CPU time --------+-- critical, ms --+\n");
	printf("%-16s id    budget      max     used   budget     used", "partition");
	for (unsigned which = 0; which + 1 < v->windows; which++) {
		const uint32_t ms = which == 0 ? v->info.windowsize2_ms : v->info.windowsize3_ms;

		if (ms % 1000 == 0)
			snprintf(title, sizeof(title), "%" PRIu32 " s", ms / 1000);
		else
			snprintf(title, sizeof(title), "%" PRIu32 " ms", ms);
		printf(" %8s", title);
	}
	printf("\n");
}

static void print_usage_row(const struct view *v, const struct sched_aps_partition_stats *stats,
			    const struct sched_aps_partition_info *info)
{
	const uint32_t used = partition_share(stats->run_time_ns, window_ns(v) * shared_cpus(v));
	const uint64_t critical_us = stats->critical_time_ns / NS_PER_US;
	char text[3][CELL], critical[CELL] = "none";

	if (info->critical_budget_us != UINT32_MAX)
		snprintf(critical, sizeof(critical), "%" PRIu32 ".%03" PRIu32, info->critical_budget_us / 1000,
			 info->critical_budget_us % 1000);
	else
		snprintf(critical, sizeof(critical), "no bound");
	printf("%-16s %2" PRId32 " %9s %8s %8s %8s %4" PRIu64 ".%03" PRIu64, info->name, info->id,
	       percent(info->budget, text[0]), percent(info->max_budget, text[1]), percent(used, text[2]), critical,
	       (uint64_t)(critical_us / 1000), (uint64_t)(critical_us % 1000));
	print_long_windows(v, (unsigned)info->id);
	if (v->delay_ns != 0)
		print_bar(used, info->budget);
	printf("\n");
}

/* Of all partitions, also of those that are not shown. */
static void print_total(const struct view *v, uint32_t budget)
{
	const uint64_t all_ns = window_ns(v) * shared_cpus(v);
	char text[3][CELL];
	uint64_t used_ns = 0;

	for (unsigned i = 0; i < SCHED_APS_MAX_PARTITIONS; i++)
		used_ns += v->stats[i].id >= 0 ? v->stats[i].run_time_ns : 0;
	printf("%-19s %9s %8s %8s    free %8s", "total", percent(budget, text[0]), "",
	       percent(partition_share(used_ns, all_ns), text[1]),
	       percent(partition_share(v->overall.idle_time_ns, all_ns), text[2]));
	for (unsigned which = 0; which + 1 < v->windows; which++)
		printf(" %8s", used_in(v, which, SCHED_APS_MAX_PARTITIONS, text[0]));
	printf("\n");
}

static void print_usage(const struct view *v)
{
	struct sched_aps_partition_info info;
	uint32_t budget = 0;

	print_usage_head(v);
	for (unsigned i = 0; i < SCHED_APS_MAX_PARTITIONS; i++) {
		if (v->stats[i].id < 0 || partition_query(v->stats[i].id, &info) < 0)
			continue;
		budget += info.budget;
		if (is_wanted(v, info.id))
			print_usage_row(v, &v->stats[i], &info);
	}
	print_total(v, budget);
}

static void print_partitions(const struct view *v)
{
	struct sched_aps_partition_info info, parent;
	char text[3][CELL];

	printf("%-16s id %-16s    budget  children      max  critical, us\n", "partition", "parent");
	for (int32_t id = 0; id < SCHED_APS_MAX_PARTITIONS; id++) {
		if (!is_wanted(v, id) || partition_query(id, &info) < 0)
			continue;
		if (info.parent_id < 0 || partition_query(info.parent_id, &parent) < 0)
			strcpy(parent.name, "-");
		printf("%-16s %2" PRId32 " %-16s %9s %9s %8s ", info.name, id, parent.name,
		       percent(info.budget, text[0]), percent(info.budget_of_children, text[1]),
		       percent(info.max_budget, text[2]));
		if (info.critical_budget_us == UINT32_MAX)
			printf("     no bound\n");
		else
			printf(" %12" PRIu32 "\n", info.critical_budget_us);
	}
}

static void print_scheduler(const struct view *v)
{
	char words[PARTITION_WORDS];

	partition_policy_words(v->info.scheduling_policy_flags, words);
	printf("window:      %" PRIu32 " ms; for statistics also %" PRIu32 " and %" PRIu32 " ms\n",
	       v->info.windowsize_ms, v->info.windowsize2_ms, v->info.windowsize3_ms);
	printf("shared CPUs: %u, run mask 0x%02" PRIx32 "\n", shared_cpus(v), v->info.shared_cpus);
	printf("partitions:  %" PRIu32 " of %" PRIu32 "\n", v->info.num_partitions, v->info.max_partitions);
	printf("policy:      %s\n", words);
	partition_security_words(v->info.sec_flags, words);
	printf("security:    %s\n", words);
	printf("bankruptcy:  basic\n");
}

static void print_overall(const struct view *v)
{
	uint64_t used_ns = 0;

	for (unsigned i = 0; i < SCHED_APS_MAX_PARTITIONS; i++)
		used_ns += v->stats[i].id >= 0 ? v->stats[i].total_run_time_ns : 0;
	printf("used:        %" PRIu64 " ms since the start, of all shared CPUs together\n",
	       (uint64_t)(used_ns / NS_PER_MS));
	printf("idle:        %" PRIu64 " ms, in the last window %" PRIu64 " us\n",
	       (uint64_t)(v->overall.total_idle_time_ns / NS_PER_MS), (uint64_t)(v->overall.idle_time_ns / NS_PER_US));
}

static void print_view(struct view *v)
{
	if (v->delay_ns != 0)
		printf(REDRAW);
	if (v->what & SHOW_USAGE)
		print_usage(v);
	if (v->what & SHOW_PARTITIONS)
		print_partitions(v);
	if (v->what & SHOW_SCHEDULER)
		print_scheduler(v);
	if (v->what & SHOW_OVERALL)
		print_overall(v);
	fflush(stdout);
}

static bool parse_shorthand(const char *word, unsigned *what)
{
	static const struct {
		const char *word;
		unsigned what;
	} words[] = {{"usage", SHOW_USAGE},
		     {"partitions", SHOW_PARTITIONS},
		     {"scheduler", SHOW_SCHEDULER},
		     {"overall_stats", SHOW_OVERALL},
		     {"all", SHOW_ALL}};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0) {
			*what = words[i].what;
			return true;
		}
	return false;
}

/* *found is false if a partition is none, which is told. */
static bool parse_args(int argc, char **argv, struct view *v, bool *found)
{
	uint32_t tenths = 0;
	bool loops = false;
	int32_t id;

	*found = true;
	for (int i = 1; i < argc && *found; i++) {
		if (strcmp(argv[i], "-l") == 0)
			loops = true;
		else if (strcmp(argv[i], "-v") == 0 && v->windows < 3)
			v->windows++;
		else if (strcmp(argv[i], "-vv") == 0)
			v->windows = 3;
		else if (strcmp(argv[i], "-d") == 0 && i + 1 < argc) {
			if (!text_parse_number(argv[++i], TENTHS_MAX, &tenths) || tenths == 0)
				return false;
		} else if (strcmp(argv[i], "-f") == 0 && i + 1 < argc) {
			if (!parse_shorthand(argv[++i], &v->what))
				return false;
		} else if (argv[i][0] == '-') {
			return false;
		} else {
			*found = partition_find("aps show", argv[i], &id);
			v->wanted |= *found ? 1u << id : 0;
		}
	}
	v->delay_ns = loops ? (tenths ? tenths : TENTHS) * TENTH_NS : 0;
	return loops || tenths == 0;
}

/* Waits until the longer windows have been seen, if it is to be shown once. False: Ctrl-C. */
static bool see_windows(struct view *v)
{
	int status = look_at_partitions(v);
	const unsigned first = v->windows == 3 ? 90 : 10;

	if (v->windows == 1 || v->delay_ns != 0 || status < 0)
		return true;
	samples_note(&v->samples, window_ns(v), &v->now);
	if (terminal_wait(first * window_ns(v)))
		return false;
	if (v->windows == 2 || look_at_partitions(v) < 0)
		return true;
	samples_note(&v->samples, window_ns(v), &v->now);
	return !terminal_wait(10 * window_ns(v));
}

static void show_partitions(struct view *v)
{
	do {
		int status = look_at_partitions(v);

		if (status < 0) {
			printf("aps show: %s\n", text_of_status(status));
			return;
		}
		print_view(v);
		samples_note(&v->samples, window_ns(v), &v->now);
	} while (v->delay_ns != 0 && !terminal_wait(v->delay_ns));
	if (v->delay_ns != 0)
		printf("^C\n");
}

bool aps_show(int argc, char **argv)
{
	static struct view view; /* too long for the stack; the prompt runs one command at a time */
	bool found;

	memset(&view, 0, sizeof(view));
	view.what = SHOW_USAGE;
	view.windows = 1;
	if (!parse_args(argc, argv, &view, &found))
		return false;
	if (!found)
		return true;
	if (see_windows(&view))
		show_partitions(&view);
	else
		printf("^C\n");
	return true;
}
