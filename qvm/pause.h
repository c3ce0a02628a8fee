/* SPDX-License-Identifier: Apache-2.0 */
/* The operator stops the virtual CPUs, and continues them. */
#pragma once

struct vcpu;

/* As procmgr wants it: stops all vCPUs, and says how many have not stopped soon; or lets them go on. First thread only.
 */
void vm_pause_or_resume(void);
void vm_unpause(void);

/* Where a vCPU's own thread waits while the VM is paused. */
void vcpu_park(struct vcpu *vcpu);
