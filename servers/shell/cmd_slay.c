/* SPDX-License-Identifier: Apache-2.0 */
/* slay: sends a signal to a process, or changes priority, policy and run mask of its threads. */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "command.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TID_MAX 0xffffu

/* What is asked for; of what is 0 nothing was said. */
struct slay_args {
	const char *target;
	uint32_t signal, tid;
	uint32_t priority, policy, runmask;
};

static bool parse_signal(const char *text, uint32_t *number)
{
	static const struct {
		const char *name;
		uint32_t number;
	} signals[] = {
	    {"INT", BH_SIGINT},   {"QUIT", BH_SIGQUIT}, {"KILL", BH_SIGKILL},
	    {"USR1", BH_SIGUSR1}, {"USR2", BH_SIGUSR2}, {"TERM", BH_SIGTERM},
	};
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint32_t value;

	bool is_number = text_parse_number(text, 64, &value);

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (is_number ? signals[i].number == value : strcasecmp(signals[i].name, name) == 0) {
			*number = signals[i].number;
			return true;
		}
	return false;
}

/* "10", "10r", "10f", "10o": a letter also sets the policy. */
static bool parse_priority(const char *text, struct slay_args *args)
{
	char number[4] = "";
	size_t digits = strspn(text, "0123456789");

	if (digits >= sizeof(number) || (text[digits] && (!strchr("rfo", text[digits]) || text[digits + 1])))
		return false;
	memcpy(number, text, digits);
	if (text[digits])
		args->policy = text[digits] == 'f' ? SCHED_FIFO_ : SCHED_RR_;
	return text_parse_number(number, PRIO_MAX, &args->priority) && args->priority != 0;
}

/* One option with its value. NULL, or what is wrong with the value. */
static const char *parse_option(char letter, const char *value, struct slay_args *args)
{
	uint32_t number = 0;

	switch (letter) {
	case 's':
		return parse_signal(value, &args->signal)
			   ? NULL
			   : "no signal: INT 2, QUIT 3, KILL 9, USR1 10, USR2 12, TERM 15";
	case 'P': return parse_priority(value, args) ? NULL : "no priority: 1 to 254, then r, f or o if wanted";
	case 'T':
		return text_parse_number(value, TID_MAX, &args->tid) && args->tid != 0 ? NULL
										       : "not the number of a thread";
	case 'C':
		if (!text_parse_number(value, CPU_MAX - 1, &number))
			return "not the number of a CPU";
		args->runmask |= 1u << number;
		return NULL;
	default:
		if (!text_parse_number(value, (1u << CPU_MAX) - 1, &number) || number == 0)
			return "no run mask: bit n is CPU n, at least one";
		args->runmask |= number;
		return NULL;
	}
}

/* False: it is not used like that, or *wrong says what is wrong. */
static bool parse_args(int argc, char **argv, struct slay_args *args, const char **wrong)
{
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!argv[i][1] || argv[i][2] || !strchr("sPRCT", argv[i][1]))
			return false;
		*wrong = parse_option(argv[i][1], argv[i + 1], args);
		if (*wrong) {
			args->target = argv[i + 1];
			return false;
		}
	}
	args->target = argv[argc - 1];
	return i + 1 == argc && (args->tid == 0 || args->priority || args->runmask) &&
	       (args->signal == 0 || (args->priority == 0 && args->runmask == 0));
}

/* Of the thread that was named, or of all. -ESRCH: there is none. */
static int change_threads(const struct slay_args *args, uint32_t slot)
{
	struct pm_sched request = {.type = PM_SCHED,
				   .slot = slot,
				   .priority = args->priority,
				   .policy = args->policy,
				   .runmask = args->runmask};
	struct thread_info thread;
	int status = -ESRCH;

	for (uint32_t tid = args->tid ? args->tid : 1; tid <= TID_MAX; tid = request.tid + 1) {
		int found = pm_request(PM_THREAD_INFO, NULL, slot, tid, &thread, sizeof(thread));

		if (found < (int)tid || (args->tid != 0 && (uint32_t)found != tid))
			break;
		request.tid = (uint32_t)found;
		int result = MsgSend_r(process_args()->procmgr_coid, &request, sizeof(request), NULL, 0);

		/* One that has just ended is none. */
		if (result != -ESRCH)
			status = result;
		if (args->tid != 0 || status < 0)
			break;
	}
	return status;
}

static void change_process(const struct slay_args *args)
{
	uint32_t slot;

	if (!text_parse_number(args->target, PROCESS_MAX - 1, &slot)) {
		int found = pm_request(PM_SLOT, args->target, 0, 0, NULL, 0);

		if (found < 0) {
			printf("slay: there is no process '%s'\n", args->target);
			return;
		}
		slot = (uint32_t)found;
	}
	int status = change_threads(args, slot);

	if (status == -ESRCH && args->tid != 0)
		printf("slay: %s has no thread %" PRIu32 "\n", args->target, args->tid);
	else if (status == -ESRCH)
		printf("slay: '%s' is not running\n", args->target);
	else if (status == -EPERM)
		printf("slay: procmgr is not changed: all others depend on it\n");
	else if (status == -EINVAL)
		printf("slay: %s: its node in the system description allows less:%s%s\n", args->target,
		       args->priority ? " max-priority" : "", args->runmask ? " runmask" : "");
	else if (status < 0)
		printf("slay: %s: %s\n", args->target, text_of_status(status));
}

static void send_signal(const struct slay_args *args)
{
	uint32_t slot = 0;
	bool by_slot = text_parse_number(args->target, PROCESS_MAX - 1, &slot);
	int status =
	    pm_request(PM_SLAY, by_slot ? NULL : args->target, slot, args->signal ? args->signal : BH_SIGTERM, NULL, 0);

	if (status == -ESRCH)
		printf("slay: there is no process '%s'\n", args->target);
	else if (status == -ENOENT)
		printf("slay: '%s' is not running\n", args->target);
	else if (status == -EBADF)
		printf("slay: %s takes no signal but KILL\n", args->target);
	else if (status < 0)
		printf("slay: %s: %s\n", args->target, text_of_status(status));
}

bool cmd_slay(int argc, char **argv)
{
	struct slay_args args = {0};
	const char *wrong = NULL;

	if (!parse_args(argc, argv, &args, &wrong)) {
		if (wrong)
			printf("slay: '%s' is %s\n", args.target, wrong);
		return wrong;
	}
	if (args.priority || args.runmask)
		change_process(&args);
	else
		send_signal(&args);
	return true;
}
