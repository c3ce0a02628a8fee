/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the VM tells about itself while it runs: /dev/qvm/NAME/env, facts that are known only at run time, as JSON (RFC
 * 8259); the state of its virtual CPUs, for `vm status`; and lines of the log. Addresses in the JSON are strings in
 * hexadecimal, since readers of JSON keep 53 bits of a number.
 */
#include "qvm/report.h"
#include "qvm/log.h"
#include "qvm/vdev.h"
#include "qvm/vm.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
	struct pm_answer head;
	char text[PROTO_ENV];
} message;
static size_t used;

#define CONTROLLER_TEXT 96 /* of arch_interrupts_json() */

/* What has no room makes the text too long, and then it is not sent. */
__attribute__((format(printf, 1, 2))) static void put_text(const char *format, ...)
{
	const size_t room = used < sizeof(message.text) ? sizeof(message.text) - used : 0;
	va_list args;
	int bytes;

	va_start(args, format);
	bytes = vsnprintf(message.text + sizeof(message.text) - room, room, format, args);
	va_end(args);
	used += bytes > 0 ? (size_t)bytes : 0;
}

static void put_string(const char *key, const char *text)
{
	put_text("\"%s\": \"", key);
	for (; *text != '\0'; text++) {
		const uint8_t c = (uint8_t)*text;

		if (c < ' ' || c > '~')
			put_text("\\u%04x", c);
		else
			put_text(c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	put_text("\"");
}

static void put_address(const char *key, uint64_t value)
{
	put_text("\"%s\": \"0x%llx\"", key, (unsigned long long)value);
}

static const char *separator(unsigned index)
{
	return index != 0 ? "," : "";
}

static void put_memory(void)
{
	put_text("  \"memory\": [");
	for (unsigned i = 0; i < vm.memory.count; i++) {
		put_text("%s\n    {\"kind\": \"%s\", ", separator(i), vm.memory.range[i].rom ? "rom" : "ram");
		put_address("start", vm.memory.range[i].ipa);
		put_text(", \"bytes\": %llu}", (unsigned long long)vm.memory.range[i].bytes);
	}
	put_text("\n  ],\n");
}

static void put_interrupts(const vdev_t *vdev)
{
	unsigned count = 0;

	put_text(", \"intr\": [");
	if (vdev->v_intr != GUEST_INTR_NONE)
		put_text("%u", (unsigned)vdev->v_intr), count++;
	for (unsigned i = 0; i < sizeof(vdev->v_intr_more) / sizeof(vdev->v_intr_more[0]); i++)
		if (vdev->v_intr_more[i] != GUEST_INTR_NONE)
			put_text("%s%u", count++ != 0 ? ", " : "", (unsigned)vdev->v_intr_more[i]);
	put_text("]}");
}

static void put_vdevs(void)
{
	char controller[CONTROLLER_TEXT];

	arch_interrupts_json(controller, sizeof(controller));
	put_text("  %s,\n  \"vdevs\": [", controller);
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		const struct vdev_instance *v = &vm.vdev[i];

		put_text("%s\n    {", separator(i));
		put_string("type", v->config->type);
		put_text(", ");
		put_string("name", v->vdev.v_name);
		put_text(", ");
		put_address("loc", v->vdev.v_block.location);
		put_text(", \"bytes\": %llu", (unsigned long long)v->vdev.v_block.length);
		put_interrupts(&v->vdev);
	}
	put_text("\n  ],\n");
}

static void put_pass(void)
{
	put_text("  \"pass\": [");
	for (unsigned i = 0; i < vm.config.pass_count; i++) {
		const struct qvm_pass *pass = &vm.config.passes[i];

		put_text("%s\n    {", separator(i));
		put_address("start", pass->start);
		put_text(", ");
		put_address("host", pass->host);
		put_text(", \"bytes\": %llu}", (unsigned long long)pass->bytes);
	}
	put_text("\n  ],\n  \"pass_intr\": [");
	for (unsigned i = 0; i < vm.config.pass_intr_count; i++)
		put_text("%s\n    {\"guest\": %u, \"host\": %u}", separator(i), (unsigned)vm.config.pass_intrs[i].guest,
			 (unsigned)vm.config.pass_intrs[i].host);
	put_text("\n  ],\n");
}

static struct thread_info thread_of(const struct vcpu *vcpu)
{
	struct thread_info thread = {.blocked_slot = ~0u};

	pm_request(PM_THREAD_INFO, NULL, process_args()->slot, (uint32_t)vcpu->tid, &thread, sizeof(thread));
	return thread;
}

static void put_vcpu(const struct vcpu *vcpu)
{
	const struct thread_info thread = thread_of(vcpu);
	const char *policy = "?";

	if (thread.policy == SCHED_FIFO_ || thread.policy == SCHED_RR_)
		policy = thread.policy == SCHED_FIFO_ ? "fifo" : "rr";
	put_text("    {\"index\": %u, \"state\": \"%s\", \"tid\": %d, \"cpu\": %u, \"runmask\": %u, \"priority\": %u, "
		 "\"policy\": \"%s\", \"entries\": %llu, \"unsupported\": %llu, \"time_ns\": %llu, ",
		 vcpu->index, __atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) != 0 ? "on" : "off", vcpu->tid,
		 (unsigned)thread.cpu, (unsigned)thread.runmask, (unsigned)thread.priority, policy,
		 (unsigned long long)thread.entries, (unsigned long long)vcpu->unsupported,
		 (unsigned long long)thread.cpu_ns);
	put_address("last_known_ip", arch_vcpu_pc(vcpu));
	put_text("}");
}

