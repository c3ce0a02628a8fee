/* SPDX-License-Identifier: Apache-2.0 */
/* The table of processes, and copies between the kernel and a process. */
#include "process.h"
#include "arch.h"

struct process processes[PROCESS_MAX];

static int64_t copy_user(struct process *p, void *kernel, uint64_t user, uint64_t bytes, bool in)
{
	char *at = kernel;

	while (bytes) {
		uint64_t left;
		void *mem = space_access(&p->space, user, in ? SPACE_R : SPACE_W, &left);

		if (!mem)
			return -KE_FAULT;
		if (left > bytes)
			left = bytes;
		if (in)
			memcpy(at, mem, left);
		else
			memcpy(mem, at, left);
		at += left;
		user += left;
		bytes -= left;
	}
	return 0;
}

int64_t copy_in(struct process *p, void *to, uint64_t from, uint64_t bytes)
{
	return copy_user(p, to, from, bytes, true);
}

int64_t copy_out(struct process *p, uint64_t to, const void *from, uint64_t bytes)
{
	return copy_user(p, (void *)(uintptr_t)from, to, bytes, false);
}

void process_init_lists(struct process *p)
{
	list_init(&p->sync_waiters);
	pulse_init(&p->death, PULSE_PLAIN, PULSE_CODE_PROCESSDEATH, p->slot, PRIO_MAX);
	pulse_init(&p->signals, PULSE_MASK, 0, 0, PRIO_MAX);
}
