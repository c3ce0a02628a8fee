/* SPDX-License-Identifier: Apache-2.0 */
/* The service loop: answers messages and handles events, in one thread. */
#pragma once

/* Never returns: the system ends by system.h. */
_Noreturn void serve_messages(void);
