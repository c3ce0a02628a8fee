/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the virtual CPUs of a VM to another CPU every millisecond until the VM ends. argv[1]: name of the VM, argv[2]:
 * "apart", each to a CPU of its own choice, or "together", all to the same. Needs the ability `xsched` and the
 * log ring. Ends with 0 if every move was done.
 */
#include "abi/bulkhead.h"
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MS      1000000ull
#define TID_MAX 0xffffu

static struct target {
	unsigned tid, priority, policy, cpu;
} targets[VCPU_MAX];
static unsigned target_count, cpus;

static uint64_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull >> 32;
}

/* The slot of the process of that name, or 0. */
static unsigned find_process(const char *name)
{
	struct process_info process;

	for (unsigned slot = 1; slot < PROCESS_MAX; slot++) {
		if (pm_request(PM_PROCESS_INFO, NULL, slot, 0, &process, sizeof(process)) >= 0 &&
		    strncmp(process.name, name, sizeof(process.name)) == 0)
			return slot;
	}
	return 0;
}

/* Its threads vcpu0, vcpu1, ... */
static void find_targets(unsigned slot)
{
	struct thread_info thread;
	int found;

	target_count = 0;
	for (unsigned tid = 1; tid <= TID_MAX && target_count < VCPU_MAX; tid = (unsigned)found + 1) {
		found = pm_request(PM_THREAD_INFO, NULL, slot, tid, &thread, sizeof(thread));
		if (found < (int)tid)
			return;
		if (strncmp(thread.name, "vcpu", 4) == 0)
			targets[target_count++] =
			    (struct target){(unsigned)found, thread.base_priority, thread.policy, thread.cpu};
	}
}

/* Never where it was told to be last. */
static unsigned other_cpu(unsigned cpu)
{
	return (cpu + 1 + (unsigned)(next_random() % (cpus - 1))) % cpus;
}

/* 0, or the kernel's error. */
static int move_all(unsigned slot, bool together)
{
	for (unsigned i = 0; i < target_count; i++) {
		struct target *t = &targets[i];
		int status;

		t->cpu = together && i ? targets[0].cpu : other_cpu(t->cpu);
		status = SchedSet_r((int)slot, (int)t->tid, t->priority, t->policy, 1u << t->cpu);
		if (status < 0)
			return status;
	}
	return 0;
}

static uint64_t move_until_end(unsigned slot, bool together, int *status)
{
	uint64_t moves = 0;

	while ((*status = move_all(slot, together)) == 0) {
		moves += target_count;
		thread_sleep(MS);
	}
	return moves;
}

int main(int argc, char **argv)
{
	struct system_info system;
	unsigned slot = 0;
	uint64_t moves;
	int status;

	if (argc < 3 || SystemInfo_r(&system) < 0 || (cpus = system.cpus) < 2) {
		printf("mover: FAILED, needs the name of a VM, apart or together, and two CPUs\n");
		return 1;
	}
	while (target_count < 2) {
		thread_sleep(MS);
		slot = find_process(argv[1]);
		if (slot)
			find_targets(slot);
	}
	moves = move_until_end(slot, strcmp(argv[2], "together") == 0, &status);
	printf("mover: %llu moves of %u virtual CPUs, then error %d\n", (unsigned long long)moves, target_count,
	       -status);
	return status != -ESRCH;
}
