/* SPDX-License-Identifier: Apache-2.0 */
/* The first process, procmgr. */
#pragma once

/* Makes procmgr ready to run, or panics. The caller holds the kernel lock. */
void process_start_first(void);
