/* SPDX-License-Identifier: Apache-2.0 */
/* What a vdev does with the guest: values of its CPUs, interrupts, time, and its end. */
#pragma once

#include <qvm/vdev-core.h>

#define GXF_NONE 0u

/*
 * Fetches from, or stores to, the other operand of an access: `opnd` as the call-back got it, `count` 1. `length` is at
 * most 8; what a read does not fill is zero, what a write has beyond the operand is cut off (little-endian). 0, or
 * a positive errno value: EINVAL for an operand that is not of this access.
 */
int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *opnd, unsigned count,
		   void *buffer, size_t length);
int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *opnd, unsigned count,
		    const void *buffer, size_t length);

/* The status for a call-back to return: VRS_NORMAL for 0, VRS_BUS_ERROR for EFAULT, else VRS_ERRNO + error. */
vdev_ref_status_t guest_cpu_to_vrs(int error);

/* Index of the virtual CPU, 0 to 7. */
unsigned guest_cpu_index(const struct guest_cpu *gcp);

/*
 * Interrupts, from GUEST_CONFIGURED on, from any thread. They may take the VM's lock for a few hundred instructions; a
 * vdev may hold its own then. GUEST_INTR_NONE is ignored. A line stays as it is until it is changed; it starts low.
 */
void guest_intr_set(guest_intr_t intr, bool level);
/*
 * The line of an interrupt, for a device that changes it with every other access: guest_intr_set() without a call, as
 * long as the guest has the interrupt disabled.
 */
struct guest_line {
	uint32_t *input; /* the lines of 32 interrupts, and those whose changes are watched */
	uint32_t bit;
	guest_intr_t intr;
};

/* To be asked for once, at GUEST_CONFIGURED. GUEST_INTR_NONE has a line, too, which nobody watches. */
struct guest_line guest_line_of(guest_intr_t intr);
/* For guest_line_set() only: a line that is watched has changed. */
void guest_line_heed(guest_intr_t intr, bool level);

/* Has it changed, and is it watched? In order with who begins to watch, which then reads the lines. */
static inline bool guest_line_change(const struct guest_line *l, bool level)
{
	const uint32_t old = level ? __atomic_fetch_or(&l->input[0], l->bit, __ATOMIC_SEQ_CST)
				   : ~__atomic_fetch_and(&l->input[0], ~l->bit, __ATOMIC_SEQ_CST);

	return (__atomic_load_n(&l->input[1], __ATOMIC_SEQ_CST) & ~old & l->bit) != 0;
}

/* As guest_intr_set(). */
static inline void guest_line_set(const struct guest_line *l, bool level)
{
	if (__builtin_expect(guest_line_change(l, level), false))
		guest_line_heed(l->intr, level);
}

/* One edge: for guests that configure the interrupt as edge-triggered. */
void guest_intr_pulse(guest_intr_t intr);

/* Nanoseconds since power-on of the board. Never goes back. */
uint64_t guest_clock_ns(void);

/*
 * Each instance has one timer: `timer` of the factory is called when guest_clock_ns() has reached `at_ns`, then every
 * `interval_ns` unless that is 0. `at_ns` 0 stops it; a call that is on its way may still come. From GUEST_CONFIGURED
 * on. -EINVAL: the factory has no `timer`, it is too early, or v_sched is above the VM's `max-priority`. -EAGAIN,
 * -ENOMEM: the VM's kernel memory is used up, or the kernel has no more timers.
 */
int guest_timer_notify(vdev_t *vdp, uint64_t at_ns, uint64_t interval_ns);

/* Why a VM ends, which is also the exit code of its qvm. */
typedef enum {
	GTC_NORMAL_EXIT = 0,
	GTC_POWER_CUT = 3,
	GTC_WATCHDOG = 4,
	GTC_UNSUPPORTED = 5,
	GTC_VDEV_ERROR = 6,
	GTC_ERROR = 7,
	GTC_CUSTOM_MIN = 32, /* to GTC_MAX: the vdev's own */
	GTC_MAX = 63,
} guest_termination_cause_t;

/*
 * Ends the VM, from any thread and with any lock of the vdev held: it returns, and the guest stops at its next exit.
 * The first cause counts. A value that is none of the above ends it as GTC_VDEV_ERROR.
 */
void guest_terminate(guest_termination_cause_t cause);
