/* SPDX-License-Identifier: Apache-2.0 */
/* What thread_self() returns, without a call: for mutexes. Not for programs. */
#pragma once

extern _Thread_local int self_tid;
