/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subverted qvm: it stands in the archive under that name. Before its guest runs it does what a VM manager may, and
 * after it tries the same again, and whatever else could get it or its guest more memory, CPUs, interrupts, devices or
 * partners. Its verdict goes to the log ring; then it waits with a guest that does nothing, for the operator.
 *
 * It expects to be connected to the slots that CONNECTED has, and that a server with a public channel is in the slot
 * FORBIDDEN.
 */
#include "el0.h"
#include <bulkhead/client.h>
#include <bulkhead/process.h>
#include <bulkhead/sched_aps.h>
#include <bulkhead/thread.h>
#include <string.h>

#define print(...) slogf(SLOG_INFO, __VA_ARGS__)
#include "check.h"

#define CONNECTED 0x7u /* procmgr, devc-pl011, slogger */
#define FORBIDDEN 4u
#define CODE      0x80000000ull         /* in the guest: its code, and RAM after it */
#define SPARE     (CODE + 0x10000)      /* a page of it that comes and goes */
#define WINDOW    (CODE + (1ull << 30)) /* where everything is tried out: nothing is there */
#define STEP      (2ull << 20)

/* Reads where x1 points, says so by HVC, and that again. */
extern char guest_code[], guest_code_end[];
__asm__(".pushsection .text.guest_code, \"ax\"\n"
	".globl guest_code, guest_code_end\n"
	"guest_code:\n"
	"1:	ldr	x0, [x1]\n"
	"	hvc	#0\n"
	"	b	1b\n"
	"guest_code_end:\n"
	".popsection");

/* ---- vCPUs, each run by a thread that may be told so ---- */

struct worker {
	uint32_t go, done;
	int vcpu, tid;
	struct vcpu_run run;
};
static struct worker workers[2], late;
static int third; /* a vCPU that nobody has run */

static void wait_word(uint32_t *word)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
		SyncWait_r(word, 0, 0);
	__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

static void set_word(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	SyncWake_r(word, 1);
}

/* ACT_READ shows what VcpuGet does, whatever the other bits of a number are, and leaves the exit as it was. */
static void read_registers(const struct worker *w)
{
	for (uint64_t reg = 0; reg < 32; reg++) {
		uint64_t get = 0;
		struct vcpu_run read =
		    VcpuRun(w->vcpu, ACT_READ, ~0xff1fffffull | reg << 24 | reg << 16 | 31 << 8 | reg, 0, 0, 0);

		if (reg < 31)
			VcpuGet_r(w->vcpu, (unsigned)reg, &get);
		check_that(read.exit == w->run.exit && read.x1 == get && read.x2 == 0 && read.x3 == get &&
			       read.x4 == get,
			   "a register by ACT_READ", (int64_t)reg);
	}
}

/* D8 is this thread's, whatever its guest and the kernel do: functions keep it, so only this one writes it. */
static void fp_set(uint64_t value)
{
	__asm__ volatile("fmov d8, %0" : : "r"(value));
}

static uint64_t fp_get(void)
{
	uint64_t value;

	__asm__ volatile("fmov %0, d8" : "=r"(value));
	return value;
}

static void work(void *arg)
{
	struct worker *w = arg;
	uint64_t runs = 0, fp_was = 0;

	fp_set(0);
	for (;;) {
		wait_word(&w->go);
		w->run = VcpuRun(w->vcpu, ACT_RUN, 0, 0, 0, 0);
		if (w->run.exit >= 0)
			read_registers(w);
		/* Between two looks at it are 1 to 16 exits: its registers are still here, or the kernel has put them
		 * away. */
		if (++runs % 16 == 0 || runs % 5 == 0) {
			check_equal("D8", (int64_t)fp_get(), (int64_t)fp_was);
			fp_set(fp_was = runs);
		}
		/* A name that nobody is to find, and that clears the operator's screen. */
		if (w == &workers[1])
			thread_name("\33[2Jrogue");
		set_word(&w->done);
	}
}

/* The guest reads at `address`: how that ends. */
static int64_t guest_reads(struct worker *w, uint64_t address)
{
	VcpuSet_r(w->vcpu, VREG_PC, CODE);
	VcpuSet_r(w->vcpu, VREG_X0 + 1, address);
	set_word(&w->go);
	wait_word(&w->done);
	return w->run.exit;
}

