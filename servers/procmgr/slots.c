/* SPDX-License-Identifier: Apache-2.0 */
#include "slots.h"
#include <string.h>

#define OPERATOR "shell"

struct slot slots[PROCESS_MAX];
struct sys_config config;
struct plan plan;
struct sys_board board;

_Static_assert(1 + SYS_PROCESSES_MAX + SYS_VMS_MAX <= PROCESS_MAX, "every process and VM has a slot of its own");

uint32_t slot_of_server(unsigned index)
{
	return 1 + index;
}

uint32_t slot_of_vm(unsigned index)
{
	return 1 + config.process_count + index;
}

int slot_by_name(const char *name)
{
	for (int i = 0; i < PROCESS_MAX; i++)
		if (slots[i].kind != SLOT_EMPTY && strcmp(slots[i].name, name) == 0)
			return i;
	return -1;
}

const struct sys_owner *slot_owner(const struct slot *slot)
{
	return slot->kind == SLOT_VM ? &slot->vm->own : &slot->server->own;
}

bool slot_is_operator(const struct slot *slot)
{
	return slot->kind == SLOT_SERVER && strcmp(slot->name, OPERATOR) == 0;
}

bool slot_restarts(const struct slot *slot)
{
	return slot->kind != SLOT_PROCMGR && slot_owner(slot)->restart != SYS_RESTART_NEVER;
}
