/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator without a terminal: a process named `shell` that does what its arguments say, one after the other, and
 * prints on the kernel's console.
 *
 *     kill:NAME    SIGKILL to a process
 *     start:NAME   starts a virtual machine
 *     show:NAME    prints state, entries into the guest, exit code and note
 *     sleep:MS     waits
 *     never        a server that never says that it is ready
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include <inttypes.h>
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
	static const char *const states[] = {"stopped", "starting", "running", "ending"};
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

static void obey(const char *command)
{
	const char *colon = strchr(command, ':'), *name = colon ? colon + 1 : "";

	if (strncmp(command, "kill:", 5) == 0)
		print("kill", name, pm_request(PM_SLAY, name, 0, BH_SIGKILL, NULL, 0));
	else if (strncmp(command, "start:", 6) == 0)
		print("start", name, pm_request(PM_VM_START, name, 0, 0, NULL, 0));
	else if (strncmp(command, "show:", 5) == 0)
		show(name);
	else if (strncmp(command, "sleep:", 6) == 0)
		thread_sleep(strtoull(name, NULL, 10) * 1000000);
	else if (strcmp(command, "never") != 0)
		print("unknown command", command, -1);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		obey(argv[i]);
	for (;;)
		thread_sleep(1000000000);
}
