/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that act on processes, threads and the whole system: slay, sched, process, uptime, shutdown. */
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

#define NS_PER_MS 1000000u

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

bool cmd_slay(int argc, char **argv)
{
	uint32_t number = BH_SIGTERM, slot = 0;
	const char *target = argv[argc - 1];

	if (argc != 2 && !(argc == 4 && strcmp(argv[1], "-s") == 0))
		return false;
	if (argc == 4 && !parse_signal(argv[2], &number)) {
		printf("slay: unknown signal '%s'; known: INT 2, QUIT 3, KILL 9, USR1 10, USR2 12, TERM 15\n", argv[2]);
		return true;
	}
	bool by_slot = text_parse_number(target, PROCESS_MAX - 1, &slot);
	int status = pm_request(PM_SLAY, by_slot ? NULL : target, slot, number, NULL, 0);

	if (status == -ESRCH)
		printf("slay: there is no process '%s'\n", target);
	else if (status == -ENOENT)
		printf("slay: '%s' is not running\n", target);
	else if (status == -EBADF)
		printf("slay: %s takes no signal but KILL\n", target);
	else if (status < 0)
		printf("slay: %s: %s\n", target, text_of_status(status));
	return true;
}

/* VMs have their own command, which waits for the result. */
bool cmd_process(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "start") != 0)
		return false;
	int status = pm_request(PM_PROCESS_START, argv[2], 0, 0, NULL, 0);

	if (status == -ESRCH)
		printf("process: the system description has no process '%s'\n", argv[2]);
	else if (status == -EINVAL)
		printf("process: %s is a virtual machine: vm start %s\n", argv[2], argv[2]);
	else if (status == -EBUSY)
		printf("process: %s is running or starting\n", argv[2]);
	else if (status < 0)
		printf("process: %s: %s\n", argv[2], text_of_status(status));
	return true;
}

/* "10", "10r", "10f": a letter sets *policy. */
static bool parse_priority(char *text, uint32_t *priority, uint32_t *policy)
{
	size_t last = strlen(text) - 1;

	if (text[last] == 'r' || text[last] == 'f') {
		*policy = text[last] == 'r' ? SCHED_RR_ : SCHED_FIFO_;
		text[last] = 0;
	}
	return text_parse_number(text, PRIO_MAX, priority) && *priority >= 1;
}

bool cmd_sched(int argc, char **argv)
{
	struct pm_sched request = {.type = PM_SCHED};
	struct thread_info thread;

	if (argc != 4 && argc != 5)
		return false;
	if (!text_parse_number(argv[1], PROCESS_MAX - 1, &request.slot) ||
	    !text_parse_number(argv[2], 0xffff, &request.tid)) {
		printf("sched: '%s %s' is not the slot and the number of a thread\n", argv[1], argv[2]);
		return true;
	}
	int found = pm_request(PM_THREAD_INFO, NULL, request.slot, request.tid, &thread, sizeof(thread));

	if (found < 0 || (uint32_t)found != request.tid) {
		printf("sched: process %s has no thread %s\n", argv[1], argv[2]);
		return true;
	}
	request.policy = thread.policy;
	if (!parse_priority(argv[3], &request.priority, &request.policy)) {
		printf("sched: a priority is 1 to %d, which r (round-robin) or f (FIFO) may follow\n", PRIO_MAX);
		return true;
	}
	if (argc == 5 && (!text_parse_number(argv[4], (1u << CPU_MAX) - 1, &request.runmask) || request.runmask == 0)) {
		printf("sched: a run mask is 1 to 0x%x, bit n for CPU n\n", (1u << CPU_MAX) - 1);
		return true;
	}
	int status = MsgSend_r(process_args()->procmgr_coid, &request, sizeof(request), NULL, 0);

	if (status == -ESRCH)
		printf("sched: only the virtual CPUs of a VM may be changed\n");
	else if (status < 0)
		printf("sched: %s\n", text_of_status(status));
	return true;
}

bool cmd_uptime(int argc, char **argv)
{
	uint64_t ms = ClockTime() / NS_PER_MS;
	uint64_t s = ms / 1000;

	(void)argv;
	if (argc != 1)
		return false;
	printf("up %" PRIu64 " days, %02u:%02u:%02u.%03u\n", s / 86400, (unsigned)(s / 3600 % 24),
	       (unsigned)(s / 60 % 60), (unsigned)(s % 60), (unsigned)(ms % 1000));
	return true;
}

bool cmd_shutdown(int argc, char **argv)
{
	bool reset = argc == 2 && strcmp(argv[1], "-r") == 0;

	if (argc != 1 && !reset)
		return false;
	int status = pm_request(PM_SHUTDOWN, NULL, 0, reset, NULL, 0);

	if (status < 0)
		printf("shutdown: %s\n", text_of_status(status));
	return true;
}