/* ---- what is tried twice ---- */

/* Every region, every right, at a place of its own. Returns how many times it worked. */
static unsigned map_everything(bool sealed)
{
	unsigned mapped = 0;
	uint64_t at = WINDOW;

	for (unsigned region = 0; region < REGION_MAX; region++) {
		struct mem_info info;
		bool there = MemInfo_r(region, &info) >= 0;

		for (unsigned prot = 1; prot <= 7; prot++, at += STEP) {
			int status = MemMap_r(SPACE_GUEST, at, region, 0, 4096, prot);

			mapped += status == 0;
			if (there && sealed && !(info.flags & REGION_SHARED))
				check_equal("MemMap into the guest", status, -KE_PERM);
			if (status == 0)
				check_equal("MemUnmap from the guest", MemUnmap_r(SPACE_GUEST, at, 4096), 0);
		}
		/* Where memory is already, all that a larger piece would do. */
		if (there && sealed)
			check_equal("MemMap over RAM",
				    MemMap_r(SPACE_GUEST, CODE, region, 0, info.bytes, PROT_R | PROT_W | PROT_X),
				    -KE_PERM);
	}
	return mapped;
}

static void try_memory(bool sealed, int expected)
{
	unsigned mapped = map_everything(sealed);

	check_that(sealed ? mapped == 0 : mapped >= 7, "mappings into the guest", mapped);
	check_equal("MemUnmap of RAM", MemUnmap_r(SPACE_GUEST, SPARE, 4096), expected);
	check_equal("MemMap of it",
		    MemMap_r(SPACE_GUEST, sealed ? WINDOW : SPARE, REGION_GUEST, SPARE - CODE, 4096, PROT_R | PROT_W),
		    expected);
	check_that(MemProtect_r(SPACE_GUEST, SPARE, 4096, PROT_R) < 0, "MemProtect of the guest's", 0);
	/* In its own space it has no executable page but its code. */
	for (unsigned region = 0; region < REGION_MAX; region++)
		for (unsigned prot = PROT_X; prot <= 7; prot++)
			check_that(MemMap_r(SPACE_SELF, ADDRESS_FREE + STEP, region, 0, 4096, prot) < 0,
				   "own memory made executable", (int64_t)(region << 4 | prot));
	check_that(MemProtect_r(SPACE_SELF, (uint64_t)&workers & ~4095ull, 4096, PROT_R | PROT_X) < 0,
		   "own data made executable", 0);
	check_that(MemProtect_r(SPACE_SELF, (uint64_t)guest_code & ~4095ull, 4096, PROT_R | PROT_W) < 0,
		   "own code made writable", 0);
}

static void try_scheduling(int expected)
{
	const int self = thread_self(), now = SchedGet_r(-1, self, NULL);
	const unsigned prio = (unsigned)now & 0xff, policy = (unsigned)now >> 8;
	unsigned slot;

	ThreadSelf_r(&slot);
	for (unsigned i = 0; i < 2; i++) {
		check_equal("SchedSet", SchedSet_r(-1, workers[i].tid, prio, policy, 0), expected);
		check_equal("SchedSet by slot", SchedSet_r((int)slot, workers[i].tid, prio, policy, 1), expected);
	}
	check_equal("SchedSet of itself", SchedSet_r(-1, self, prio, policy, 0), expected);
	check_equal("run mask", ThreadCtl_r(THREADCTL_RUNMASK, 1), expected);
	/* Beyond what it was given: never. */
	check_that(SchedSet_r(-1, self, PRIO_MAX, policy, 0) < 0, "the highest priority", 0);
	check_that(SchedSet_r(-1, self, prio, policy, ~0u) < 0, "CPUs that are others'", 0);
	check_that(ThreadCtl_r(THREADCTL_RUNMASK, 2) < 0, "a run mask of CPUs that are others'", 0);
	check_that(thread_create(work, &late, 8192, PRIO_MAX, 0, "high") < 0, "a thread of the highest priority", 0);
	check_that(thread_create(work, &late, 8192, 0, 2, "wide") < 0, "a thread on CPUs that are others'", 0);
}

