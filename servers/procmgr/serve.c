/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one channel, one table of messages. */
#include "serve.h"
#include "aps_query.h"
#include "ask.h"
#include "boot.h"
#include "bulkhead/kernel.h"
#include "end.h"
#include "events.h"
#include "gate.h"
#include "glob.h"
#include "log.h"
#include "names.h"
#include "order.h"
#include "sched.h"
#include "shutdown.h"
#include "slots.h"
#include "vm.h"
#include <errno.h>
#include <string.h>

#define CONSOLE_DRIVER "console" /* the name that it serves */

#define ANSWER_LATER 1000000 /* of a handler: no reply now */

union message {
	uint32_t type;
	struct pm_name name;
	struct pm_target target;
	struct pm_sched sched;
	struct pm_note note;
	struct pm_answer answer;
	struct pm_aps aps;
	struct pulse pulse;
};

union reply {
	struct pm_name name;
	struct pm_vm vm;
	struct process_info process;
	struct thread_info thread;
	struct pm_system system;
	struct pm_pool pool;
	struct pm_irq irq;
};

struct request {
	uint32_t slot, tid; /* of the sender, as the kernel says */
	int64_t rcvid;
	union message *message;
	size_t bytes; /* of all of the message */
	union reply reply;
	const void *answer; /* instead of `reply`, if it is elsewhere */
	size_t reply_bytes;
};

/* Text of a message: NUL-terminated, not empty, printable, so that it may be compared and printed. */
static bool text_ok(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes);

	if (length == 0 || length == bytes)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x21 || text[i] > 0x7e)
			return false;
	return true;
}

/* The description fixed before the seal who that is. */
static bool may_serve(const struct slot *slot, const char *name)
{
	return slot->kind == SLOT_SERVER && sys_serves(slot->server, name);
}

/* The owner need not run. One line for each life of a process: it could ask without end. */
static void report_taking(struct slot *slot, const char *name)
{
	const char *owner = NULL;

	if (slot->name_refused)
		return;
	slot->name_refused = true;
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (may_serve(&slots[i], name))
			owner = slots[i].name;
	log_line(SLOG_WARN, "%s may not serve the name \"%s\": it belongs to %s", slot->name, name,
		 owner ? owner : "nobody");
}

static int name_attach_request(struct request *r)
{
	struct pm_name *name = &r->message->name;
	int result;

	if (!text_ok(name->name, sizeof(name->name)) || name->chid == 0)
		return -EINVAL;
	if (!may_serve(&slots[r->slot], name->name)) {
		report_taking(&slots[r->slot], name->name);
		return -EPERM;
	}
	result = names_attach(r->slot, name->name, name->chid);
	if (result == 0 && strcmp(name->name, "slogger") == 0)
		log_slogger(r->slot, name->chid);
	return result;
}

static int name_open_request(struct request *r)
{
	int result;

	if (!text_ok(r->message->name.name, sizeof(r->message->name.name)) || (r->message->name.flags & ~PM_WAIT))
		return -EINVAL;
	result = names_open(r->slot, (uint64_t)r->rcvid, r->message->name.flags & PM_WAIT, &r->message->name);
	if (result == NAMES_WAITING)
		return ANSWER_LATER;
	r->reply.name = r->message->name;
	r->reply_bytes = sizeof(r->reply.name);
	return result;
}

static int ready_request(struct request *r)
{
	if (slots[r->slot].kind == SLOT_VM)
		return gate_ask(r->slot, r->rcvid) ? ANSWER_LATER : 0;
	slots[r->slot].ready = true;
	order_ready(r->slot);
	gate_look();
	return 0;
}

static int note_request(struct request *r)
{
	char *text = r->message->note.text;

	if (slots[r->slot].kind != SLOT_VM)
		return -EPERM;
	if (text[0] == '\0' || text[PROTO_NOTE - 1] != '\0')
		return -EINVAL;
	/* It will be printed on a terminal. */
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
	gate_note(r->slot, r->message->note.text);
	return 0;
}

static int news_request(struct request *r)
{
	log_news(r->rcvid);
	return ANSWER_LATER;
}

