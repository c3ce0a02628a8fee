/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "types.h"

struct cpu;
struct vcpu;

/* Which EL1 registers of a resident guest hold a process's value just now. */
enum el1_leak { LEAK_SCTLR = 1, LEAK_CPACR = 2, LEAK_CNTKCTL = 4, LEAK_MDSCR = 8 };

void guest_registers(struct cpu *c, struct vcpu *v); /* EL1 registers and HCR_EL2 as the resident guest has them */
void leaked_restore(struct vcpu *v);
