/* SPDX-License-Identifier: Apache-2.0 */
/* vm list, vm status: virtual machines as the operator sees them. */
#include "vm_status.h"
#include "bulkhead.h"
#include "bulkhead/vm_end.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MIB        (1024u * 1024u)
#define NAME_WIDTH 16 /* of the list, if no name is longer */

static const char *state_name(const struct pm_vm *vm)
{
	static const char *const names[] = {
	    [VM_STOPPED] = "stopped", [VM_STARTING] = "starting", [VM_RUNNING] = "running",
	    [VM_ENDING] = "ending",   [VM_PAUSED] = "paused",
	};

	return vm->state < sizeof(names) / sizeof(names[0]) ? names[vm->state] : "?";
}

void vm_end_text(const struct pm_vm *vm, char *text, size_t bytes)
{
	switch (vm->end) {
	case END_NONE: snprintf(text, bytes, "-"); break;
	case END_FAULT: snprintf(text, bytes, "fault"); break;
	case END_KILLED: snprintf(text, bytes, "killed"); break;
	default:
		snprintf(text, bytes, "%s, exit %" PRIu32, vm->cause == CAUSE_NONE ? "exit" : vm_cause_name(vm->cause),
			 vm->exit_code);
		break;
	}
}

static int longest_name(void)
{
	int longest = NAME_WIDTH;
	struct pm_vm vm;

	for (unsigned i = 0; i < VM_INDEX_MAX && vm_by_index(i, &vm) >= 0; i++)
		longest = (int)strlen(vm.name) > longest ? (int)strlen(vm.name) : longest;
	return longest;
}

void vm_list(void)
{
	const int width = longest_name();
	struct pm_vm vm;
	int status = 0;
	unsigned i;

	printf("%-*s %-8s %6s  %-20s %10s\n", width, "NAME", "STATE", "STARTS", "LAST END", "RAM");
	for (i = 0; i < VM_INDEX_MAX && (status = vm_by_index(i, &vm)) >= 0; i++) {
		char end[VM_END_TEXT];

		vm_end_text(&vm, end, sizeof(end));
		printf("%-*s %-8s %6" PRIu32 "  %-20s %6" PRIu64 " MiB\n", width, vm.name, state_name(&vm), vm.starts,
		       end, vm.ram_bytes / MIB);
	}
	if (status < 0 && status != -ESRCH)
		printf("vm: %s\n", text_of_status(status));
	else if (i == 0)
		printf("the system description has no virtual machine\n");
}

/* Where its thread is. What qvm waits for is another process, or another of its threads. */
static void vcpu_text(const struct pm_vcpu *vcpu, char *text, size_t bytes)
{
	struct process_info other;

	if (!vcpu->on)
		snprintf(text, bytes, "off");
	else if (vcpu->paused)
		snprintf(text, bytes, "paused");
	else if (vcpu->state == STATE_HALT)
		snprintf(text, bytes, "in WFI, last on CPU %" PRIu32, vcpu->cpu);
	else if (vcpu->state == STATE_RUNNING)
		snprintf(text, bytes, "running on CPU %" PRIu32, vcpu->cpu);
	else if (vcpu->state == STATE_READY)
		snprintf(text, bytes, "waits for CPU %" PRIu32, vcpu->cpu);
	else if (vcpu->blocked < PROCESS_MAX &&
		 pm_request(PM_PROCESS_INFO, NULL, vcpu->blocked, 0, &other, sizeof(other)) >= 0)
		snprintf(text, bytes, "in qvm, waits for process %.*s", NAME_MAX_ - 1, other.name);
	else
		snprintf(text, bytes, "in qvm, waits");
}

static void show_vcpus(const struct pm_vm *vm)
{
	struct pm_vm_state live;
	int status = pm_request(PM_VM_STATE, vm->name, 0, 0, &live, sizeof(live));
	uint64_t unsupported = 0;

	if (status != (int)sizeof(live) || live.vcpus > sizeof(live.vcpu) / sizeof(live.vcpu[0])) {
		if (status != -ENOENT)
			printf("  vcpus       state unknown, its qvm does not answer: %s\n", text_of_status(status));
		return;
	}
	for (unsigned i = 0; i < live.vcpus; i++)
		unsupported += live.vcpu[i].unsupported;
	printf("  unsupported %" PRIu64 "\n", unsupported);
	for (unsigned i = 0; i < live.vcpus; i++) {
		struct pm_vcpu *vcpu = &live.vcpu[i];
		char text[80];

		vcpu_text(vcpu, text, sizeof(text));
		printf("  vcpu %u      %s", i, text);
		if (vcpu->on)
			printf(", PC 0x%" PRIx64, vcpu->pc);
		vcpu->last[sizeof(vcpu->last) - 1] = 0;
		for (char *c = vcpu->last; *c; c++)
			*c = text_printable(*c);
		if (vcpu->unsupported != 0)
			printf(", unsupported %" PRIu64 ", last %s", vcpu->unsupported, vcpu->last);
		printf("\n");
	}
}

static void show_vm(const struct pm_vm *vm)
{
	const bool guest = vm->state == VM_RUNNING || vm->state == VM_PAUSED;
	char end[VM_END_TEXT];

	vm_end_text(vm, end, sizeof(end));
	printf("%s: %s\n", vm->name, state_name(vm));
	if (vm->note[0])
		printf("  %-11s %s\n", vm->state == VM_STARTING ? "waits for" : "refused", vm->note);
	if (vm->total_bytes != 0)
		printf("  progress    %" PRIu64 " of %" PRIu64 " MiB cleared, %" PRIu64 " %%\n", vm->done_bytes / MIB,
		       vm->total_bytes / MIB, vm->done_bytes * 100 / vm->total_bytes);
	if (vm->state == VM_STARTING || guest)
		printf("  process     %" PRIu32 "\n", vm->slot);
	printf("  vcpus       %" PRIu32 "\n", vm->vcpus);
	printf("  ram         %" PRIu64 " MiB\n", vm->ram_bytes / MIB);
	printf("  consoles   ");
	for (unsigned i = 0; i < PM_CONSOLES && vm->consoles[i][0]; i++)
		printf(" %s", vm->consoles[i]);
	printf("%s\n", vm->consoles[0][0] ? "" : " -");
	printf("  starts      %" PRIu32 "\n", vm->starts);
	printf("  entries     %" PRIu64 " into the guest\n", vm->entries);
	printf("  last end    %s\n", end);
	if (guest)
		show_vcpus(vm);
}

void vm_status(const char *name)
{
	struct pm_vm vm;
	int status = 0;

	if (name) {
		status = vm_by_name(name, &vm);
		if (status >= 0)
			show_vm(&vm);
	}
	for (unsigned i = 0; !name && i < VM_INDEX_MAX && (status = vm_by_index(i, &vm)) >= 0; i++)
		show_vm(&vm);
	if (status == -ESRCH || status == -EINVAL) {
		if (name)
			printf("vm: there is no virtual machine '%s'\n", name);
	} else if (status < 0) {
		printf("vm: %s\n", text_of_status(status));
	}
}
