/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's orders to a VM, except those that are just a signal (end.h), and what is told about it. */
#pragma once

#include "bulkhead/proto.h"
#include <stdint.h>

/* The orders return the answers of proto.h; 0: done, or on its way. vm_start() also starts a server that has ended. */
int vm_start(uint32_t slot);
int vm_restart(uint32_t slot);
int vm_reset(uint32_t slot);
int vm_pause(uint32_t slot, int64_t rcvid); /* 0: answered later */
int vm_resume(uint32_t slot);

/* Fills in the answer to PM_VM_INFO. */
void vm_info(uint32_t slot, struct pm_vm *info);
