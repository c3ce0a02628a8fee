/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qvm's half of a guest's GICv3: the distributor, the redistributors' registers, and all shared interrupts (SPIs) that
 * are not in flight. Arm IHI 0069 names the registers; section numbers in these files are of issue H.
 *
 * The kernel's half owns INTIDs 0 to 31 of each vCPU, the list registers, and every SPI that was handed to it until the
 * guest has completed it. An SPI that is bound to one of the host goes to the guest without this half, which only says
 * when and where it may. This half reaches it through struct guest_gic_ops alone, hence runs on the host as well.
 *
 * What the guest sees: one security state (GICD_CTLR.DS = 1), affinity routing always on (ARE = 1), no LPIs, no message
 * based SPIs, no extended SPIs, five bits of priority, both groups.
 *
 * Locking: none inside. The caller holds the VM's lock around every function but guest_gic_constant(), so that the vCPU
 * threads and the devices come one after the other. Time: constant for each access, except for loops over the 32
 * interrupts of one register; a change of GICD_CTLR and of a vCPU's power takes a step for each interrupt that is
 * pending or in flight.
 */
#pragma once

#include "abi/bulkhead.h"
#include <qvmconf.h>
#include <stdbool.h>
#include <stdint.h>

#define GICD_TYPER               0x4u
#define GUEST_GIC_INTIDS         (QVM_SPI_LAST + 1)
#define GUEST_GIC_INTIDS_DEFAULT 288u /* 256 SPIs */
#define GUEST_GIC_WORDS          32u  /* of 32 interrupts each */

/*
 * The calls to the kernel's half. `vcpu` is the index 0 to 7, not the kernel's id. A negative result is an error. A
 * priority has VIRQ_GROUP0 beside it.
 */
struct guest_gic_ops {
	/* VcpuPrivate: `which` is VPRIV_*; sets the bits `mask` to `value` and returns all of them in *result. Mask 0
	 * reads. */
	int (*vcpu_private)(void *ctx, unsigned vcpu, unsigned which, uint32_t value, uint32_t mask, uint32_t *result);
	/*
	 * VcpuLine. Level 1 makes the SPI pending there, and again at each completion while the level stays 1. Level 0
	 * takes that back, but not an active state, and not an edge that was injected. A second level 1 changes the
	 * priority. -KE_AGAIN: too many are in flight.
	 */
	int (*vcpu_line)(void *ctx, unsigned vcpu, unsigned intid, unsigned level, unsigned priority);
	/* VcpuInject: pending until it is taken; an SPI that is active becomes active and pending. -KE_AGAIN as above.
	 */
	int (*vcpu_inject)(void *ctx, unsigned vcpu, unsigned intid, unsigned priority);
	/* VcpuWithdraw: takes back its pending state and line, or with VIRQ_ACTIVE in `what` forgets all about the SPI;
	 * VIRQ_* state that it had. */
	int (*vcpu_withdraw)(void *ctx, unsigned vcpu, unsigned intid, unsigned what);
	/* VcpuQuery: VIRQ_* state. */
	int (*vcpu_query)(void *ctx, unsigned vcpu, unsigned intid);
	/* VcpuBind, `flags` is BIND_*: VIRQ_* state. */
	int (*vcpu_bind)(void *ctx, unsigned vcpu, unsigned host, unsigned intid, unsigned priority, unsigned flags);
};

struct guest_gic_config {
	uint64_t gicd, gicr;         /* guest physical; multiples of 64 KiB */
	unsigned vcpus;              /* 1 to VCPU_MAX */
	uint64_t affinity[VCPU_MAX]; /* Aff3 in bits 39:32, Aff2 to Aff0 in bits 23:0, as in MPIDR_EL1 */
	unsigned intids; /* INTIDs 0 to intids - 1 exist; rounded up to a multiple of 32; 0 for the default */
};

