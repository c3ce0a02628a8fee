/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that start a process or act on the whole system: process, uptime, shutdown. */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "command.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000u

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
