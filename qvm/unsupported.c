/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest does that its VM does not have: it is counted, the first of each type is logged, and a policy decides.
 */
#include "qvm/unsupported.h"
#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/vm.h"
#include <stdio.h>

void unsupported_text(const struct unsupported *u, char text[UNSUPPORTED_TEXT])
{
	const char *verb = u->act == UNSUPPORTED_WRITES ? "write of" : "read of";
	const unsigned long long where = u->where;
	char name[24];

	if (u->type == UNSUPPORTED_REGISTER) {
		arch_register_name(name, sizeof(name), u->where);
		snprintf(text, UNSUPPORTED_TEXT, "%s the system register %s", verb, name);
	} else if (u->type == UNSUPPORTED_REFERENCE && u->act != UNSUPPORTED_OTHER) {
		snprintf(text, UNSUPPORTED_TEXT, "%s %u byte%s at 0x%llx", verb, u->bytes, u->bytes == 1 ? "" : "s",
			 where);
	} else if (u->type == UNSUPPORTED_REFERENCE) {
		snprintf(text, UNSUPPORTED_TEXT, "instruction fetch at 0x%llx", where);
	} else {
		snprintf(text, UNSUPPORTED_TEXT, "instruction %s 0x%llx",
			 u->act == UNSUPPORTED_OTHER ? "with the syndrome" : "that accesses", where);
	}
}

static void log_unsupported(const struct vcpu *vcpu, enum qvm_unsupported policy, const struct unsupported *u)
{
	static const char *const types[] = {"reference", "register", "instruction"};
	static const char *const actions[] = {[QVM_ABORT] = "abort", [QVM_FAIL] = "fail", [QVM_IGNORE] = "ignore"};
	char text[UNSUPPORTED_TEXT];

	unsupported_text(u, text);
	vm_logf(policy == QVM_ABORT ? SLOG_FATAL : SLOG_WARN, "vCPU %u: unsupported %s, PC 0x%llx; %s %s%s",
		vcpu->index, text, (unsigned long long)arch_vcpu_pc(vcpu), types[u->type], actions[policy],
		policy == QVM_ABORT ? "" : "; more of this type are counted only");
}

/* Of the last one: the VM ends, or it is logged if it is the first of its type. */
static void report_unsupported(const struct vcpu *vcpu, enum qvm_unsupported policy)
{
	const struct unsupported *u = &vcpu->unsupported_last;
	const uint32_t type = 1u << u->type;

	if (policy == QVM_ABORT) {
		log_unsupported(vcpu, policy, u);
		arch_vcpu_log(vcpu);
		vm_end(VM_EXIT_UNSUPPORTED, CAUSE_ERROR);
	}
	if ((__atomic_fetch_or(&vm.unsupported, type, __ATOMIC_RELAXED) & type) == 0)
		log_unsupported(vcpu, policy, u);
}

bool unsupported_apply_policy(struct vcpu *vcpu, enum qvm_unsupported policy, uint64_t where,
			      enum unsupported_type type, enum unsupported_act act, unsigned bytes)
{
	vcpu->unsupported++;
	vcpu->unsupported_last = (struct unsupported){where, type, act, bytes};
	if (policy == QVM_ABORT || !(__atomic_load_n(&vm.unsupported, __ATOMIC_RELAXED) & 1u << type))
		report_unsupported(vcpu, policy);
	if (type == UNSUPPORTED_REFERENCE && policy == QVM_IGNORE && vm.config.pass_count == 0)
		__atomic_store_n(&vm.only_counted, true, __ATOMIC_RELAXED);
	return policy == QVM_IGNORE;
}
