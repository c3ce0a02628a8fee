/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the start: servers as the description lists them, each one that says `ready` before the next, then the
 * virtual machines, all at once. It never blocks: it keeps what it waits for, and is told about changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct order {
	unsigned next;     /* index of the server to start next */
	uint32_t awaited;  /* slot of the server that must get ready first; 0: none */
	uint32_t starting; /* of the others those that do not run yet: one bit for each slot */
	uint64_t give_up;  /* when to go on without them */
	bool vms, done;
};
extern struct order order;

/* The memory of those VMs that will be started is zeroed by their workers from now on. */
void order_prepare(void);

/* Starts what can be started now. */
void order_go_on(void);

/* A slot's process runs, has said that it is ready, or has ended or could not be started. */
void order_started(uint32_t slot);
void order_ready(uint32_t slot);
void order_ended(uint32_t slot);

/* When the start goes on without what it waits for, or NEVER, and what is done then. */
uint64_t order_deadline(void);
void order_timeout(void);
