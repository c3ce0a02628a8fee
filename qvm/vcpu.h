/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs and their threads: one each. */
#pragma once

#include "qvm/setup.h"

/* As the configuration has them. A mistake ends the process. */
void vcpu_create_all(void);

/* Turns the boot vCPU on. */
void vcpu_start(const struct vm_boot *boot);
