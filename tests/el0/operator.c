/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator without a terminal: a process named `shell` that does what its arguments say, one after the other, and
 * prints on the kernel's console.
 *
 *     kill:NAME    SIGKILL to a process
 *     start:NAME   starts a virtual machine
 *     show:NAME    prints state, entries into the guest, exit code and note
 *     take:NAME    puts a channel of its own under that name
 *     open:NAME    asks who has that name: prints the slot
 *     sleep:MS     waits
 *     spin:MS      the same without giving up its CPU
 *     exit:STATUS  ends
 *     again        goes on with the first
 *     log:N        writes so many lines into the log
 *     chatter:MS   writes a line each time, for ever
 *     divide:NAME  makes a partition of 1 %, and writes the status into the log
 *     join:NAME    joins a partition with all its threads, likewise
 *     never        a server that never says that it is ready
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/sched_aps.h"
#include "bulkhead/thread.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(const char *what, const char *name, int status)
{
	char text[256];
	int bytes = snprintf(text, sizeof(text), "operator: %s %s: %d\n", what, name, status);

	SystemLog_r(text, (size_t)bytes);
}

static void show(const char *name)
{
	static const char *const states[] = {"stopped", "starting", "running", "ending", "paused"};
	char text[256];
	struct pm_vm vm;
	int status = pm_request(PM_VM_INFO, name, 0, 0, &vm, sizeof(vm));

	if (status < 0 || vm.state >= sizeof(states) / sizeof(states[0])) {
		print("show", name, status);
		return;
	}
	int bytes = snprintf(text, sizeof(text), "operator: %s is %s, %" PRIu64 " entries, exit code %" PRIu32 ": %s\n",
			     name, states[vm.state], vm.entries, vm.exit_code, vm.note);

	SystemLog_r(text, (size_t)bytes);
}

static void take(const char *name)
{
	static int chid;

	if (chid == 0)
		chid = ChannelCreate_r(0);
	print("take", name, chid < 0 ? chid : name_attach(name, chid));
}

static void ask(const char *name)
{
	struct pm_name msg = {.type = PM_NAME_OPEN};
	int status;

	strncpy(msg.name, name, sizeof(msg.name) - 1);
	status = MsgSend_r(process_args()->procmgr_coid, &msg, sizeof(msg), &msg, sizeof(msg));
	print("open", name, status < 0 ? status : (int)msg.slot);
}

static void divide(const char *name)
{
	struct sched_aps_create_parms create = {.name = name, .parent_id = -1, .budget = SCHED_APS_PERCENT};

	slogf(SLOG_INFO, "divide %s: %d", name, SchedCtl_r(SCHED_APS_CREATE_PARTITION, &create, sizeof(create)));
}

static void join(const char *name)
{
	struct sched_aps_lookup_parms lookup = {.name = name};
	struct sched_aps_join_parms join = {.pid = process_args()->slot};
	int status = SchedCtl_r(SCHED_APS_LOOKUP, &lookup, sizeof(lookup));

	join.id = lookup.id;
	if (status >= 0)
		status = SchedCtl_r(SCHED_APS_JOIN_PARTITION, &join, sizeof(join));
	slogf(SLOG_INFO, "join %s: %d", name, status);
}

static void spin(uint64_t ms)
{
	const uint64_t end = ClockTime() + ms * 1000000;

	while (ClockTime() < end)
		;
}

static void log_lines(unsigned long count, uint64_t pause_ms)
{
	static unsigned written;

	for (unsigned long i = 0; i < count; i++) {
		slogf(SLOG_INFO, "line %u of many", written++);
		if (pause_ms)
			thread_sleep(pause_ms * 1000000);
	}
}

static void obey(const char *command)
{
	const char *colon = strchr(command, ':'), *name = colon ? colon + 1 : "";

	if (strncmp(command, "kill:", 5) == 0)
		print("kill", name, pm_request(PM_SLAY, name, 0, BH_SIGKILL, NULL, 0));
	else if (strncmp(command, "start:", 6) == 0)
		print("start", name, pm_request(PM_VM_START, name, 0, 0, NULL, 0));
	else if (strncmp(command, "show:", 5) == 0)
		show(name);
	else if (strncmp(command, "take:", 5) == 0)
		take(name);
	else if (strncmp(command, "open:", 5) == 0)
		ask(name);
	else if (strncmp(command, "divide:", 7) == 0)
		divide(name);
	else if (strncmp(command, "join:", 5) == 0)
		join(name);
	else if (strncmp(command, "exit:", 5) == 0)
		exit(atoi(name));
	else if (strncmp(command, "sleep:", 6) == 0)
		thread_sleep(strtoull(name, NULL, 10) * 1000000);
	else if (strncmp(command, "spin:", 5) == 0)
		spin(strtoull(name, NULL, 10));
	else if (strncmp(command, "log:", 4) == 0)
		log_lines(strtoul(name, NULL, 10), 0);
	else if (strncmp(command, "chatter:", 8) == 0)
		log_lines(ULONG_MAX, strtoull(name, NULL, 10));
	else if (strcmp(command, "never") != 0)
		print("unknown command", command, -1);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "again") == 0)
			i = 0;
		else
			obey(argv[i]);
	}
	for (;;)
		thread_sleep(1000000000);
}
