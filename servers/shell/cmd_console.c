/* SPDX-License-Identifier: Apache-2.0 */
/* console: gives the terminal to the console of a virtual machine, or says why it cannot. */
#include "command.h"
#include "terminal.h"
#include "text.h"
#include "vm_status.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define POLL_NS 100000000ull
#define TRIES   50 /* of that time: how long a VM may take from its start to its consoles */

static bool has_console(const struct pm_vm *vm, const char *name)
{
	for (unsigned i = 0; i < PM_CONSOLES && vm->consoles[i][0]; i++)
		if (strcmp(vm->consoles[i], name) == 0)
			return true;
	return false;
}

/* The VM whose configuration names that console. */
static bool find_owner(const char *name, struct pm_vm *vm)
{
	for (unsigned i = 0; i < VM_INDEX_MAX && vm_by_index(i, vm) >= 0; i++)
		if (has_console(vm, name))
			return true;
	return false;
}

static bool is_off(const struct pm_vm *vm)
{
	return vm->state == VM_STOPPED || vm->state == VM_ENDING;
}

static void report_refusal(const char *name, bool owned, const struct pm_vm *owner)
{
	struct pm_vm vm;

	if (owned && is_off(owner)) {
		printf(
		    "console: '%s' is a console of virtual machine '%s', which is not running; `vm start` starts it\n",
		    name, owner->name);
	} else if (owned) {
		printf("console: virtual machine '%s' has not opened its console '%s'\n", owner->name, name);
	} else if (vm_by_name(name, &vm) >= 0) {
		printf("console: virtual machine '%s' has no console '%s'; it has:", name, name);
		for (unsigned i = 0; i < PM_CONSOLES && vm.consoles[i][0]; i++)
			printf(" %s", vm.consoles[i]);
		printf("%s\n", vm.consoles[0][0] ? "" : " none");
	} else {
		printf("console: there is no console '%s', and no virtual machine\n", name);
	}
}

bool cmd_console(int argc, char **argv)
{
	const char *name = argv[1];
	struct pm_vm owner;

	if (argc != 2)
		return false;
	bool owned = find_owner(name, &owner);
	int status = console_state(&terminal_console, name);

	/* A VM that has just been started opens its consoles a moment later. */
	for (unsigned i = 0; i < TRIES && status != 1 && owned && !is_off(&owner) && !terminal_wait(POLL_NS); i++) {
		status = console_state(&terminal_console, name);
		owned = find_owner(name, &owner);
	}
	if (status < 0 && status != -ENOENT && status != -EINVAL)
		printf("console: %s\n", text_of_status(status));
	else if (status < 0)
		report_refusal(name, owned, &owner);
	if (status < 0)
		return true;
	fflush(stdout);
	/* The driver greets when what is typed goes there. */
	status = console_focus(&terminal_console, name);
	if (status < 0)
		printf("console: %s\n", text_of_status(status));
	else
		printf("\n");
	return true;
}