/* Its own threads go where the description has partitions, here System; nobody else's, nor does it make any. */
static void try_partitions(int expected)
{
	struct sched_aps_join_parms join = {.id = SCHED_APS_SYSTEM_PARTITION_ID, .tid = (uint32_t)workers[0].tid};
	struct sched_aps_mark_crit_parms mark = {.tid = (uint32_t)workers[1].tid};
	struct sched_aps_create_parms create = {.parent_id = -1};
	struct sched_aps_modify_parms modify = {.budget = -1, .max_budget = 100, .critical_budget_us = -1};
	struct sched_aps_parms parms = {.windowsize_ms = 8};
	struct sched_aps_security_parms security = {SCHED_APS_SEC_ROOT_JOINS};

	check_equal("a thread joins", SchedCtl_r(SCHED_APS_JOIN_PARTITION, &join, sizeof(join)), expected);
	check_equal("a thread is critical", SchedCtl_r(SCHED_APS_MARK_CRITICAL, &mark, sizeof(mark)), expected);
	check_equal("it is not", SchedCtl_r(SCHED_APS_CLEAR_CRITICAL, &mark, sizeof(mark)), expected);
	join.tid = 1;
	for (join.pid = 1; join.pid <= FORBIDDEN; join.pid++)
		check_equal("another's thread joins", SchedCtl_r(SCHED_APS_JOIN_PARTITION, &join, sizeof(join)),
			    -KE_PERM);
	check_equal("a partition", SchedCtl_r(SCHED_APS_CREATE_PARTITION, &create, sizeof(create)), -KE_PERM);
	check_equal("less for System", SchedCtl_r(SCHED_APS_MODIFY_PARTITION, &modify, sizeof(modify)), -KE_INVAL);
	modify.max_budget = -1;
	check_equal("System", SchedCtl_r(SCHED_APS_MODIFY_PARTITION, &modify, sizeof(modify)), -KE_PERM);
	check_equal("the window", SchedCtl_r(SCHED_APS_SET_PARMS, &parms, sizeof(parms)), -KE_PERM);
	check_equal("the flags", SchedCtl_r(SCHED_APS_ADD_SECURITY, &security, sizeof(security)), -KE_PERM);
}

static void try_twice(bool sealed)
{
	const int expected = sealed ? -KE_PERM : 0;

	try_memory(sealed, expected);
	try_scheduling(expected);
	try_partitions(expected);
	check_equal("the guest's time", VcpuSet_r(third, VREG_CNTVOFF, 0), expected);
	check_equal("registers", VcpuSet_r(third, VREG_RESET, 0), 0);
}

/* ---- what it may never ---- */

static void try_privileges(void)
{
	static const struct {
		uint64_t number;
		uint32_t ability;
	} calls[] = {CALL_TABLE};
	int chid;

	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct regs r = {0};

		if (calls[i].ability & ~ABLE_VCPU)
			check_equal("a call that needs an ability", call(calls[i].number, &r), -KE_PERM);
	}
	for (uint64_t slot = 0; slot < PROCESS_MAX; slot++) {
		unsigned own;

		ThreadSelf_r(&own);
		if (slot != own)
			check_that(SchedSet_r((int)slot, 1, 1, SCHED_RR_, 0) == -KE_PERM, "scheduling of others",
				   (int64_t)slot);
	}
	check_that(ChannelCreate_r(0) == -KE_PERM, "a public channel", 0);
	chid = (int)ChannelCreate_r(CHF_PRIVATE);
	for (unsigned intid = 0; intid < 1100; intid++) {
		check_equal("InterruptAttachEvent", InterruptAttachEvent_r(intid, chid, 1, 1, 0), -KE_PERM);
		if (intid >= 32 && intid < 1020)
			check_equal("VcpuBind", VcpuBind_r(third, intid, 40, 0, 0), -KE_PERM);
	}
}

static void try_partners(void)
{
	for (unsigned slot = 0; slot < PROCESS_MAX; slot++) {
		unsigned own, open = 0;

		ThreadSelf_r(&own);
		for (int chid = 1; chid <= 16 && slot != own; chid++) {
			int coid = ConnectAttach_r(slot, chid, 0);

			if (!(CONNECTED >> slot & 1))
				check_equal("ConnectAttach", coid, -KE_PERM);
			open += coid > 0;
			if (coid > 0)
				ConnectDetach_r(coid);
		}
		/* Else the refusals above would show nothing. */
		if (CONNECTED >> slot & 1)
			check_that(open != 0, "ConnectAttach to a partner", slot);
	}
}