/* The slot that a message names, or -ESRCH. */
static int find_slot(const struct pm_target *target)
{
	int slot;

	if (target->name[0] == '\0') {
		slot = target->index < PROCESS_MAX ? (int)target->index : -1;
	} else {
		if (!text_ok(target->name, sizeof(target->name)))
			return -EINVAL;
		slot = slot_by_name(target->name);
	}
	return slot >= 0 && slots[slot].kind != SLOT_EMPTY ? slot : -ESRCH;
}

/* The slot of a virtual machine: named, or the index-th of the description. */
static int find_vm(const struct pm_target *target)
{
	int slot;

	if (target->name[0] == '\0')
		return target->index < config.vm_count ? (int)slot_of_vm(target->index) : -ESRCH;
	slot = find_slot(target);
	return slot >= 0 && slots[slot].kind != SLOT_VM ? -ESRCH : slot;
}

static int vm_request(struct request *r)
{
	int slot = find_vm(&r->message->target);

	if (slot < 0)
		return slot;
	switch (r->message->type) {
	case PM_VM_START: return vm_start((uint32_t)slot);
	case PM_VM_STOP: return slot_signal((uint32_t)slot, BH_SIGTERM);
	case PM_VM_RESTART: return vm_restart((uint32_t)slot);
	case PM_VM_RESET: return vm_reset((uint32_t)slot);
	case PM_VM_DESTROY: return slot_kill((uint32_t)slot);
	default: return vm_resume((uint32_t)slot);
	}
}

static int process_start_request(struct request *r)
{
	int slot = find_slot(&r->message->target);

	if (slot < 0)
		return slot;
	if (slots[slot].kind == SLOT_VM)
		return -EINVAL;
	return slots[slot].kind == SLOT_PROCMGR ? -EBUSY : vm_start((uint32_t)slot);
}

static int vm_info_request(struct request *r)
{
	int slot = find_vm(&r->message->target);

	if (slot < 0)
		return slot;
	vm_info((uint32_t)slot, &r->reply.vm);
	r->reply_bytes = sizeof(r->reply.vm);
	return 0;
}

/* What its qvm answers. */
static int question_request(struct request *r)
{
	const uint32_t type = r->message->type;
	int slot = find_vm(&r->message->target), result = slot;

	if (slot >= 0)
		result = type == PM_VM_PAUSE
			     ? vm_pause((uint32_t)slot, r->rcvid)
			     : ask_qvm((uint32_t)slot, r->rcvid, type == PM_ENV ? BH_SIGENV : BH_SIGSTATE);
	return result < 0 ? result : ANSWER_LATER;
}

static int answer_request(struct request *r)
{
	if (r->bytes < sizeof(r->message->answer))
		return -EINVAL;
	return ask_answered(r->slot, r->rcvid, r->message->answer.signal, r->bytes);
}

static int slot_request(struct request *r)
{
	return find_slot(&r->message->target);
}

/* Of a console or stream that nobody has. The driver alone is believed who wants it. One line for each life of a
 * process. */
static void report_console(const struct request *r, const char *name)
{
	const uint32_t number = r->message->target.index;
	struct slot *slot = &slots[number % PROCESS_MAX];

	if (!may_serve(&slots[r->slot], CONSOLE_DRIVER) || number >= PROCESS_MAX || slot->console_refused)
		return;
	slot->console_refused = true;
	if (slot->kind == SLOT_VM)
		log_line(SLOG_WARN,
			 "%s may not open the console or stream \"%s\": no configuration names it; write "
			 "`hostdev /dev/console/%s` (an option of the kind VDEV_CONSOLE) in its vdev",
			 slot->name, name, name);
	else
		log_line(SLOG_WARN, "%s may not open the console or stream \"%s\": a process has those of its own name",
			 slot->name, name);
}

/* A console belongs to the VM whose configuration names it, open or not; else to the process or VM of that name. */
static int console_request(struct request *r)
{
	const struct pm_target *target = &r->message->target;
	const uint32_t end = text_ok(target->name, sizeof(target->name)) ? PROCESS_MAX : 0;
	int owner;

	for (uint32_t i = 1; i < end; i++)
		for (unsigned j = 0; j < slots[i].console_count; j++)
			if (strcmp(slots[i].consoles[j].name, target->name) == 0)
				return (int)i;
	owner = find_slot(target);
	if (owner == -ESRCH)
		report_console(r, target->name);
	return owner;
}

