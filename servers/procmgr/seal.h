/* SPDX-License-Identifier: Apache-2.0 */
/* The seal: from then on nobody can widen what a slot may use, not even procmgr. */
#pragma once

/* Defines all slots and seals them. 0, or a negative errno after a message: nothing may be started. */
int seal_slots(void);
