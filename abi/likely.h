/* SPDX-License-Identifier: Apache-2.0 */
/* Which way a condition mostly goes, so that the compiler lays the code out for it. For the kernel and for processes.
 */
#pragma once

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
