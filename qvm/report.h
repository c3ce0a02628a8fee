/* SPDX-License-Identifier: Apache-2.0 */
/* What the VM tells about itself while it runs. */
#pragma once

/* Sends the VM's description of itself to procmgr, which has asked for it (SIGENV). */
void vm_send_env(void);

/* The same of its virtual CPUs, for `vm status` (SIGSTATE). */
void vm_send_state(void);

/* Every vCPU and device logs its state (SIGUSR1). */
void vm_report(void);
