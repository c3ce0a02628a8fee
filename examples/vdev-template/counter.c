/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vdev counter`: a register that counts up once in each period, and an interrupt that says so.
 *
 *	0x00  COUNT   read-only: how many periods have gone by since the guest started; wraps at 32 bits
 *	0x04  IRQ     read: 1 while the interrupt is raised; write 1: take it back
 *
 * Its option `period` is described in options.def. To be read, or copied and changed: each part of the
 * interface appears once. All other offsets, and the sizes that are not in acc_sizes, are left to `unsupported
 * reference`.
 */
#include <qvm/guest.h>
#include <qvm/vdev-core.h>
#include <qvm/vdev-fdt.h>

/* What the file says about itself without being run. A certified variant is built with VDEV_SAFETY defined. */
#define VDEV_OPTIONS "options.def"
#include <qvm/vdev-describe.h>

#define COUNT 0x00u
#define IRQ   0x04u

#define MILLISECOND 1000000ull

/* One of these for each `vdev counter` of the VM: nothing of an instance is in a static variable. */
struct counter {
	uint64_t period_ns;
	uint32_t count; /* under v_mtx, as the rest */
	bool raised;
};

/* Called by the thread for timers and pulses, while the guest's CPUs may be in vread and vwrite. */
static void timer(vdev_t *vdp)
{
	struct counter *c = vdp->v_device;

	mutex_lock(&vdp->v_mtx);
	c->count++;
	c->raised = true;
	guest_intr_set(vdp->v_intr, true);
	mutex_unlock(&vdp->v_mtx);
}

static vdev_ref_status_t vread(vdev_t *vdp, unsigned cookie, const struct qvm_state_block *vopnd,
			       const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	struct counter *c = vdp->v_device;
	uint32_t value;

	(void)cookie;
	if (vopnd->location != COUNT && vopnd->location != IRQ)
		return VRS_BUS_ERROR;
	mutex_lock(&vdp->v_mtx);
	value = vopnd->location == COUNT ? c->count : c->raised;
	mutex_unlock(&vdp->v_mtx);
	return guest_cpu_to_vrs(guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value)));
}

static vdev_ref_status_t vwrite(vdev_t *vdp, unsigned cookie, const struct qvm_state_block *vopnd,
				const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	struct counter *c = vdp->v_device;
	uint32_t value;
	const int error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value));

	(void)cookie;
	if (error != 0)
		return guest_cpu_to_vrs(error);
	if (vopnd->location != IRQ)
		return VRS_BUS_ERROR;
	if (value & 1) {
		mutex_lock(&vdp->v_mtx);
		c->raised = false;
		guest_intr_set(vdp->v_intr, false);
		mutex_unlock(&vdp->v_mtx);
	}
	return VRS_NORMAL;
}

/* The reader of the configuration has checked the value: 1 to 60000. */
static int take_period(vdev_t *vdp, const char *text)
{
	struct counter *c = vdp->v_device;

	c->period_ns = vdev_number(text) * MILLISECOND;
	return 0;
}

/* STATUS and TERMINATE come while timer() and the guest's CPUs go on. */
static int report(vdev_t *vdp, const char *what)
{
	struct counter *c = vdp->v_device;
	uint32_t count;

	mutex_lock(&vdp->v_mtx);
	count = c->count;
	mutex_unlock(&vdp->v_mtx);
	vdev_logf(QL_QVM_INFO, vdp, "%s %u", what, (unsigned)count);
	return 0;
}

/* The node by which a driver finds the device; `reg` and `interrupts` are in it already. */
static int describe(vdev_t *vdp, int parent)
{
	const int node = vdev_fdt_node(vdp, parent, "counter");

	return node < 0 ? -node : -vdev_fdt_string(node, "compatible", "example,counter");
}

static int control(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg)
{
	struct counter *c = vdp->v_device;

	switch ((unsigned)ctrl) {
	case VDEV_CTRL_FIRST_OPTIDX + OPTION_PERIOD: return take_period(vdp, arg);
	case VDEV_CTRL_GEN_FDT: return describe(vdp, (int)(intptr_t)arg);
	case VDEV_CTRL_GUEST_STARTING: return -guest_timer_notify(vdp, guest_clock_ns() + c->period_ns, c->period_ns);
	case VDEV_CTRL_STATUS: return report(vdp, "count");
	case VDEV_CTRL_TERMINATE: return report(vdp, "ends at");
	default: return 0;
	}
}

static struct vdev_factory factory = {
    .control = control,
    .vread = vread,
    .vwrite = vwrite,
    .timer = timer,
    .factory_flags = VFF_VDEV_MEM | VFF_INTR_NONPCI | VFF_MUTEX,
    .acc_sizes = 1u << 4,
    .extra_space = sizeof(struct counter),
    .safety = VDEV_SAFETY_BUILT,
};

static __attribute__((constructor)) void load(void)
{
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
