/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procmgr's channel is its first, and the first act of every process's runtime is to connect to it: hence both numbers
 * are known without asking.
 */
#pragma once

#define PROCMGR_CHID 1
#define FIRST_COID   1
