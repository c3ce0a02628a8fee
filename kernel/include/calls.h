/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "types.h"

struct thread;
struct frame;

/* Each call as abi/calls.def has it. Result, negative errno, or CALL_BLOCKED, CALL_RESTART. */
#define CALL(number, name, ability, args, result) NAMED int64_t call_##name(struct thread *t, struct frame *f);
#include "calls.def"
#undef CALL
