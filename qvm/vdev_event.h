/* SPDX-License-Identifier: Apache-2.0 */
/* Timers and pulses of vdevs: one channel and one thread for all of a VM. */
#pragma once

/* Makes the channel if there is none yet, and starts the thread if there is one. 0 or a negative errno. */
int vdev_event_open(void);
int vdev_event_start(void);
