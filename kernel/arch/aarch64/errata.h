/* SPDX-License-Identifier: Apache-2.0 */
/* Errata of the core that the code works around at run time. */
#pragma once

#include "types.h"

extern bool errata_repeat_tlbi; /* TLBI and DSB must be done twice: Cortex-A76 1286807 */
