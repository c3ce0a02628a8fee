/* SPDX-License-Identifier: Apache-2.0 */
/* The seal: from then on the kernel widens what a slot may use for nobody, not even for procmgr. */
#pragma once

/* Defines all slots and seals them. 0, or a negative errno after a message: nothing may be started. */
int seal(void);
