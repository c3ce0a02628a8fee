/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subverted procmgr: procmgr with another main(), in an Image of its own. It defines two slots beside the plan, in
 * which all calls that define succeed, seals, starts the system as ever, and serves it. Meanwhile a second thread calls
 * everything that could widen what any slot has, and everything that reaches into processes that run. Its verdict goes
 * to the log ring.
 *
 * It expects the processes VICTIM and VM, that both run, and two CPUs, of which VICTIM may use one.
 */
#include "servers/procmgr/boot.h"
#include "servers/procmgr/log.h"
#include "servers/procmgr/order.h"
#include "servers/procmgr/seal.h"
#include "servers/procmgr/serve.h"
#include "servers/procmgr/setup.h"
#include "servers/procmgr/slots.h"
#include "servers/procmgr/system.h"
#include "servers/procmgr/worker.h"
#include "tests/el0/el0.h"
#include <bulkhead/kernel.h>
#include <bulkhead/process.h>
#include <bulkhead/thread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...);
#define print(...) say(__VA_ARGS__)

#include "tests/el0/check.h"

#define VICTIM       "kserver"
#define VM           "ticks"
#define CONTROL      30u /* a slot in which everything is tried that may be done */
#define PARTNER      31u /* another, which shares memory with it */
#define UNDEFINED    29u
#define CONTROL_KMEM (64ull << 10)
#define CONTROL_RAM  (64ull << 10)
#define RTC          0x9010000ull /* devices that nobody of the plan has */
#define FW_CFG       0x9020000ull
#define CONTROL_IRQ  34u
#define MS           1000000ull

static uint64_t spare, archive; /* RAM that the plan leaves; the boot archive's first page */
static struct slog_msg message;

static void say(const char *format, ...)
{
	static int coid;
	va_list args;
	int length;

	if (coid <= 0)
		coid = ConnectAttach_r((unsigned)slot_by_name("slogger"), 1, 0);
	va_start(args, format);
	length = vsnprintf(message.text, sizeof(message.text), format, args);
	va_end(args);
	message.type = SLOG_WRITE;
	message.severity = SLOG_INFO;
	message.count = (uint16_t)(length < (int)sizeof(message.text) ? length : (int)sizeof(message.text) - 1);
	message.time_ns = ClockTime();
	if (coid <= 0)
		SystemLog_r(message.text, message.count); /* nothing runs yet */
	else
		MsgSend_r(coid, &message, offsetof(struct slog_msg, text) + message.count, NULL, 0);
}

/* ---- before the seal: what is refused later works ---- */

static struct process_params params_of(uint64_t kmem)
{
	return (struct process_params){.name = "control",
				       .kmem = kmem,
				       .kmem_bytes = CONTROL_KMEM,
				       .abilities = ABLE_LOG,
				       .runmask = 1,
				       .priority = 18,
				       .max_priority = 18,
				       .policy = SCHED_RR_,
				       .death_chid = PROCMGR_CHID};
}

static void find_spare(void)
{
	const struct range *last = &boot->ram[boot->ram_count - 1];

	spare = last->start + last->bytes - (1ull << 20);
	archive = boot->archive_pa & ~(PLAN_PAGE - 1);
}