static int process_info_request(struct request *r)
{
	int result;

	r->reply_bytes = sizeof(r->reply.process);
	if (r->message->target.index >= PROCESS_MAX)
		return -ERANGE;
	result = ProcessInfo_r(r->message->target.index, &r->reply.process);
	return result >= 0 && r->reply.process.state == PROCESS_DEFINED ? -ESRCH : result;
}

static int thread_info_request(struct request *r)
{
	const struct pm_target *target = &r->message->target;

	r->reply_bytes = sizeof(r->reply.thread);
	if (target->index >= PROCESS_MAX)
		return -ERANGE;
	if (target->value > INT32_MAX)
		return -EINVAL;
	return ThreadInfo_r(target->index, (int)target->value, &r->reply.thread);
}

static int system_info_request(struct request *r)
{
	struct pm_system *system = &r->reply.system;

	r->reply_bytes = sizeof(*system);
	system->ram_bytes = boot_ram_bytes();
	system->ram_free = system->ram_bytes;
	for (unsigned i = 0; i < plan.count; i++)
		system->ram_free -= plan.item[i].bytes;
	return SystemInfo_r(&system->kernel);
}

static int irq_info_request(struct request *r)
{
	uint32_t left = r->message->target.index;

	r->reply_bytes = sizeof(r->reply.irq);
	for (uint32_t slot = 1; slot < PROCESS_MAX; left -= slots[slot++].interrupt_count) {
		const struct sys_interrupt *interrupt;

		if (left >= slots[slot].interrupt_count)
			continue;
		interrupt = &slots[slot].interrupts[left];
		r->reply.irq =
		    (struct pm_irq){interrupt->intid, slot, interrupt->edge, InterruptInfo_r(interrupt->intid)};
		return 0;
	}
	return -ESRCH;
}

static int slay_request(struct request *r)
{
	const struct pm_target *target = &r->message->target;
	int slot = find_slot(target);

	if (slot <= 0)
		return slot == 0 ? -EPERM : slot;
	switch (target->value) {
	case BH_SIGKILL: return slot_kill((uint32_t)slot);
	case BH_SIGINT:
	case BH_SIGQUIT:
	case BH_SIGUSR1:
	case BH_SIGUSR2:
	case BH_SIGTERM: return slot_signal((uint32_t)slot, target->value);
	default: return -EINVAL;
	}
}

static int shutdown_request(struct request *r)
{
	if (r->message->target.value > 1)
		return -EINVAL;
	/* The operator is answered first: the system may end before this returns. */
	MsgReply_r(r->rcvid, 0, NULL, 0);
	shutdown_begin(r->message->target.value == 1);
	return ANSWER_LATER;
}

static int sched_request(struct request *r)
{
	return sched_change(r->slot, &r->message->sched);
}

static int aps_request(struct request *r)
{
	struct aps_request aps_r = {.slot = r->slot, .tid = r->tid, .message = &r->message->aps};
	int status = aps_answer(&aps_r);

	r->answer = aps_r.reply;
	r->reply_bytes = aps_r.reply_bytes;
	return status;
}

/* For the server of shared memory. It is no secret. */
static int pool_request(struct request *r)
{
	const uint32_t index = r->message->target.index;
	struct pm_pool *pool = &r->reply.pool;
	size_t used = 0;

	_Static_assert(SYS_PATTERNS_MAX * GLOB_NAME_BYTES < sizeof(pool->patterns), "all patterns and an empty one");
	r->reply_bytes = sizeof(*pool);
	if (index >= config.pool_count)
		return -ESRCH;
	memset(pool, 0, sizeof(*pool));
	pool->bytes = config.pools[index].bytes;
	for (unsigned i = 0; i < config.vm_count; i++)
		pool->slots |= config.pools[index].vms & (1u << i) ? 1u << slot_of_vm(i) : 0;
	for (unsigned i = 0; i < config.pools[index].pattern_count; i++) {
		const size_t bytes = strlen(config.pools[index].patterns[i]) + 1; /* as was checked */

		memcpy(pool->patterns + used, config.pools[index].patterns[i], bytes);
		used += bytes;
	}
	if (used == 0)
		pool->patterns[0] = '*';
	return 0;
}

