/* SPDX-License-Identifier: Apache-2.0 */
/* What procmgr says of a virtual machine. */
#pragma once

#include "bulkhead/client.h"
#include <stddef.h>

#define VM_INDEX_MAX 256u /* ends a loop over VMs whatever procmgr answers */
#define VM_END_TEXT  32

/* PM_VM_INFO of the VM with that index, or of that name. 0, or a negative status; -ESRCH: there is none. */
static inline int vm_by_index(unsigned index, struct pm_vm *vm)
{
	return pm_request(PM_VM_INFO, NULL, index, 0, vm, sizeof(*vm));
}

static inline int vm_by_name(const char *name, struct pm_vm *vm)
{
	return pm_request(PM_VM_INFO, name, 0, 0, vm, sizeof(*vm));
}

/* "off, exit 0": how it ended last, in at most VM_END_TEXT bytes. */
void vm_end_text(const struct pm_vm *vm, char *text, size_t bytes);

/* Print a table of all VMs, and all that is known of one, or of each if `name` is NULL. */
void vm_list(void);
void vm_status(const char *name);