void vm_send_env(void)
{
	used = 0;
	put_text("{\n  ");
	put_string("system", vm.config.name);
	put_text(",\n  \"state\": \"%s\",\n  \"process\": %u,\n",
		 __atomic_load_n(&vm.ending, __ATOMIC_ACQUIRE) != 0   ? "ending"
		 : __atomic_load_n(&vm.paused, __ATOMIC_ACQUIRE) != 0 ? "paused"
								      : "running",
		 (unsigned)process_args()->slot);
	put_memory();
	put_vdevs();
	put_pass();
	put_text("  \"vcpus\": [");
	for (unsigned i = 0; i < vm.config.cpu_count; i++) {
		put_text("%s\n", separator(i));
		put_vcpu(&vm.vcpu[i]);
	}
	put_text("\n  ]\n}\n");
	message.head = (struct pm_answer){.type = PM_ANSWER, .signal = BH_SIGENV};
	if (used < sizeof(message.text))
		MsgSend_r(process_args()->procmgr_coid, &message, sizeof(message.head) + used, NULL, 0);
	else
		vm_logf(SLOG_WARN, "the VM's description of itself is longer than %u bytes", PROTO_ENV);
}

/* What the thread does, before it is disturbed by the question where the guest is. */
static void fill_vcpu(struct pm_vcpu *state, const struct vcpu *vcpu)
{
	const struct thread_info thread = thread_of(vcpu);

	state->on = __atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE);
	state->paused = __atomic_load_n(&vcpu->parked, __ATOMIC_ACQUIRE);
	state->tid = (uint32_t)vcpu->tid;
	state->state = thread.state;
	state->cpu = thread.cpu;
	state->blocked = thread.blocked_slot;
	state->pc = arch_vcpu_pc(vcpu);
	state->unsupported = vcpu->unsupported;
	_Static_assert(UNSUPPORTED_TEXT == sizeof(state->last), "one text");
	if (state->unsupported != 0)
		unsupported_text(&vcpu->unsupported_last, state->last);
}

void vm_send_state(void)
{
	static struct {
		struct pm_answer head;
		struct pm_vm_state state;
	} answer;

	_Static_assert(VCPU_MAX == sizeof(answer.state.vcpu) / sizeof(answer.state.vcpu[0]), "all of them");
	answer.head = (struct pm_answer){.type = PM_ANSWER, .signal = BH_SIGSTATE};
	answer.state = (struct pm_vm_state){.vcpus = vm.config.cpu_count};
	for (unsigned i = 0; i < vm.config.cpu_count; i++)
		fill_vcpu(&answer.state.vcpu[i], &vm.vcpu[i]);
	MsgSend_r(process_args()->procmgr_coid, &answer, sizeof(answer), NULL, 0);
}

void vm_report(void)
{
	vm_logf(SLOG_INFO, "%s: %u vCPUs, %llu KiB of memory", vm.config.name, vm.config.cpu_count,
		(unsigned long long)(vm.memory.total >> 10));
	for (unsigned i = 0; i < vm.config.cpu_count; i++) {
		const struct vcpu *vcpu = &vm.vcpu[i];

		if (__atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) != 0)
			vm_logf(SLOG_INFO, "vCPU %u: on, PC 0x%llx, %llu exits, %llu unsupported accesses", i,
				(unsigned long long)arch_vcpu_pc(vcpu), (unsigned long long)arch_vcpu_exits(vcpu),
				(unsigned long long)vcpu->unsupported);
		else
			vm_logf(SLOG_INFO, "vCPU %u: off", i);
	}
	vdev_status();
}
