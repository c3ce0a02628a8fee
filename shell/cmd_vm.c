/* SPDX-License-Identifier: Apache-2.0 */
/* vm and console: virtual machines as the operator sees them. */
#include "abi/bulkhead.h"
#include "bulkhead/thread.h"
#include "shell/shell.h"
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MIB          (1024u * 1024u)
#define VM_INDEX_MAX 256u /* ends the loop whatever procmgr answers */

static const char *state_name(const struct pm_vm *vm)
{
	static const char *const names[] = {
	    [VM_STOPPED] = "stopped", [VM_STARTING] = "starting", [VM_RUNNING] = "running", [VM_ENDING] = "ending"};

	return vm->state < sizeof(names) / sizeof(names[0]) ? names[vm->state] : "?";
}

/* Why it ended last, and its exit code, as in "off, exit 0". */
static void end_text(const struct pm_vm *vm, char *text, size_t bytes)
{
	static const char *const causes[] = {
	    [CAUSE_NONE] = "exit",     [CAUSE_OFF] = "off",           [CAUSE_RESET] = "reset",
	    [CAUSE_SIGNAL] = "signal", [CAUSE_WATCHDOG] = "watchdog", [CAUSE_ERROR] = "error",
	};

	switch (vm->end) {
	case END_NONE: snprintf(text, bytes, "-"); break;
	case END_FAULT: snprintf(text, bytes, "fault"); break;
	case END_KILLED: snprintf(text, bytes, "killed"); break;
	default:
		snprintf(text, bytes, "%s, exit %" PRIu32,
			 vm->cause < sizeof(causes) / sizeof(causes[0]) ? causes[vm->cause] : "?", vm->exit_code);
		break;
	}
}

static int get_vm(unsigned index, struct pm_vm *vm)
{
	int status = pm_request(PM_VM_INFO, NULL, index, 0, vm, sizeof(*vm));

	vm->name[PROTO_NAME - 1] = 0;
	vm->note[PROTO_NOTE - 1] = 0;
	return status;
}

static void list(void)
{
	struct pm_vm vm;
	int status = 0;
	unsigned i;

	printf("%-16s %-8s %6s  %-20s %10s\n", "NAME", "STATE", "STARTS", "LAST END", "RAM");
	for (i = 0; i < VM_INDEX_MAX && (status = get_vm(i, &vm)) >= 0; i++) {
		char end[32];

		end_text(&vm, end, sizeof(end));
		printf("%-16s %-8s %6" PRIu32 "  %-20s %6" PRIu64 " MiB\n", vm.name, state_name(&vm), vm.starts, end,
		       vm.ram_bytes / MIB);
	}
	if (status < 0 && status != -ESRCH)
		printf("vm: %s\n", status_text(status));
	else if (i == 0)
		printf("no virtual machine is described\n");
}

static void show(const struct pm_vm *vm)
{
	char end[32];

	end_text(vm, end, sizeof(end));
	printf("%s: %s\n", vm->name, state_name(vm));
	if (vm->note[0])
		printf("  %-10s %s\n", vm->state == VM_STARTING ? "waits for" : "refused", vm->note);
	if (vm->total_bytes != 0)
		printf("  progress   %" PRIu64 " of %" PRIu64 " MiB cleared, %" PRIu64 " %%\n", vm->done_bytes / MIB,
		       vm->total_bytes / MIB, vm->done_bytes * 100 / vm->total_bytes);
	if (vm->state == VM_STARTING || vm->state == VM_RUNNING)
		printf("  process    %" PRIu32 "\n", vm->slot);
	printf("  vcpus      %" PRIu32 "\n", vm->vcpus);
	printf("  ram        %" PRIu64 " MiB\n", vm->ram_bytes / MIB);
	printf("  starts     %" PRIu32 "\n", vm->starts);
	printf("  entries    %" PRIu64 " into the guest\n", vm->entries);
	printf("  last end   %s\n", end);
}

static void vm_status(const char *name)
{
	struct pm_vm vm;
	bool found = false;
	int status = 0;

	for (unsigned i = 0; i < VM_INDEX_MAX && (status = get_vm(i, &vm)) >= 0; i++)
		if (!name || strcmp(vm.name, name) == 0) {
			found = true;
			show(&vm);
		}
	if (status < 0 && status != -ESRCH)
		printf("vm: %s\n", status_text(status));
	else if (!found && name)
		printf("vm: there is no virtual machine '%s'\n", name);
}

static void change(uint32_t type, const char *verb, const char *name)
{
	int status = pm_request(type, name, 0, 0, NULL, 0);

	if (status == -ESRCH)
		printf("vm: there is no virtual machine '%s', or it is not running\n", name);
	else if (status < 0)
		printf("vm: cannot %s '%s': %s\n", verb, name, status_text(status));
}

void cmd_vm(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(verb, "list") == 0)
		list();
	else if ((argc == 2 || argc == 3) && strcmp(verb, "status") == 0)
		vm_status(argv[2]);
	else if (argc == 3 && strcmp(verb, "start") == 0)
		change(PM_VM_START, verb, argv[2]);
	else if (argc == 3 && strcmp(verb, "stop") == 0)
		change(PM_VM_STOP, verb, argv[2]);
	else
		usage("vm");
}

#define START_TRIES 50 /* of 100 ms: how long a VM may take from its start to its consoles */

static bool is_running_vm(const char *name)
{
	struct pm_vm vm;

	for (unsigned i = 0; i < VM_INDEX_MAX && get_vm(i, &vm) >= 0; i++)
		if (strcmp(vm.name, name) == 0)
			return vm.state == VM_STARTING || vm.state == VM_RUNNING;
	return false;
}

/* A VM that has just been started opens its consoles a moment later. */
static int focus(const char *name)
{
	int status = console_focus(&shell_console, name);

	for (unsigned i = 0; i < START_TRIES && status == -ENOENT && is_running_vm(name); i++) {
		thread_sleep(100000000);
		status = console_focus(&shell_console, name);
	}
	return status;
}

void cmd_console(int argc, char **argv)
{
	if (argc != 2) {
		usage("console");
		return;
	}
	fflush(stdout);
	/* The driver greets when what is typed goes there. */
	int status = focus(argv[1]);

	if (status == -ENOENT || status == -EINVAL)
		printf("console: there is no console '%s'\n", argv[1]);
	else if (status < 0)
		printf("console: %s\n", status_text(status));
	else
		printf("\n");
}
