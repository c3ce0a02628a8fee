/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses and timers of vdevs, from the kernel to their call-backs. */
#include "qvm/vdev_event.h"
#include "qvm/vdev.h"
#include "qvm/vm.h"
#include <errno.h>

#define THREAD_STACK 16384u

/* The kernel's pulse: `code` is the instance, and whether it is its timer; `value` has the vdev's code and value. */
#define CODE_TIMER 64
_Static_assert(QVM_VDEVS_MAX <= CODE_TIMER, "codes of pulses end at 127");

static int chid, connection;

int vdev_event_open(void)
{
	if (connection != 0)
		return 0;
	chid = ChannelCreate_r(CHF_PRIVATE);
	if (chid < 0)
		return chid;
	connection = ConnectAttach_r(process_args()->slot, chid, 0);
	return connection < 0 ? connection : 0;
}

static void deliver_pulse(const struct pulse *pulse)
{
	const unsigned index = (unsigned)pulse->code % CODE_TIMER;
	struct vdev_instance *v;

	if (pulse->code < 0 || index >= QVM_VDEVS_MAX || index >= vm.vdev_count)
		return;
	v = &vm.vdev[index];
	if (pulse->code >= CODE_TIMER)
		v->vdev.v_factory->timer(&v->vdev);
	else
		v->vdev.v_factory->pulse(&v->vdev, (int)(pulse->value >> 32), (uint32_t)pulse->value);
}

static void receive_pulses(void *arg)
{
	(void)arg;
	for (;;) {
		struct pulse pulse;

		if (MsgReceive_r(chid, &pulse, sizeof(pulse), NULL) == 0)
			deliver_pulse(&pulse);
	}
}

int vdev_event_start(void)
{
	return connection == 0 ? 0 : thread_create(receive_pulses, NULL, THREAD_STACK, 0, 0, "vdev events");
}

static unsigned index_of(const vdev_t *vdp)
{
	return (unsigned)((const struct vdev_instance *)(const void *)vdp - vm.vdev);
}

static unsigned priority_of(const vdev_t *vdp)
{
	return vdp->v_sched != 0 ? vdp->v_sched : (unsigned)SchedGet_r(-1, thread_self(), NULL) & 0xff;
}

int vdev_pulse(vdev_t *vdp, int code, int priority, struct vdev_event *event)
{
	if (!vdp->v_factory->pulse || priority < 0 || priority > PRIO_MAX)
		return -EINVAL;
	*event = (struct vdev_event){
	    .connection = (int32_t)index_of(vdp),
	    .priority = priority != 0 ? priority : (int)priority_of(vdp),
	    .code = (uint32_t)code,
	};
	return 0;
}

int vdev_event_send(const struct vdev_event *event, uint32_t value)
{
	return MsgSendPulse_r(connection, event->priority, event->connection, (uint64_t)event->code << 32 | value);
}

uint64_t guest_clock_ns(void)
{
	return ClockTime();
}

int guest_timer_notify(vdev_t *vdp, uint64_t at_ns, uint64_t interval_ns)
{
	struct vdev_instance *v = (struct vdev_instance *)(void *)vdp;

	if (!vdp->v_factory->timer || !v->configured)
		return -EINVAL;
	if (v->timer == 0) {
		const int timer = TimerCreate_r(chid, priority_of(vdp), CODE_TIMER + (int)index_of(vdp), 0);

		if (timer < 0)
			return timer;
		v->timer = timer;
	}
	return TimerSettime_r(v->timer, TIMER_ABSTIME, at_ns, at_ns != 0 ? interval_ns : 0);
}
