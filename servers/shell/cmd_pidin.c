/* SPDX-License-Identifier: Apache-2.0 */
/* pidin: processes, threads, memory, interrupts and objects, from the kernel's own accounts. */
#include "bulkhead.h"
#include "bulkhead/client.h"
#include "command.h"
#include "format.h"
#include "terminal.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB       1024u
#define TID_MAX   0xffffu
#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000ull
#define TENTH_NS  (100ull * NS_PER_MS)
#define IRQS_MAX  1024u /* ends the loop whatever procmgr answers */
#define LINE      512

#define TENTHS     10    /* between two looks */
#define TENTHS_MAX 36000 /* an hour */

/* What is asked: of all processes, or of those of that name or slot. */
struct query {
	const char *format;
	void (*print)(const struct query *q);
	const char *name;
	uint32_t slot;
	bool by_slot;
	uint64_t delay_ns; /* 0: once */
	char letters[96];  /* format of -f */
};

static bool is_meant(const struct query *q, unsigned slot, const char *name)
{
	return !q->name || (q->by_slot ? q->slot == slot : strcmp(q->name, name) == 0);
}

/* The next process that is meant, at or after *slot; advances it. False: none, or an error, which is told. */
static bool next_process(const struct query *q, unsigned *slot, struct process_info *process)
{
	for (; *slot < PROCESS_MAX; ++*slot) {
		int status = pm_request(PM_PROCESS_INFO, NULL, *slot, 0, process, sizeof(*process));

		if (status == -ESRCH)
			continue;
		if (status < 0) {
			if (status != -ERANGE)
				printf("pidin: %s\n", text_of_status(status));
			return false;
		}
		process->name[sizeof(process->name) - 1] = 0;
		if (is_meant(q, *slot, process->name))
			return true;
	}
	return false;
}

static void print_row(const char *format, const struct format_row *row)
{
	char text[LINE];

	format_line(text, sizeof(text), format, row);
	printf("%s\n", text);
}

static void print_threads(const char *format, unsigned slot, const struct process_info *process)
{
	struct thread_info thread;
	const struct format_row row = {slot, process, &thread};

	for (uint32_t tid = 1; tid <= TID_MAX;) {
		int found = pm_request(PM_THREAD_INFO, NULL, slot, tid, &thread, sizeof(thread));

		if (found < (int)tid)
			return;
		print_row(format, &row);
		tid = (uint32_t)found + 1;
	}
}

static void print_format(const struct query *q)
{
	struct process_info process;
	bool threads = format_of_threads(q->format);

	print_row(q->format, NULL);
	for (unsigned slot = 0; next_process(q, &slot, &process); slot++) {
		const struct format_row row = {slot, &process, NULL};

		if (threads)
			print_threads(q->format, slot, &process);
		else
			print_row(q->format, &row);
	}
}

static void print_memory(const struct query *q)
{
	struct process_info p;

	printf(" pid name                  RAM      kernel memory  thr chan conn timr  irq vcpu tabl    cpu time\n");
	for (unsigned slot = 0; next_process(q, &slot, &p); slot++)
		printf("%4u %-16s %6" PRIu64 "K %7" PRIu64 "K of %5" PRIu64 "K %4" PRIu32 " %4" PRIu32 " %4" PRIu32
		       " %4" PRIu32 " %4" PRIu32 " %4" PRIu32 " %4" PRIu32 " %8" PRIu64 " ms\n",
		       slot, p.name, p.ram_bytes / KIB, (p.kmem_bytes - p.kmem_free) / KIB, p.kmem_bytes / KIB,
		       p.threads, p.channels, p.connections, p.timers, p.interrupts, p.vcpus, p.tables,
		       p.cpu_ns / NS_PER_MS);
}

/* Also of those that do not run: then nothing is attached. */
static void print_irq(const struct pm_irq *irq, const char *name)
{
	char use[40];

	if (irq->state < 0)
		snprintf(use, sizeof(use), "not attached");
	else if (irq->state & (IRQ_FIRED - 1))
		snprintf(use, sizeof(use), "bound to the guest's %d", irq->state & (IRQ_FIRED - 1));
	else
		snprintf(use, sizeof(use), "attached%s", irq->state & IRQ_FIRED ? ", being served" : "");
	printf("%5" PRIu32 " %-7s %4" PRIu32 " %-16s %s\n", irq->intid, irq->edge ? "edge" : "level", irq->slot, name,
	       use);
}

/* The name of a slot, running or not: a process has it by the kernel's word, a VM also by procmgr's. */
static const char *name_of(uint32_t slot, struct process_info *process, struct pm_vm *vm)
{
	if (pm_request(PM_PROCESS_INFO, NULL, slot, 0, process, sizeof(*process)) >= 0) {
		process->name[sizeof(process->name) - 1] = 0;
		return process->name;
	}
	for (unsigned i = 0; i < PROCESS_MAX && pm_request(PM_VM_INFO, NULL, i, 0, vm, sizeof(*vm)) >= 0; i++) {
		vm->name[sizeof(vm->name) - 1] = 0;
		if (pm_request(PM_SLOT, vm->name, 0, 0, NULL, 0) == (int)slot)
			return vm->name;
	}
	return "-";
}

