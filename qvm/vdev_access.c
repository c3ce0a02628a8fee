/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses of the guest to the registers of a vdev, on their way to its call-backs. */
#include "qvm/map.h"
#include "qvm/vdev.h"
#include "qvm/vm.h"
#include <errno.h>
#include <string.h>

_Static_assert(2 * QVM_VDEVS_MAX + 2 <= MMIO_REGION_MAX, "each may have a window, and the gic has two more");

static inline bool is_allowed(const struct vdev_instance *v, unsigned size)
{
	return (v->accesses >> size & 1) != 0;
}

static struct vdev_value direct_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct vdev_instance *v = device;

	if (!is_allowed(v, size))
		return (struct vdev_value){0};
	return v->reg_read(&v->vdev, vcpu, ipa - v->vdev.v_block.location, size);
}

static bool direct_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	struct vdev_instance *v = device;

	return is_allowed(v, size) && v->reg_write(&v->vdev, vcpu, ipa - v->vdev.v_block.location, size, value);
}

struct guest_cpu {
	unsigned index;
	bool store; /* the guest writes: the operand can be fetched */
	unsigned size;
	uint64_t value;
};

static bool own_operand(const struct guest_cpu *gcp, const struct qvm_state_block *opnd, unsigned count, size_t length)
{
	return count == 1 && opnd->qst_type == QST_REGISTER && opnd->length == gcp->size && length <= 8;
}

int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *opnd, unsigned count,
		   void *buffer, size_t length)
{
	if (flags != GXF_NONE || !gcp->store || !own_operand(gcp, opnd, count, length))
		return EINVAL;
	memcpy(buffer, &gcp->value, length);
	return 0;
}

int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *opnd, unsigned count,
		    const void *buffer, size_t length)
{
	if (flags != GXF_NONE || gcp->store || !own_operand(gcp, opnd, count, length))
		return EINVAL;
	gcp->value = 0;
	memcpy(&gcp->value, buffer, length);
	gcp->value &= ~0ull >> (64 - 8 * gcp->size);
	return 0;
}

vdev_ref_status_t guest_cpu_to_vrs(int error)
{
	return error == 0 ? VRS_NORMAL : error == EFAULT ? VRS_BUS_ERROR : VRS_ERRNO + (unsigned)error;
}

unsigned guest_cpu_index(const struct guest_cpu *gcp)
{
	return gcp->index;
}

/* True: done. VRS_BUS_ERROR, and what has no call-back: false. */
static bool refer_access(struct vdev_instance *v, uint64_t ipa, struct guest_cpu *cpu)
{
	const struct vdev_factory *f = v->vdev.v_factory;
	const struct qvm_state_block vopnd = {QST_MEMORY, ipa - v->vdev.v_block.location, cpu->size};
	const struct qvm_state_block oopnd = {QST_REGISTER, 0, cpu->size};
	vdev_ref_status_t status = VRS_BUS_ERROR;

	if (is_allowed(v, cpu->size) && (cpu->store ? f->vwrite : f->vread) != NULL)
		status = (cpu->store ? f->vwrite : f->vread)(&v->vdev, 0, &vopnd, &oopnd, cpu);
	if (status >= VRS_ERRNO)
		vdev_fail(v, cpu->store ? "a write" : "a read", (int)(status - VRS_ERRNO));
	return status == VRS_NORMAL;
}

static struct vdev_value operand_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct guest_cpu cpu = {.index = vcpu, .size = size};
	const bool done = refer_access(device, ipa, &cpu);

	return (struct vdev_value){cpu.value, done};
}

static bool operand_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	struct guest_cpu cpu = {.index = vcpu, .store = true, .size = size, .value = value};

	return refer_access(device, ipa, &cpu);
}

static struct vdev_value window_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	const struct vdev_window *w = device;
	vdev_t *vdev = &w->owner->vdev;

	if (!is_allowed(w->owner, size) || !vdev->v_factory->reg_read)
		return (struct vdev_value){0};
	return vdev->v_factory->reg_read(vdev, vcpu, vdev->v_block.length + (ipa - w->start), size);
}

static bool window_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	const struct vdev_window *w = device;
	vdev_t *vdev = &w->owner->vdev;

	return is_allowed(w->owner, size) && vdev->v_factory->reg_write &&
	       vdev->v_factory->reg_write(vdev, vcpu, vdev->v_block.length + (ipa - w->start), size, value);
}

void vdev_add_regions(void)
{
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		struct vdev_instance *v = &vm.vdev[i];
		const struct vdev_factory *f = v->vdev.v_factory;
		const struct mmio_region region = {
		    .start = v->vdev.v_block.location,
		    .bytes = v->vdev.v_block.length,
		    .read = f->reg_read ? direct_read : operand_read,
		    .write = f->reg_write ? direct_write : operand_write,
		    .device = v,
		};

		map_registers(&v->config->place, &region);
		if (v->window.bytes != 0)
			map_registers(&v->config->place, &(struct mmio_region){.start = v->window.start,
									       .bytes = v->window.bytes,
									       .read = window_read,
									       .write = window_write,
									       .device = &v->window});
	}
}

/* ---- life ---- */
