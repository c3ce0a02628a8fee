/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vdev raise`: a device whose interrupt is raised when it is told, and which notes when. guests/patterns measures with
 *it.
 *
 *	0x00  RAISE     write 1: raise the interrupt now; 0: take it back
 *	0x08  RAISE_IN  write N: raise it in N nanoseconds, by the thread for timers
 *	0x10  RAISED    read-only, 64 bits: guest_clock_ns() just before it was raised
 *	0x18  CLOCK     read-only, 64 bits: what two readings of that clock differ by
 */
#include <qvm/guest.h>
#include <qvm/vdev-core.h>

#define VDEV_OPTIONS "tests/bench/raise/options.def"
#include <qvm/vdev-describe.h>

#define RAISE    0x00u
#define RAISE_IN 0x08u
#define RAISED   0x10u
#define CLOCK    0x18u

struct raise {
	struct guest_line line;
	uint64_t raised; /* the guest reads it only when the interrupt has come */
};

static void raise(vdev_t *vdp)
{
	struct raise *r = vdp->v_device;

	__atomic_store_n(&r->raised, guest_clock_ns(), __ATOMIC_RELAXED); /* the line's change releases it */
	guest_line_set(&r->line, true);
}

/*
 * By the thread for timers. What it does after that is not on the way to the guest: on silicon both CPUs go on at the
 * same time; the emulator goes on with the next CPU at a YIELD.
 */
static void raise_in_time(vdev_t *vdp)
{
	raise(vdp);
	__asm__ volatile("yield");
}

static struct vdev_value reg_read(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size)
{
	struct raise *r = vdp->v_device;
	uint64_t value = 0;

	(void)cpu;
	(void)size;
	if (offset == RAISED) {
		value = __atomic_load_n(&r->raised, __ATOMIC_ACQUIRE);
	} else if (offset == CLOCK) {
		const uint64_t first = guest_clock_ns();

		value = guest_clock_ns() - first;
	}
	return (struct vdev_value){value, true};
}

static bool reg_write(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct raise *r = vdp->v_device;

	(void)cpu;
	(void)size;
	if (offset == RAISE_IN)
		return guest_timer_notify(vdp, guest_clock_ns() + value, 0) == 0;
	if (offset != RAISE)
		return false;
	if (value)
		raise(vdp);
	else
		guest_line_set(&r->line, false);
	return true;
}

static int control(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg)
{
	struct raise *r = vdp->v_device;

	(void)arg;
	if (ctrl == VDEV_CTRL_GUEST_CONFIGURED)
		r->line = guest_line_of(vdp->v_intr);
	return 0;
}

static struct vdev_factory factory = {
    .control = control,
    .reg_read = reg_read,
    .reg_write = reg_write,
    .timer = raise_in_time,
    .factory_flags = VFF_VDEV_MEM | VFF_INTR_NONPCI,
    .acc_sizes = 1u << 4 | 1u << 8,
    .extra_space = sizeof(struct raise),
    .safety = VDEV_SAFETY_BUILT,
};

static __attribute__((constructor)) void load(void)
{
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