static void print_interrupts(const struct query *q)
{
	struct process_info process;
	struct pm_vm vm;
	struct pm_irq irq;
	int status = 0;

	printf("INTID trigger  pid name             use\n");
	for (unsigned i = 0; i < IRQS_MAX && status >= 0; i++) {
		status = pm_request(PM_IRQ_INFO, NULL, i, 0, &irq, sizeof(irq));
		if (status < 0)
			break;
		const char *name = name_of(irq.slot, &process, &vm);

		if (is_meant(q, irq.slot, name))
			print_irq(&irq, name);
	}
	if (status < 0 && status != -ESRCH)
		printf("pidin: %s\n", text_of_status(status));
}

static void print_system(const struct query *q)
{
	struct pm_system system;
	int status = pm_request(PM_SYSTEM_INFO, NULL, 0, 0, &system, sizeof(system));

	(void)q;
	if (status < 0) {
		printf("pidin: %s\n", text_of_status(status));
		return;
	}
	printf("CPUs:        %" PRIu32 "\n", system.kernel.cpus);
	printf("Processes:   %" PRIu32 "\n", system.kernel.processes);
	printf("Memory:      %" PRIu64 "K free of %" PRIu64 "K\n", system.ram_free / KIB, system.ram_bytes / KIB);
	printf("Objects:     %" PRIu64 "\n", system.kernel.objects);
	printf("Interrupts:  %" PRIu64 "\n", system.kernel.interrupts);
	printf("Counter:     %" PRIu64 " Hz\n", system.kernel.counter_hz);
	for (unsigned cpu = 0; cpu < system.kernel.cpus && cpu < CPU_MAX; cpu++)
		printf("CPU %u idle:  %" PRIu64 ".%03" PRIu64 " s\n", cpu,
		       (uint64_t)(system.kernel.idle_ns[cpu] / NS_PER_S),
		       (uint64_t)(system.kernel.idle_ns[cpu] % NS_PER_S / NS_PER_MS));
}

/* Also one that does not run is known, by its name or its slot. */
static bool find_owner(struct query *q)
{
	q->by_slot = text_parse_number(q->name, PROCESS_MAX - 1, &q->slot);
	if (q->by_slot || pm_request(PM_SLOT, q->name, 0, 0, NULL, 0) >= 0)
		return true;
	printf("pidin: there is no process '%s'\n", q->name);
	return false;
}

static bool is_format(const char *format)
{
	char letter;
	const char *wrong = format_check(format, &letter);

	if (!wrong)
		return true;
	printf("pidin: format '%s': %%%c is %s; known:\n", format, letter, wrong);
	for (unsigned i = 0; format_help(i); i++)
		printf("  %s\n", format_help(i));
	return false;
}

/* What a word stands for, or the beginning of one if no other word begins so. */
static bool parse_shorthand(const char *word, struct query *q)
{
	static const struct {
		const char *word, *format;
		void (*print)(const struct query *q);
	} shorthands[] = {
	    {"threads", "%a %b %h %p %J %l  %i %t %v  %B", print_format},
	    {"sched", "%a %b %n %h %p %i %l %H %J", print_format},
	    {"rmasks", "%a %b %n %h %i %l", print_format},
	    {"times", "%a %n %T %u", print_format},
	    {"mem", NULL, print_memory},
	    {"irqs", NULL, print_interrupts},
	    {"info", NULL, print_system},
	};
	unsigned found = 0;

	for (unsigned i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++) {
		if (strncmp(shorthands[i].word, word, strlen(word)) != 0)
			continue;
		found++;
		q->format = shorthands[i].format;
		q->print = shorthands[i].print;
	}
	return found == 1;
}

/* An option that has a value. */
static bool parse_option(char letter, const char *value, struct query *q, uint32_t *tenths)
{
	switch (letter) {
	case 'p': q->name = value; return true;
	case 'd': return text_parse_number(value, TENTHS_MAX, tenths) && *tenths != 0;
	case 'f':
		if (strlen(value) > sizeof(q->letters) / 3)
			return false;
		format_of_letters(q->letters, sizeof(q->letters), value);
		value = q->letters;
		/* fall through */
	case 'F':
		if (q->print)
			return false;
		q->format = value;
		q->print = print_format;
		return true;
	default: return false;
	}
}

static bool parse_args(int argc, char **argv, struct query *q)
{
	uint32_t tenths = 0;
	bool loops = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-l") == 0)
			loops = true;
		else if (argv[i][0] != '-' && !q->print && parse_shorthand(argv[i], q))
			continue;
		else if (argv[i][0] != '-' || !argv[i][1] || argv[i][2] || i + 1 == argc ||
			 !parse_option(argv[i][1], argv[i + 1], q, &tenths))
			return false;
		else
			i++;
	}
	if (!q->print) {
		q->format = "%a %b %n %p %J %B";
		q->print = print_format;
	}
	q->delay_ns = loops ? (tenths ? tenths : TENTHS) * TENTH_NS : 0;
	return (loops || tenths == 0) && (q->print != print_system || !q->name);
}

bool cmd_pidin(int argc, char **argv)
{
	struct query q = {0};

	if (!parse_args(argc, argv, &q))
		return false;
	if ((q.name && !find_owner(&q)) || (q.format && !is_format(q.format)))
		return true;
	do {
		q.print(&q);
		fflush(stdout);
	} while (q.delay_ns != 0 && !terminal_wait(q.delay_ns));
	if (q.delay_ns != 0)
		printf("^C\n");
	return true;
}
