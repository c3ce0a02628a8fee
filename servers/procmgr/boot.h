/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel maps for its first process, for reading: boot information, device tree, boot archive. */
#pragma once

#include "bulkhead.h"
#include "sysplan.h"
#include <stdint.h>

extern const struct boot_info *const boot;

/* First byte of the boot archive; it has boot->archive_bytes. */
const void *boot_archive(void);

/* Physical address of something in the boot archive. */
uint64_t boot_archive_pa(const void *data);

/* Bytes of the boot archive, up to the end of its last page. */
static inline uint64_t boot_archive_span(void)
{
	return (boot->archive_bytes + PLAN_PAGE - 1) & ~(PLAN_PAGE - 1);
}

/* RAM for processes and guests. */
static inline uint64_t boot_ram_bytes(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < boot->ram_count; i++)
		bytes += boot->ram[i].bytes;
	return bytes;
}