/* ---- the VM ---- */

static void make_vm(void)
{
	check_equal("MemMap of guest RAM for itself",
		    MemMap_r(SPACE_SELF, ADDRESS_FREE, REGION_GUEST, 0, 4096, PROT_R | PROT_W), 0);
	memcpy((void *)ADDRESS_FREE, guest_code, (size_t)(guest_code_end - guest_code));
	check_equal("MemMap of guest RAM",
		    MemMap_r(SPACE_GUEST, CODE, REGION_GUEST, 0, SPARE - CODE + 4096, PROT_R | PROT_W | PROT_X), 0);
	for (unsigned i = 0; i < 2; i++) {
		char name[] = {'v', 'c', 'p', 'u', (char)('0' + i), 0};

		workers[i].vcpu = VcpuCreate_r(i, i, 0);
		workers[i].tid = thread_create(work, &workers[i], 8192, 0, 0, name);
		check_that(workers[i].vcpu > 0 && workers[i].tid > 0, "a vCPU and its thread", workers[i].vcpu);
	}
	third = VcpuCreate_r(2, 2, 0);
	check_that(third > 0, "VcpuCreate before the start", third);
}

/* The guest finds what it had, and nothing where things were tried. */
static void try_guest(void)
{
	check_equal("the guest reads its RAM", guest_reads(&workers[0], SPARE), EXIT_HVC);
	for (uint64_t at = WINDOW; at < WINDOW + 7ull * REGION_MAX * STEP; at += STEP) {
		int64_t exit = guest_reads(&workers[0], at);

		/* Which of the two depends on what else there was to do on the way out. */
		check_that((exit == EXIT_MMIO_READ || exit == EXIT_MMIO_COMPLEX) && workers[0].run.x1 == at,
			   "the guest reads where nothing is", exit);
	}
	/* PSCI CPU_ON goes on working: a vCPU that has not run yet, in the thread that was made for it. */
	check_equal("the second vCPU", guest_reads(&workers[1], SPARE), EXIT_HVC);
}

/* No console but its own: not the operator's, whatever state that is in, nor one that nobody has. */
static void try_consoles(void)
{
	struct console console = {0};

	check_equal("the operator's console", console_open(&console, "shell", 0), -KE_PERM);
	check_equal("one that nobody has", console_open(&console, "nobodys", 0), -KE_PERM);
	check_equal("its own", console_open(&console, "rogue", 0), 0);
}

static void try_vcpus(void)
{
	for (unsigned index = 0; index < VCPU_MAX; index++)
		check_equal("VcpuCreate", VcpuCreate_r(index, index, 0), -KE_PERM);
	late.vcpu = third;
	check_that(thread_create(work, &late, 8192, 0, 0, "late") > 0, "a thread", 0);
	set_word(&late.go);
	wait_word(&late.done);
	check_equal("VcpuRun in a thread that came later", late.run.exit, -KE_PERM);
	check_equal("VcpuRun of another thread's", VcpuRun(workers[0].vcpu, ACT_RUN, 0, 0, 0, 0).exit, -KE_BUSY);
	check_equal("ACT_READ of another thread's", VcpuRun(workers[0].vcpu, ACT_READ, 0, 0, 0, 0).exit, -KE_BUSY);
}

int main(void)
{
	make_vm();
	try_twice(false);
	check_equal("the guest runs", guest_reads(&workers[0], SPARE), EXIT_HVC);
	try_twice(true);
	try_vcpus();
	try_privileges();
	try_partners();
	try_consoles();
	try_guest();
	print("the screen \33[2J\302\2332J is not cleared"); /* ESC [, and CSI (ECMA-48, 5.3) as UTF-8 */
	check_report("rogueqvm");
	VcpuSet_r(workers[0].vcpu, VREG_PSTATE, 0x3c5);
	for (;;)
		guest_reads(&workers[0], SPARE);
}
