/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: a guest begins when everything that its VM names has answered. qvm waits for what it opens by itself, and
 * says what; for the processes that it may connect to it asks here. A VM that waits longer than 10 s is refused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* PM_VM_NOTE: what the VM waits for. */
void gate_note(uint32_t slot, const char *text);

/* PM_READY of a VM. True: the answer comes later. */
bool gate_ask(uint32_t slot, int64_t rcvid);

/* The VM has asked, and waits for other processes. */
bool gate_holds(uint32_t slot);

/* Some process has become ready, or has ended. */
void gate_look(void);

/* The VM does not wait any more. */
void gate_forget(uint32_t slot);

/* When a VM has waited so long that the operator is told, or that it is refused; or NEVER. What is done then. */
uint64_t gate_deadline(void);
void gate_timeout(void);