static const struct handler {
	uint32_t type;
	uint16_t bytes; /* 0: the handler looks */
	bool operator_only;
	int (*handle)(struct request *r);
} handlers[] = {
    {PM_NAME_ATTACH, sizeof(struct pm_name), false, name_attach_request},
    {PM_NAME_OPEN, sizeof(struct pm_name), false, name_open_request},
    {PM_READY, sizeof(struct pm_target), false, ready_request},
    {PM_VM_START, sizeof(struct pm_target), true, vm_request},
    {PM_VM_STOP, sizeof(struct pm_target), true, vm_request},
    {PM_VM_RESTART, sizeof(struct pm_target), true, vm_request},
    {PM_VM_RESET, sizeof(struct pm_target), true, vm_request},
    {PM_VM_DESTROY, sizeof(struct pm_target), true, vm_request},
    {PM_VM_PAUSE, sizeof(struct pm_target), true, question_request},
    {PM_VM_RESUME, sizeof(struct pm_target), true, vm_request},
    {PM_VM_STATE, sizeof(struct pm_target), true, question_request},
    {PM_VM_INFO, sizeof(struct pm_target), false, vm_info_request},
    {PM_PROCESS_INFO, sizeof(struct pm_target), false, process_info_request},
    {PM_THREAD_INFO, sizeof(struct pm_target), false, thread_info_request},
    {PM_SYSTEM_INFO, sizeof(struct pm_target), false, system_info_request},
    {PM_SLAY, sizeof(struct pm_target), true, slay_request},
    {PM_SHUTDOWN, sizeof(struct pm_target), true, shutdown_request},
    {PM_SCHED, sizeof(struct pm_sched), true, sched_request},
    {PM_POOL_INFO, sizeof(struct pm_target), false, pool_request},
    {PM_PROCESS_START, sizeof(struct pm_target), true, process_start_request},
    {PM_IRQ_INFO, sizeof(struct pm_target), false, irq_info_request},
    {PM_SLOT, sizeof(struct pm_target), false, slot_request},
    {PM_CONSOLE, sizeof(struct pm_target), false, console_request},
    {PM_VM_NOTE, sizeof(struct pm_note), false, note_request},
    {PM_ENV, sizeof(struct pm_target), true, question_request},
    {PM_ANSWER, 0, false, answer_request},
    {PM_APS, sizeof(struct pm_aps), false, aps_request},
    {PM_NEWS, sizeof(struct pm_target), true, news_request},
};

static int dispatch_request(struct request *r, size_t bytes)
{
	if (bytes < sizeof(r->message->type) || r->slot == 0 || r->slot >= PROCESS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (handlers[i].type != r->message->type)
			continue;
		if (handlers[i].bytes != bytes && handlers[i].bytes != 0)
			return -EINVAL;
		if (handlers[i].operator_only && !slot_is_operator(&slots[r->slot]))
			return -EPERM;
		events_heard(r->slot);
		return handlers[i].handle(r);
	}
	return -EINVAL;
}

static void handle_message(int64_t rcvid, union message *message, const struct msg_info *info)
{
	struct request r = {
	    .slot = info->slot, .tid = info->tid, .rcvid = rcvid, .message = message, .bytes = info->bytes};
	int status = dispatch_request(&r, info->bytes);

	if (status == ANSWER_LATER)
		return;
	MsgReply_r(rcvid, status, r.answer ? r.answer : &r.reply, status >= 0 ? r.reply_bytes : 0);
}

void serve_messages(void)
{
	for (;;) {
		union message message;
		struct msg_info info;
		uint64_t deadline = events_run_deadlines();
		int64_t rcvid;

		if (deadline != NEVER)
			TimerTimeout_r(TIMEOUT_RECEIVE | TIMER_ABSTIME, deadline);
		memset(&message, 0, sizeof(message));
		rcvid = MsgReceive_r(PROCMGR_CHID, &message, sizeof(message), &info);
		if (rcvid > 0)
			handle_message(rcvid, &message, &info);
		else if (rcvid == 0)
			events_pulse(&message.pulse);
	}
}
