/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a new process. */
#pragma once

#include "slots.h"

/* Fills in slot->env: what the description gives its owner, and for a VM what its qvm must know of the system. */
void env_fill(struct slot *slot, const struct sys_owner *own);
