/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of the operator to a running VM: its qvm is told by a signal, one for each question, and answers with
 * PM_ANSWER. Nobody but the operator waits for a qvm, and the operator at most 2 s.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Asks. 0: the operator is answered later; -ENOENT: it does not run; -EAGAIN: its guest has not begun; -EBUSY: it is
 * being asked. */
int ask_qvm(uint32_t slot, int64_t rcvid, uint32_t signal);

/* PM_ANSWER, of `bytes` in all, from a qvm. 0; -ESRCH: nobody asked, or not that; -EINVAL: no answer is that long. */
int ask_answered(uint32_t slot, int64_t rcvid, uint32_t signal, size_t bytes);

/* The VM has ended: it will not answer. */
void ask_forget(uint32_t slot);

/* When the operator has waited long enough for a qvm, or NEVER, and what is done then. */
uint64_t ask_deadline(void);
void ask_timeout(void);
