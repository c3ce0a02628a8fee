/* SPDX-License-Identifier: Apache-2.0 */
/* Exception classes and syndromes of ESR_EL2 (Arm ARM D24.2.40). */
#pragma once

#include "types.h"

#define ESR_EC(esr)      ((unsigned)((esr) >> 26) & 0x3f)
#define EC_UNKNOWN       0x00
#define EC_WFX           0x01
#define EC_FP            0x07
#define EC_HVC64         0x16
#define EC_SMC64         0x17
#define EC_SYSREG        0x18
#define EC_FETCH         0x20
#define EC_DATA          0x24
#define EC_WATCHPOINT    0x34
#define ESR_IL           BIT(25)
#define ESR_RT(esr)      ((unsigned)((esr) >> 5) & 31)
#define ABORT_ISV        BIT(24)
#define ABORT_SAS(esr)   ((unsigned)((esr) >> 22) & 3)
#define ABORT_SSE        BIT(21)
#define ABORT_SRT(esr)   ((esr) >> 16 & 31)
#define ABORT_SF         BIT(15)
#define ABORT_FNV        BIT(10)
#define ABORT_CM         BIT(8)
#define ABORT_WNR        BIT(6)
#define DFSC(esr)        ((unsigned)(esr)&0x3f)
#define DFSC_KIND(esr)   ((unsigned)(esr)&0x3c)
#define DFSC_TRANSLATION 0x04
#define DFSC_PERMISSION  0x0c
#define DFSC_WATCHPOINT  0x22
#define DFSC_LAST_FAULT  0x0f /* address size, translation, access flag, permission; then external aborts */

/* A register's place in the ISS of a trapped MRS or MSR (Arm ARM D24.2.40, EC 0x18), without Rt and direction. */
#define ISS_REG(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_REG_MASK                     0x3ffc1eu
#define ISS_READ                         1u