static const struct {
	enum grant kind;
	uint32_t flags; /* of the region that it makes */
} kinds[] = {
    {GRANT_RAM, REGION_RAM},
    {GRANT_ROM, REGION_RAM | REGION_RO},
    {GRANT_DEVICE, REGION_DEVICE},
    {GRANT_SHARED, REGION_RAM | REGION_SHARED},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint64_t start_of(unsigned kind)
{
	const uint64_t starts[KINDS] = {spare + 2 * CONTROL_KMEM, archive, RTC, spare + 2 * CONTROL_KMEM + CONTROL_RAM};

	return starts[kind];
}

static void define_control(void)
{
	struct process_params params = params_of(spare);

	check_equal("ProcessCreate before the seal", ProcessCreate_r(CONTROL, &params), 0);
	for (unsigned i = 0; i < KINDS; i++)
		check_equal("ProcessGrant before the seal", ProcessGrant_r(CONTROL, kinds[i].kind, start_of(i), 4096),
			    i);
	check_equal("ProcessGrant of an interrupt", ProcessGrant_r(CONTROL, GRANT_IRQ, CONTROL_IRQ, 1), 0);
	/* And with nothing sealed yet nothing is given twice. */
	check_equal("kernel memory of another", ProcessCreate_r(PARTNER, &params), -KE_PERM);
	params.kmem += CONTROL_KMEM;
	check_equal("ProcessCreate of the partner", ProcessCreate_r(PARTNER, &params), 0);
	check_equal("another's RAM", ProcessGrant_r(PARTNER, GRANT_RAM, start_of(0), 4096), -KE_PERM);
	check_equal("another's device", ProcessGrant_r(PARTNER, GRANT_DEVICE, RTC, 4096), -KE_PERM);
	check_equal("another's interrupt", ProcessGrant_r(PARTNER, GRANT_IRQ, CONTROL_IRQ, 1), -KE_PERM);
	check_equal("shared memory as RAM", ProcessGrant_r(PARTNER, GRANT_RAM, start_of(3), 4096), -KE_PERM);
	check_equal("shared memory", ProcessGrant_r(PARTNER, GRANT_SHARED, start_of(3), 4096), 0);
	check_equal("a process before the seal", ProcessCreate_r(CONTROL, NULL), -KE_PERM);
}

/* ---- after it ---- */

static void try_to_define(void)
{
	struct process_params wide = params_of(spare + 8 * CONTROL_KMEM);

	wide.abilities = wide.connect_mask = wide.runmask = ~0u;
	wide.priority = wide.max_priority = PRIO_MAX;
	wide.guest = 1;
	check_equal("a second Seal", Seal_r(), -KE_PERM);
	for (unsigned slot = 0; slot < PROCESS_MAX + 2; slot++) {
		check_equal("ProcessCreate", ProcessCreate_r(slot, &wide),
			    slot == 0 || slot >= PROCESS_MAX ? -KE_INVAL : -KE_PERM);
		for (unsigned i = 0; i < KINDS; i++) {
			check_equal("ProcessGrant of what another has",
				    ProcessGrant_r(slot, kinds[i].kind, start_of(i), 4096), -KE_PERM);
			check_equal("ProcessGrant of what nobody has",
				    ProcessGrant_r(slot, kinds[i].kind,
						   kinds[i].kind == GRANT_DEVICE ? FW_CFG : spare + 8 * CONTROL_KMEM,
						   4096),
				    -KE_PERM);
		}
		for (unsigned intid = 32; intid < 1020; intid += 7)
			check_equal("ProcessGrant of an interrupt", ProcessGrant_r(slot, GRANT_IRQ, intid, 1),
				    -KE_PERM);
		check_equal("ProcessGrant of its own memory", ProcessGrant_r(slot, GRANT_RAM, BOOT_INFO, 4096),
			    -KE_PERM);
	}
	check_equal("a process of a slot that was not defined", ProcessCreate_r(UNDEFINED, NULL), -KE_SRCH);
}

/* A process that runs cannot be filled, mapped, started or made once more. */
static void try_running(unsigned slot)
{
	static char page[4096];

	check_equal("ProcessCreate of one that runs", ProcessCreate_r(slot, NULL), -KE_BUSY);
	for (unsigned region = 0; region < REGION_MAX; region++) {
		for (unsigned prot = 1; prot <= 7; prot++)
			check_equal("ProcessMap of one that runs",
				    ProcessMap_r(slot, ADDRESS_FREE, region, 0, 4096, prot), -KE_SRCH);
		check_equal("ProcessCopy to one that runs", ProcessCopy_r(slot, region, 0, page, sizeof(page)),
			    -KE_SRCH);
	}
	check_equal("ProcessStart of one that runs", ProcessStart_r(slot, 0x400000, 0, 0, 0), -KE_SRCH);
}

/* Scheduling of others is the exception, within what they were given. */
static void try_scheduling(unsigned slot)
{
	uint32_t mask;
	int now = SchedGet_r((int)slot, 1, &mask);
	unsigned prio = (unsigned)now & 0xff, policy = (unsigned)now >> 8;

	check_that(now > 0, "SchedGet of another's thread", now);
	check_equal("SchedSet within the limits", SchedSet_r((int)slot, 1, prio, policy, mask), 0);
	check_equal("SchedSet beyond the priority", SchedSet_r((int)slot, 1, PRIO_MAX, policy, 0), -KE_INVAL);
	check_equal("SchedSet beyond the run mask", SchedSet_r((int)slot, 1, prio, policy, 3), -KE_INVAL);
	check_equal("SchedSet to a CPU that is not its own", SchedSet_r((int)slot, 1, prio, policy, 2), -KE_INVAL);
}

static void try_itself(void)
{
	const uint64_t at = ADDRESS_FREE;

	for (unsigned region = 0; region < REGION_MAX; region++) {
		for (unsigned prot = 1; prot <= 7; prot++) {
			int status = MemMap_r(SPACE_SELF, at, region, 0, 4096, prot);

			/* Its own RAM is region 0, and nothing else is there. */
			check_equal("MemMap for itself", status,
				    region != 0     ? -KE_INVAL
				    : prot & PROT_X ? -KE_PERM
						    : 0);
			if (status == 0)
				MemUnmap_r(SPACE_SELF, at, 4096);
			check_equal("MemMap for a guest", MemMap_r(SPACE_GUEST, at, region, 0, 4096, prot), -KE_INVAL);
		}
	}
	check_equal("MemProtect", MemProtect_r(SPACE_SELF, (uint64_t)&message & ~4095ull, 4096, PROT_R | PROT_X),
		    -KE_PERM);
	check_equal("VcpuCreate", VcpuCreate_r(0, 0, 0), -KE_PERM);
	check_that(ThreadCtl_r(THREADCTL_RUNMASK, ~0u) < 0, "CPUs that are not there", 0);
	for (unsigned intid = 0; intid < 1100; intid++)
		check_equal("InterruptAttachEvent", InterruptAttachEvent_r(intid, PROCMGR_CHID, 1, 1, 0), -KE_PERM);
}

/* What may be mapped into a process that was just made: what it was granted, as it was granted. */
static bool may_map(unsigned region, unsigned prot)
{
	return region < KINDS && !(prot & PROT_X) && !((prot & PROT_W) && (kinds[region].flags & REGION_RO));
}

static void try_control(void)
{
	static char page[4096];
	struct process_info before, after;
	uint64_t at = ADDRESS_FREE;

	for (unsigned life = 0; life < 2; life++) {
		struct process_info *info = life ? &after : &before;

		check_equal("ProcessCreate of its slot", ProcessCreate_r(CONTROL, NULL), 0);
		for (unsigned region = 0; region < REGION_MAX; region++) {
			for (unsigned prot = 1; prot <= 7; prot++, at += 8192)
				check_that((ProcessMap_r(CONTROL, at, region, 0, 4096, prot) == 0) ==
					       may_map(region, prot),
					   "ProcessMap", (int64_t)(region << 4 | prot));
			check_equal("ProcessMap beyond the end", ProcessMap_r(CONTROL, at, region, 4096, 4096, PROT_R),
				    -KE_INVAL);
			check_that((ProcessCopy_r(CONTROL, region, 0, page, sizeof(page)) == 0) == (region == 0),
				   "ProcessCopy", region);
		}
		check_equal("ProcessInfo", ProcessInfo_r(CONTROL, info), 0);
		check_equal("abilities", info->abilities, ABLE_LOG);
		/* No page of it can be executed: its first instruction ends it. */
		check_that(ProcessStart_r(CONTROL, ADDRESS_FREE, 0, 0, 0) > 0, "ProcessStart", 0);
		for (unsigned i = 0; i < 200 && ProcessInfo_r(CONTROL, info) == 0 && info->state != PROCESS_DEAD; i++)
			thread_sleep(50 * MS);
		check_equal("it ends by a fault", info->end_cause, END_FAULT);
		check_equal("an instruction abort", (int64_t)(info->end_status >> 26), 0x20);
		check_equal("ProcessDestroy", ProcessDestroy_r(CONTROL), 0);
	}
	check_equal("RAM of the next", (int64_t)after.ram_bytes, (int64_t)before.ram_bytes);
	check_equal("kernel memory of the next", (int64_t)after.kmem_bytes, (int64_t)before.kmem_bytes);
}

static void attack(void *arg)
{
	unsigned victim = (unsigned)slot_by_name(VICTIM), vm = (unsigned)slot_by_name(VM);

	(void)arg;
	thread_sleep(3000 * MS); /* the guest is at work */
	try_to_define();
	try_running(victim);
	try_running(vm);
	try_scheduling(victim);
	try_itself();
	try_control();
	check_report("roguemgr");
}

int main(void)
{
	if (ChannelCreate_r(CHF_UNBLOCK) != PROCMGR_CHID || setup_slots() != 0)
		system_end(false);
	find_spare();
	define_control();
	if (seal_slots() < 0 || worker_make_all() < 0)
		system_end(false);
	order_go_on();
	if (thread_create(attack, NULL, 65536, 20, 0, "attack") < 0)
		system_end(false);
	serve_messages();
}