struct guest_gic {
	const struct guest_gic_ops *ops;
	void *ctx;
	struct guest_gic_config config;
	uint32_t typer;   /* GICD_TYPER */
	uint32_t ctlr;    /* the writable bits of GICD_CTLR */
	uint32_t asleep;  /* bit n: GICR_WAKER.ProcessorSleep of vCPU n; kept, but gates nothing */
	uint32_t powered; /* bit n: vCPU n is on */
	uint32_t refused; /* the kernel had no room: call guest_gic_retry(). May be read atomically without the lock */
	/* One bit for each interrupt; word 0 (INTIDs 0 to 31) stays unused. */
	uint32_t enable[GUEST_GIC_WORDS];
	uint32_t group[GUEST_GIC_WORDS];      /* 1: Group 1 */
	uint32_t edge[GUEST_GIC_WORDS];       /* GICD_ICFGR */
	uint32_t line[GUEST_GIC_WORDS];       /* what the device drives */
	uint32_t latch[GUEST_GIC_WORDS];      /* pending by an edge or by a write, and not handed to the kernel */
	uint32_t active[GUEST_GIC_WORDS];     /* made active by a write to GICD_ISACTIVER */
	uint32_t raised[GUEST_GIC_WORDS];     /* the kernel was told that the line is high */
	uint32_t placed[GUEST_GIC_WORDS];     /* the kernel may hold it, on vCPU place[] */
	uint32_t bound[GUEST_GIC_WORDS];      /* interrupts of the host, host[]: the kernel has their line and latch */
	uint32_t bound_edge[GUEST_GIC_WORDS]; /* GICD_ICFGR of these: kept, but how the host's are signalled is not the
						 guest's */
	uint8_t place[GUEST_GIC_INTIDS];
	uint16_t host[GUEST_GIC_INTIDS];
	uint8_t priority[GUEST_GIC_INTIDS];
	uint64_t route[GUEST_GIC_INTIDS]; /* GICD_IROUTER */
};

/* Returns false if the configuration is not possible. The state is that of reset; no vCPU is powered. */
bool guest_gic_init(struct guest_gic *g, const struct guest_gic_config *config, const struct guest_gic_ops *ops,
		    void *ctx);

/*
 * Reset of the VM: everything to its reset value, all SPIs taken back from the kernel, no vCPU powered. Line levels
 * stay, because the devices drive them. INTIDs 0 to 31 stay as they are in the kernel: a vCPU that goes on is a core's
 * reset, not its redistributor's.
 */
void guest_gic_reset(struct guest_gic *g);

/*
 * Binds an SPI to one of the host, while no vCPU runs. From then on devices here have nothing to do with it. 0, or the
 * kernel's error.
 */
int guest_gic_bind(struct guest_gic *g, unsigned intid, unsigned host);

/* A vCPU goes on or off (start, PSCI CPU_ON and CPU_OFF). Off: what was in flight there is taken back. */
void guest_gic_power(struct guest_gic *g, unsigned vcpu, bool on);

/* Devices. An INTID that is not an SPI of this GIC is ignored. */
void guest_gic_set_line(struct guest_gic *g, unsigned intid, bool level);
void guest_gic_pulse(struct guest_gic *g, unsigned intid);

/* To be called after every exit of a vCPU: offers again what the kernel had no room for. Nearly free otherwise. */
void guest_gic_retry(struct guest_gic *g);

/* GICD_TYPER, which never changes: the one access that needs no lock. False: it is another one. */
static inline bool guest_gic_constant(const struct guest_gic *g, uint64_t ipa, unsigned size, uint64_t *value)
{
	if (ipa - g->config.gicd != GICD_TYPER || size != 4)
		return false;
	*value = g->typer;
	return true;
}

/*
 * The guest's accesses; `vcpu` is who makes it. False: the address is in none of the frames, or is not a multiple of
 * the size; the caller applies the VM's policy. Reserved registers are RAZ/WI, and so is an access size
 * that a register does not support.
 */
bool guest_gic_read(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t *value);
bool guest_gic_write(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value);
