/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "types.h"

extern bool errata_repeat_tlbi; /* TLBI and DSB must be done twice: Cortex-A76 1286807 */
