/* SPDX-License-Identifier: Apache-2.0 */
#include "boot.h"

const struct boot_info *const boot = (const struct boot_info *)BOOT_INFO;

const void *boot_archive(void)
{
	return (const void *)BOOT_ARCHIVE;
}

uint64_t boot_archive_pa(const void *data)
{
	return boot->archive_pa + ((uintptr_t)data - BOOT_ARCHIVE);
}
