/* SPDX-License-Identifier: Apache-2.0 */
/* Timer objects of processes (TimerCreate): a pulse when the time comes. */
#pragma once

#include "ipc.h"
#include "timer.h"

struct timer_object {
	struct process *process;
	uint32_t id;
	uint32_t chid; /* own channel; looked up when the time comes */
	uint64_t interval;
	struct timer timer;
	struct pulse pulse;
};

void timer_object_expired(struct timer_object *t);  /* its time has come: a pulse */
void timer_object_received(struct timer_object *t); /* its pulse was taken from the queue */
void timer_object_destroy(struct timer_object *t);
