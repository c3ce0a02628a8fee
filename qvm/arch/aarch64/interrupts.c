/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's GIC at its place: its registers, its lock, and the calls to the half of it that is in the kernel. */
#include "qvm/end.h"
#include "qvm/map.h"
#include "qvm/vm.h"
#include <stdio.h>

#define INTIDS_MIN 64u

/* `ctx`: the kernel's numbers of the vCPUs. */
static inline int id_of(const void *ctx, unsigned vcpu)
{
	return ((const int *)ctx)[vcpu];
}

static int set_private(void *ctx, unsigned vcpu, unsigned which, uint32_t value, uint32_t mask, uint32_t *now)
{
	uint64_t result = 0;
	const int status = VcpuPrivate_r(id_of(ctx, vcpu), which, value, mask, &result);

	*now = (uint32_t)result;
	return status;
}

bool arch_finish_request(const struct vcpu *vcpu, uint64_t ipa, uint64_t *value)
{
	const struct arch_request *r = arch_take_request(&vcpu->arch);

	if (!r)
		return false;
	VcpuPrivate_r(vcpu->id, (unsigned)r->which, r->value, r->mask, value);
	*value >>= ipa % 4 * 8;
	return true;
}

static int set_line(void *ctx, unsigned vcpu, unsigned intid, unsigned level, unsigned priority)
{
	return VcpuLine_r(id_of(ctx, vcpu), intid, level, priority);
}

static int inject_interrupt(void *ctx, unsigned vcpu, unsigned intid, unsigned priority)
{
	return VcpuInject_r(id_of(ctx, vcpu), intid, priority);
}

static int withdraw_interrupt(void *ctx, unsigned vcpu, unsigned intid, unsigned what)
{
	return VcpuWithdraw_r(id_of(ctx, vcpu), intid, what);
}

static int query_interrupt(void *ctx, unsigned vcpu, unsigned intid)
{
	return VcpuQuery_r(id_of(ctx, vcpu), intid);
}

static int bind_host(void *ctx, unsigned vcpu, unsigned host, unsigned intid, unsigned priority, unsigned flags)
{
	return VcpuBind_r(id_of(ctx, vcpu), host, intid, priority, flags);
}

void arch_interrupts_init(unsigned count)
{
	static const struct guest_gic_ops operations = {set_private,        set_line,        inject_interrupt,
							withdraw_interrupt, query_interrupt, bind_host};
	const struct qvm_gic *gic = &vm.config.gic;
	struct guest_gic_config config = {
	    .gicd = gic->gicd,
	    .gicr = gic->gicr,
	    .vcpus = vm.config.cpu_count,
	    .lock = &vm.lock,
	    .intids = count > INTIDS_MIN ? count : INTIDS_MIN,
	};
	struct mmio_region region = {
	    .read = guest_gic_read_dist, .write = guest_gic_write_dist, .device = &vm.arch.gic};

	for (unsigned i = 0; i < config.vcpus; i++)
		config.affinity[i] = i;
	if (!guest_gic_init(&vm.arch.gic, &config, &operations, vm.arch.vcpu_id))
		vm_refuse(VM_EXIT_CONFIG, NULL, "the gic cannot lie at 0x%llx and 0x%llx",
			  (unsigned long long)gic->gicd, (unsigned long long)gic->gicr);
	region.start = gic->gicd;
	region.bytes = QVM_GICD_BYTES;
	map_registers(NULL, &region);
	region.read = guest_gic_read_redist;
	region.write = guest_gic_write_redist;
	region.start = gic->gicr;
	region.bytes = QVM_GICR_BYTES * config.vcpus;
	map_registers(NULL, &region);
}

uint64_t arch_interrupts_end(void)
{
	const struct qvm_gic *gic = &vm.config.gic;
	const uint64_t distributor = gic->gicd + QVM_GICD_BYTES;
	const uint64_t redistributors = gic->gicr + vm.config.cpu_count * QVM_GICR_BYTES;

	return distributor > redistributors ? distributor : redistributors;
}

void arch_interrupts_json(char *text, size_t room)
{
	const struct qvm_gic *gic = &vm.config.gic;

	snprintf(text, room, "\"gic\": {\"gicd\": \"0x%llx\", \"gicr\": \"0x%llx\"}", (unsigned long long)gic->gicd,
		 (unsigned long long)gic->gicr);
}

int arch_interrupt_bind(unsigned interrupt, unsigned host)
{
	return guest_gic_bind(&vm.arch.gic, interrupt, host);
}

void arch_interrupts_retry(void)
{
	mutex_lock(&vm.lock);
	guest_gic_retry(&vm.arch.gic);
	mutex_unlock(&vm.lock);
}

void guest_intr_set(guest_intr_t intr, bool level)
{
	struct guest_gic *g = &vm.arch.gic;

	__asm__("" : "+r"(g)); /* its address is computed once */
	guest_gic_set_line(g, intr, level);
}

struct guest_line guest_line_of(guest_intr_t intr)
{
	return guest_gic_line(&vm.arch.gic, intr);
}

void guest_line_heed(guest_intr_t intr, bool level)
{
	guest_gic_heed_line(&vm.arch.gic, intr, level);
}

void guest_intr_pulse(guest_intr_t intr)
{
	guest_gic_pulse(&vm.arch.gic, intr);
}
