/* SPDX-License-Identifier: Apache-2.0 */
/* pidin: processes, threads, memory and objects, from the kernel's own accounts. */
#include "abi/bulkhead.h"
#include "shell/shell.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB       1024u
#define TID_MAX   0xffffu
#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000ull

static const char *thread_state(const struct thread_info *thread)
{
	static const char *const names[] = {
	    [STATE_DEAD] = "DEAD", [STATE_RUNNING] = "RUNNING", [STATE_READY] = "READY", [STATE_RECEIVE] = "RECEIVE",
	    [STATE_SEND] = "SEND", [STATE_REPLY] = "REPLY",     [STATE_INTR] = "INTR",   [STATE_SYNC] = "SYNC",
	    [STATE_WFI] = "WFI",   [STATE_MOVING] = "MOVING",   [STATE_VCPU] = "VCPU",
	};

	return thread->state < sizeof(names) / sizeof(names[0]) ? names[thread->state] : "?";
}

/* The next process at or after *slot; advances it. False: none, or an error, which is told. */
static bool next_process(unsigned *slot, struct process_info *process)
{
	for (; *slot < PROCESS_MAX; ++*slot) {
		int status = pm_request(PM_PROCESS_INFO, NULL, *slot, 0, process, sizeof(*process));

		if (status == -ESRCH)
			continue;
		if (status < 0) {
			if (status != -ERANGE)
				printf("pidin: %s\n", status_text(status));
			return false;
		}
		process->name[sizeof(process->name) - 1] = 0;
		return true;
	}
	return false;
}

static void print_thread(unsigned slot, const struct process_info *process, const struct thread_info *thread, bool more)
{
	char priority[16], blocked[16] = "";

	snprintf(priority, sizeof(priority), "%" PRIu32 "%c", thread->priority,
		 thread->policy == SCHED_FIFO_ ? 'f'
		 : thread->policy == SCHED_RR_ ? 'r'
					       : '?');
	if (thread->blocked_slot < PROCESS_MAX)
		snprintf(blocked, sizeof(blocked), "%" PRIu32, thread->blocked_slot);
	printf("%4u %4" PRIu32 " %-16s %5s %-8s", slot, thread->tid, more ? thread->name : process->name, priority,
	       thread_state(thread));
	if (more)
		printf(" %3" PRIu32 "  0x%02" PRIx32 " %8" PRIu64 " ms %9" PRIu64 "  %s\n", thread->cpu,
		       thread->runmask, thread->cpu_ns / NS_PER_MS, thread->entries, blocked);
	else
		printf(" %s\n", blocked);
}

static void threads_of(unsigned slot, const struct process_info *process, bool more)
{
	struct thread_info thread;

	for (uint32_t tid = 1; tid <= TID_MAX;) {
		int found = pm_request(PM_THREAD_INFO, NULL, slot, tid, &thread, sizeof(thread));

		if (found < (int)tid)
			return;
		thread.name[sizeof(thread.name) - 1] = 0;
		for (char *c = thread.name; *c; c++)
			*c = printable(*c);
		print_thread(slot, process, &thread, more);
		tid = (uint32_t)found + 1;
	}
}

static void threads(bool more)
{
	struct process_info process;

	if (more)
		printf(" pid  tid thread name       prio STATE    cpu  mask    cpu time   entries  Blocked\n");
	else
		printf(" pid  tid name              prio STATE    Blocked\n");
	for (unsigned slot = 0; next_process(&slot, &process); slot++)
		threads_of(slot, &process, more);
}

static void memory(void)
{
	struct process_info p;

	printf(" pid name                  RAM      kernel memory  thr chan conn timr  irq vcpu tabl    cpu time\n");
	for (unsigned slot = 0; next_process(&slot, &p); slot++)
		printf("%4u %-16s %6" PRIu64 "K %7" PRIu64 "K of %5" PRIu64 "K %4" PRIu32 " %4" PRIu32 " %4" PRIu32
		       " %4" PRIu32 " %4" PRIu32 " %4" PRIu32 " %4" PRIu32 " %8" PRIu64 " ms\n",
		       slot, p.name, p.ram_bytes / KIB, (p.kmem_bytes - p.kmem_free) / KIB, p.kmem_bytes / KIB,
		       p.threads, p.channels, p.connections, p.timers, p.interrupts, p.vcpus, p.tables,
		       p.cpu_ns / NS_PER_MS);
}

static void system_wide(void)
{
	struct system_info system;
	int status = pm_request(PM_SYSTEM_INFO, NULL, 0, 0, &system, sizeof(system));

	if (status < 0) {
		printf("pidin: %s\n", status_text(status));
		return;
	}
	printf("CPUs:        %" PRIu32 "\n", system.cpus);
	printf("Processes:   %" PRIu32 "\n", system.processes);
	printf("Memory:      %" PRIu64 "K free of %" PRIu64 "K\n", system.ram_free / KIB, system.ram_bytes / KIB);
	printf("Objects:     %" PRIu64 "\n", system.objects);
	printf("Interrupts:  %" PRIu64 "\n", system.interrupts);
	printf("Counter:     %" PRIu64 " Hz\n", system.counter_hz);
	for (unsigned cpu = 0; cpu < system.cpus && cpu < CPU_MAX; cpu++)
		printf("CPU %u idle:  %" PRIu64 ".%03" PRIu64 " s\n", cpu, (uint64_t)(system.idle_ns[cpu] / NS_PER_S),
		       (uint64_t)(system.idle_ns[cpu] % NS_PER_S / NS_PER_MS));
}

void cmd_pidin(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 1)
		threads(false);
	else if (argc == 2 && strcmp(what, "threads") == 0)
		threads(true);
	else if (argc == 2 && strcmp(what, "info") == 0)
		system_wide();
	else if (argc == 2 && strcmp(what, "mem") == 0)
		memory();
	else
		usage("pidin");
}
