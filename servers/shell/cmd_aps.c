/* SPDX-License-Identifier: Apache-2.0 */
/* aps: makes, changes and joins adaptive partitions; what it shows is in aps_show.c. */
#include "aps_show.h"
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "command.h"
#include "partition.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TID_MAX     0xffffu
#define MS_DECIMALS 3 /* microseconds */
#define CRITICAL_US (WINDOW_MS_MAX * 1000u * CPU_MAX)

/* What is asked for; -1: nothing was said. */
struct aps_args {
	int32_t budget, max, critical_us, window_ms;
	uint32_t policy, security;
	bool policy_given, security_given;
	const char *parent, *pid, *name;
	uint32_t tid;
};

static const char *parse_percent(const char *value, int32_t *percent)
{
	uint32_t number;

	if (!text_parse_decimal(value, 2, PARTITION_PERCENT, &number))
		return "no percentage: 0 to 100, with at most two decimals";
	*percent = (int32_t)number;
	return NULL;
}

static const char *parse_max(const char *value, int32_t *percent)
{
	const char *wrong = parse_percent(value, percent);

	return wrong || *percent == PARTITION_PERCENT ? wrong : "a maximum below 100, which is not supported yet";
}

static const char *parse_policy(const char *word, uint32_t *policy)
{
	if (!partition_parse_policy(word, policy))
		return "no policy: normal, freetime_by_ratio, no_long_reporting";
	return *policy & SCHED_APS_SCHEDPOL_NOT_SUPPORTED ? "not supported yet" : NULL;
}

static const char *parse_ms(const char *value, int32_t *us)
{
	uint32_t number;

	if (!text_parse_decimal(value, MS_DECIMALS, CRITICAL_US, &number))
		return "no number of milliseconds in a window: 0 to 3200, with at most three decimals";
	*us = (int32_t)number;
	return NULL;
}

static const char *parse_window(const char *value, int32_t *ms)
{
	uint32_t number;

	if (!text_parse_number(value, WINDOW_MS_MAX, &number) || number < WINDOW_MS_MIN)
		return "no window: 8 to 400 ms";
	*ms = (int32_t)number;
	return NULL;
}

/* One option with its value. NULL, or what is wrong with the value. */
static const char *parse_option(char letter, const char *value, struct aps_args *args)
{
	switch (letter) {
	case 'b': return parse_percent(value, &args->budget);
	case 'm': return parse_max(value, &args->max);
	case 'B': return parse_ms(value, &args->critical_us);
	case 'w': return parse_window(value, &args->window_ms);
	case 'p': args->parent = args->pid = value; return NULL;
	case 't':
		return text_parse_number(value, TID_MAX, &args->tid) && args->tid != 0 ? NULL
										       : "not the number of a thread";
	case 'S': args->policy_given = true; return parse_policy(value, &args->policy);
	default:
		args->security_given = true;
		return partition_parse_security(value, &args->security)
			   ? NULL
			   : "no security option: none, basic, flexible, recommended, root0_overall, "
			     "root_makes_partitions, sys_makes_partitions, parent_modifies, nonzero_budgets, "
			     "root_makes_critical, sys_makes_critical, root_joins, sys_joins, parent_joins, "
			     "join_self_only, partitions_locked";
	}
}

/* Options out of `letters`, then at most a name. False: it is not used like that, or *wrong says what is wrong. */
static bool parse_args(int argc, char **argv, const char *letters, struct aps_args *args, const char **wrong)
{
	int i = 2;

	*args = (struct aps_args){.budget = -1, .max = -1, .critical_us = -1, .window_ms = -1};
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!argv[i][1] || argv[i][2] || !strchr(letters, argv[i][1]))
			return false;
		*wrong = parse_option(argv[i][1], argv[i + 1], args);
		if (*wrong) {
			args->name = argv[i + 1];
			return false;
		}
	}
	if (i < argc)
		args->name = argv[i++];
	return i == argc && (!args->name || args->name[0] != '-');
}

/* Why procmgr says EPERM. */
static void print_forbidden(const char *command)
{
	struct sched_aps_info info;
	char words[PARTITION_WORDS];

	if (SchedCtl_r(SCHED_APS_QUERY_PARMS, &info, sizeof(info)) < 0)
		return;
	partition_security_words(info.sec_flags, words);
	if (info.sec_flags & SCHED_APS_SEC_PARTITIONS_LOCKED)
		printf("%s: partitions are locked; to change them at run time write 'adjustable' in /partitions of the "
		       "system description\n",
		       command);
	else
		printf("%s: the security options do not allow it, until the system is started anew: %s\n", command,
		       words);
}

/* What is wrong; nothing if `status` is none. */
static void print_error(const char *command, int status)
{
	switch (-status) {
	case EPERM: print_forbidden(command); break;
	case EEXIST: printf("%s: there is a partition of that name\n", command); break;
	case ENOSPC:
		printf("%s: there are %d partitions, as many as may be\n", command, SCHED_APS_MAX_PARTITIONS);
		break;
	case EDQUOT: printf("%s: the parent has less left: see 'aps show -f partitions'\n", command); break;
	default:
		if (status < 0)
			printf("%s: %s\n", command, text_of_status(status));
		break;
	}
}

