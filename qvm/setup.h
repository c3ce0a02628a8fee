/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the command line to a virtual machine that could run. */
#pragma once

#include <bulkhead/process.h>
#include <stdint.h>

/* What the boot vCPU starts with. */
struct vm_boot {
	uint64_t entry, fdt;
};

/* Everything; the guest's memory is mapped here at `window`. Every mistake ends the process. */
struct vm_boot vm_build(const struct start_args *args, uint8_t *window);
