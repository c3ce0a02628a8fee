/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of abi/calls.def. call_NAME() returns the call's result, a negative errno, or CALL_BLOCKED or CALL_RESTART
 * of thread.h. An argument is read from the caller's frame by NAME_ARGUMENT(f): all 64 bits, or all of its part of the
 * register, of which nothing has been checked yet. NAME_FIRST_and_SECOND(f) is a register of two arguments. A result
 * besides the first one is stored by NAME_set_RESULT(f, value). NAME_add_ARGUMENT(f, n) is for a call that goes in
 * steps.
 */
#pragma once

#include "arch.h"
#include "calls/kernel.h"
#include "calls/numbers.h"