static const char bad_numbers[] = "the critical budget must not be above a window of all shared CPUs; and a name has "
				  "at most 15 characters, no digit first, no '/'";

static bool create_partition(const struct aps_args *args)
{
	struct sched_aps_create_parms create = {.name = args->name,
						.parent_id = -1,
						.budget = args->budget,
						.max_budget = args->max == -1 ? 0 : args->max,
						.critical_budget_us = args->critical_us == -1 ? 0 : args->critical_us};
	int status;

	if (args->budget == -1)
		return false;
	if (args->parent && !partition_find("aps create", args->parent, &create.parent_id))
		return true;
	status = SchedCtl_r(SCHED_APS_CREATE_PARTITION, &create, sizeof(create));
	if (status == -EINVAL)
		printf("aps create: %s\n", bad_numbers);
	else if (status < 0)
		print_error("aps create", status);
	else
		printf("partition %" PRId32 "\n", create.id);
	return true;
}

/* The slot of a process, by its number or name. */
static bool find_process(const char *text, uint32_t *pid)
{
	int slot;

	if (text_parse_number(text, PROCESS_MAX - 1, pid))
		return true;
	slot = pm_request(PM_SLOT, text, 0, 0, NULL, 0);
	*pid = (uint32_t)slot;
	return slot >= 0;
}

static bool join_partition(const struct aps_args *args)
{
	struct sched_aps_join_parms join = {.tid = args->tid};
	int status;

	if (!args->pid || !args->name)
		return false;
	if (!find_process(args->pid, &join.pid)) {
		printf("aps join: there is no process '%s'\n", args->pid);
		return true;
	}
	if (join.pid == 0) {
		printf("aps join: procmgr stays in System: all others depend on it\n");
		return true;
	}
	if (!partition_find("aps join", args->name, &join.id))
		return true;
	status = SchedCtl_r(SCHED_APS_JOIN_PARTITION, &join, sizeof(join));
	if (status == -ESRCH && args->tid != 0)
		printf("aps join: %s has no thread %" PRIu32 "\n", args->pid, args->tid);
	else if (status == -ESRCH)
		printf("aps join: there is no process '%s'\n", args->pid);
	else
		print_error("aps join", status);
	return true;
}

static bool modify_partition(const struct aps_args *args)
{
	struct sched_aps_modify_parms modify = {
	    .budget = args->budget, .max_budget = args->max, .critical_budget_us = args->critical_us};
	int status;

	if (args->policy_given || args->security_given || args->window_ms != -1 ||
	    (args->budget == -1 && args->max == -1 && args->critical_us == -1))
		return false;
	if (!partition_find("aps modify", args->name, &modify.id))
		return true;
	status = SchedCtl_r(SCHED_APS_MODIFY_PARTITION, &modify, sizeof(modify));
	if (status == -EINVAL && modify.id == SCHED_APS_SYSTEM_PARTITION_ID)
		printf("aps modify: System has what the others leave, and no bound of critical time\n");
	else if (status == -EINVAL)
		printf("aps modify: %s\n", bad_numbers);
	else
		print_error("aps modify", status);
	return true;
}

static bool modify_all(const struct aps_args *args)
{
	struct sched_aps_parms parms = {.windowsize_ms = args->window_ms};
	struct sched_aps_security_parms security = {args->security};
	int status = 0;

	if (args->budget != -1 || args->max != -1 || args->critical_us != -1 ||
	    (!args->policy_given && !args->security_given && args->window_ms == -1))
		return false;
	if (args->policy_given)
		parms.scheduling_policy_flagsp = &args->policy;
	if (args->policy_given || args->window_ms != -1)
		status = SchedCtl_r(SCHED_APS_SET_PARMS, &parms, sizeof(parms));
	/* The last one, since it may forbid the others. */
	if (status >= 0 && args->security_given)
		status = SchedCtl_r(SCHED_APS_ADD_SECURITY, &security, sizeof(security));
	print_error("aps modify", status);
	return true;
}

bool cmd_aps(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *wrong = NULL;
	struct aps_args args;
	bool used;

	if (strcmp(what, "show") == 0)
		return aps_show(argc - 1, argv + 1);
	if (strcmp(what, "create") == 0)
		used = parse_args(argc, argv, "bBmp", &args, &wrong) && create_partition(&args);
	else if (strcmp(what, "join") == 0)
		used = parse_args(argc, argv, "pt", &args, &wrong) && join_partition(&args);
	else
		used = strcmp(what, "modify") == 0 && parse_args(argc, argv, "bBmSsw", &args, &wrong) &&
		       (args.name ? modify_partition(&args) : modify_all(&args));
	if (wrong)
		printf("aps %s: '%s' is %s\n", what, args.name, wrong);
	return used || wrong;
}
