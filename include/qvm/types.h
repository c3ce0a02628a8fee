/* SPDX-License-Identifier: Apache-2.0 */
/* What the headers for virtual devices (vdevs) share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An interrupt of the guest: the INTID of a shared peripheral interrupt, 32 to 1019. */
typedef uint32_t guest_intr_t;
#define GUEST_INTR_NONE 0u

/* Where a state block lies. */
enum qvm_state_type {
	QST_NONE,
	QST_MEMORY,   /* guest-physical memory */
	QST_REGISTER, /* the register of a guest's CPU that an access loads or stores */
};

/* `location` of a block that has no place yet. */
#define QSL_NO_LOCATION UINT64_MAX

struct qvm_state_block {
	enum qvm_state_type qst_type;
	uint64_t location; /* address, or offset, as the user of the block says */
	uint64_t length;   /* bytes */
};

/* The virtual CPU that an access comes from. Opaque, and only valid until the call-back returns. */
struct guest_cpu;

/* How a call-back for an access has ended. Above VRS_ERRNO: VRS_ERRNO + an errno value. */
typedef unsigned vdev_ref_status_t;
#define VRS_NORMAL    0u
#define VRS_BUS_ERROR 1u      /* there is nothing that answers: the VM's `unsupported reference` decides */
#define VRS_ERRNO     0x1000u /* the device cannot go on: the VM ends with exit code 6 */

/* What a read gives, in two registers. */
struct vdev_value {
	uint64_t value;
	uint64_t done; /* a bool as wide as a register; false: as VRS_BUS_ERROR */
} __attribute__((aligned(16)));
