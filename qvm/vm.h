/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual machine of this process: one qvm is one VM, hence one object.
 *
 * Locking: `lock` guards the interrupt controller and the power states. It is never held across a message or VcpuRun; a
 * vdev's lock may be held when it is taken, never the other way round. What is set before vcpu_start() (configuration,
 * memory, the MMIO table) is only read afterwards.
 */
#pragma once

#include "qvm/arch.h"
#include "qvm/memory.h"
#include "qvm/mmio.h"
#include "qvm/unsupported.h"
#include "qvm/vdev.h"
#include <bulkhead/client.h>
#include <bulkhead/kernel.h>
#include <bulkhead/process.h>
#include <bulkhead/thread.h>
#include <bulkhead/vm_end.h>
#include <qvmconf.h>
#include <stdbool.h>
#include <stdint.h>

struct vcpu {
	unsigned index;
	int id, tid;                    /* the kernel's */
	const struct mmio_region *last; /* hit in the MMIO table; the first region at the start */
	struct arch_vcpu arch;
	uint64_t unsupported;                /* accesses and instructions that the VM does not have; */
	struct unsupported unsupported_last; /* the last of them: its own thread writes, others may see half of it */
	uint32_t power;                      /* word that its thread waits on: 1 on, 0 off; changed under the lock */
	uint32_t parked;                     /* 1: its thread waits for the VM to be continued */
};

struct vm {
	struct qvm_config config;
	struct guest_memory memory;
	struct mmio mmio;
	struct mutex lock;
	struct arch_vm arch;
	struct vcpu vcpu[VCPU_MAX];
	struct vdev_instance vdev[QVM_VDEVS_MAX];
	unsigned vdev_count;
	const struct qvm_place *place; /* of the configuration, while a vdev is made; else null */
	int control;                   /* connection to the first thread's channel */
	uint32_t told;                 /* the operator knows why the guest does not begin */
	uint32_t unsupported;          /* bit n: the log has a line of enum unsupported_type n */
	bool only_counted;             /* references that are not supported are ignored, and the first one is logged */
	uint32_t ending;               /* set once: vCPUs stop at their next exit */
	uint32_t paused;               /* word that vCPUs wait on: 1 paused */
	uint32_t parkings;             /* word that counts how often one did */
};

extern struct vm vm;

/* Before anything that waits for another process: the operator is told what, if it takes long. */
void vm_awaits(const char *format, ...) __attribute__((format(printf, 1, 2)));
