/* SPDX-License-Identifier: Apache-2.0 */
/* vm: the operator's orders to a virtual machine, and their results. */
#include "bulkhead.h"
#include "bulkhead/kernel.h"
#include "command.h"
#include "terminal.h"
#include "text.h"
#include "vm_status.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define POLL_NS    100000000ull
#define NOTE_NS    1000000000ull  /* of waiting, until the operator is told */
#define ENTRY_NS   5000000000ull  /* from the moment that a guest may begin to its first instruction */
#define OUTCOME_NS 60000000000ull /* until nothing more is awaited */

static const struct order {
	const char *verb;
	uint32_t type;
	bool starts; /* its result is awaited */
} orders[] = {
    {"start", PM_VM_START, true},      {"stop", PM_VM_STOP, false},   {"restart", PM_VM_RESTART, true},
    {"reset", PM_VM_RESET, true},      {"pause", PM_VM_PAUSE, false}, {"resume", PM_VM_RESUME, false},
    {"destroy", PM_VM_DESTROY, false},
};

/* Why an order was refused, from what the VM is. */
static const char *refusal_text(int status, const struct pm_vm *vm)
{
	switch (status) {
	case -EALREADY: return vm->state == VM_PAUSED ? "it is paused already" : "it is not paused";
	case -EAGAIN: return "its guest has not begun";
	case -ENOENT: return vm->state == VM_ENDING ? "it is not running, it is ending" : "it is not running";
	case -EPERM: return "it is critical: its end would put the system into its safe state; `vm reset` restarts it";
	case -ETIMEDOUT: return "its qvm does not answer";
	case -EBUSY: break;
	default: return text_of_status(status);
	}
	switch (vm->state) {
	case VM_STARTING: return "it is starting already";
	case VM_RUNNING: return "it is running already";
	case VM_PAUSED: return "it is paused; `vm resume` continues it";
	default: return "the system is going down";
	}
}

/* A start that an order has caused. */
struct awaited {
	const char *name;
	uint32_t starts;     /* before it */
	uint64_t entered_by; /* 0: its guest may not begin yet */
	uint64_t noted_at;   /* since when it waits for `note`; 0: the operator has been told */
	char note[PROTO_NOTE];
};

/* Tells what it waits for, unless the wait is short, as most are. */
static void say_note(struct awaited *a, const struct pm_vm *vm)
{
	if (strcmp(vm->note, a->note) != 0) {
		snprintf(a->note, sizeof(a->note), "%s", vm->note);
		a->noted_at = ClockTime();
	} else if (a->note[0] && a->noted_at != 0 && ClockTime() - a->noted_at >= NOTE_NS) {
		printf("%s waits for: %s\n", a->name, a->note);
		fflush(stdout);
		a->noted_at = 0;
	}
}

/* True: its guest has run, or has not within ENTRY_NS; the operator has been told which. */
static bool has_begun(struct awaited *a, const struct pm_vm *vm)
{
	if (a->entered_by == 0)
		a->entered_by = ClockTime() + ENTRY_NS;
	if (vm->entries == 0 && ClockTime() < a->entered_by)
		return false;
	printf("%s is running%s\n", a->name, vm->entries ? "" : "; its guest has not executed anything yet");
	return true;
}

static bool has_ended(const struct awaited *a, const struct pm_vm *vm)
{
	char end[VM_END_TEXT];

	vm_end_text(vm, end, sizeof(end));
	if (vm->note[0])
		printf("%s was refused: %s\n", a->name, vm->note);
	else if (vm->starts != a->starts)
		printf("%s has ended: %s\n", a->name, end);
	else
		printf("%s was not started\n", a->name);
	return true;
}

/* True: the start has succeeded or failed, and the operator has been told. */
static bool report_outcome(struct awaited *a)
{
	struct pm_vm vm;

	if (vm_by_name(a->name, &vm) < 0)
		return true;
	const bool new_life = vm.starts != a->starts;

	switch (vm.state) {
	case VM_STARTING: say_note(a, &vm); return false;
	case VM_RUNNING:
	case VM_PAUSED: return new_life && has_begun(a, &vm);
	case VM_ENDING: return new_life && has_ended(a, &vm);
	default: return has_ended(a, &vm);
	}
}

static void await_outcome(const char *name, uint32_t starts)
{
	struct awaited a = {.name = name, .starts = starts};
	const uint64_t deadline = ClockTime() + OUTCOME_NS;
	bool over, given_up = false;

	while (!(over = report_outcome(&a)) && !given_up && ClockTime() < deadline)
		given_up = terminal_wait(POLL_NS);
	if (!over)
		printf("%sthe start goes on; `vm status %s` shows its progress\n", given_up ? "^C; " : "", name);
}

static const struct order *find_order(const char *verb)
{
	for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (strcmp(orders[i].verb, verb) == 0)
			return &orders[i];
	return NULL;
}

static bool give_order(const char *verb, const char *name)
{
	const struct order *order = find_order(verb);
	struct pm_vm vm;
	uint32_t unstopped = 0;

	if (!order)
		return false;
	int status = vm_by_name(name, &vm);

	if (status < 0) {
		printf("vm: there is no virtual machine '%s'\n", name);
		return true;
	}
	status = pm_request(order->type, name, 0, 0, &unstopped, sizeof(unstopped));
	if (status == -ETIMEDOUT && order->type == PM_VM_PAUSE)
		printf("%s: its qvm has not answered yet: the guest stops when qvm gets CPU time; `vm resume` cancels "
		       "the pause\n",
		       name);
	else if (status < 0)
		printf("vm: cannot %s '%s': %s\n", verb, name, refusal_text(status, &vm));
	else if (unstopped != 0)
		printf("%s: %" PRIu32 " of its virtual CPUs have not stopped yet: they get no CPU time\n", name,
		       unstopped);
	else if (order->starts)
		await_outcome(name, vm.starts);
	return true;
}

bool cmd_vm(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(verb, "list") == 0)
		vm_list();
	else if ((argc == 2 || argc == 3) && strcmp(verb, "status") == 0)
		vm_status(argv[2]);
	else
		return argc == 3 && give_order(verb, argv[2]);
	return true;
}
