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
 * Locking: accesses to registers, and devices, lock the VM by themselves, where they need it; the caller holds that
 * lock around every other function. What is known here and the guest reads is read without the lock, hence written
 * atomically, with the lock; `line` is written without it, too. Time: constant for each access, except for
 * loops over the 32 interrupts of one register; a change of GICD_CTLR and of a vCPU's power takes a step for each
 * interrupt that is pending or in flight.
 */
#pragma once

#include "abi/bulkhead.h"
#include <bulkhead/thread.h>
#include <qvm/guest.h>
#include <qvmconf.h>
#include <stdbool.h>
#include <stdint.h>

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
	struct mutex *lock;          /* the VM's */
	unsigned intids; /* INTIDs 0 to intids - 1 exist; rounded up to a multiple of 32; 0 for the default */
};

#define GUEST_GIC_IMAGES 85u

/* Words of `control`. */
#define CONTROL_CTLR  0 /* GICD_CTLR, with the bits that always are 1 */
#define CONTROL_TYPER 1
#define CONTROL_IIDR  2

/* An access of a vCPU to its own INTIDs 0 to 31 that the kernel is to finish: VcpuPrivate's arguments. */
struct arch_request {
	uint64_t wanted; /* not 0 until it is taken */
	uint64_t which, value, mask;
	uint32_t frame;         /* the vCPU's SGI frame, from that of the first redistributor on */
} __attribute__((aligned(64))); /* its thread's alone */

struct guest_gic {
	/*
	 * Registers of the distributor as the guest reads them: each image has the 32 words of a block of 128 bytes.
	 * One bit for each interrupt, where nothing else is said; word 0 (INTIDs 0 to 31) stays 0.
	 */
	union {
		uint32_t image[GUEST_GIC_IMAGES][GUEST_GIC_WORDS], word[GUEST_GIC_IMAGES * GUEST_GIC_WORDS];
		struct {
			uint8_t image_of[16 * GUEST_GIC_WORDS]; /* each block's image; 0: it has none */
			uint32_t control[GUEST_GIC_WORDS];      /* CONTROL_* */
			uint32_t group[GUEST_GIC_WORDS];        /* 1: Group 1 */
			uint32_t enable[GUEST_GIC_WORDS];
			/* No registers: what devices drive, of any number, and without the lock; whether a change of
			 * that needs the lock (heed_lines()); and how the SPI works: for one that is bound, as a level.
			 */
			union {
				struct {
					uint32_t line, watched;
				};
				uint32_t words[2]; /* struct guest_line */
			} input[GUEST_GIC_WORDS];
			uint32_t edge[GUEST_GIC_WORDS];
			uint8_t priority[32 * GUEST_GIC_WORDS];
			uint32_t
			    cfgr[2 * GUEST_GIC_WORDS]; /* GICD_ICFGR. How the host's are signalled is not the guest's */
			uint64_t route[32 * GUEST_GIC_WORDS]; /* GICD_IROUTER */
			uint32_t id[GUEST_GIC_WORDS];
		};
	};
	const struct guest_gic_ops *ops;
	void *ctx;
	struct guest_gic_config config;
	uint32_t asleep;  /* bit n: GICR_WAKER.ProcessorSleep of vCPU n; kept, but gates nothing */
	uint32_t powered; /* bit n: vCPU n is on */
	uint32_t refused; /* the kernel had no room: call guest_gic_retry(). May be read atomically without the lock */
	union {
		struct {
			uint32_t latch;  /* pending by an edge or by a write, and not handed to the kernel */
			uint32_t placed; /* the kernel may hold it, on vCPU place[] */
		};
		uint64_t both; /* of one moment */
	} held[GUEST_GIC_WORDS];
	uint32_t exists[GUEST_GIC_WORDS]; /* it is an SPI of this GIC */
	uint32_t active[GUEST_GIC_WORDS]; /* made active by a write to GICD_ISACTIVER */
	uint32_t raised[GUEST_GIC_WORDS]; /* the kernel was told that the line is high */
	uint32_t bound[GUEST_GIC_WORDS];  /* interrupts of the host, host[]: the kernel has their line and latch */
	uint32_t direct[GUEST_GIC_WORDS]; /* `placed`, may be signalled, and its route leads to place[] */
	uint8_t place[GUEST_GIC_INTIDS];
	uint16_t host[GUEST_GIC_INTIDS];
	struct arch_request request[VCPU_MAX];
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

/* Devices, from any thread, without the lock. An INTID that is not an SPI of this GIC is ignored. */
void guest_gic_line_rose(struct guest_gic *g, unsigned intid); /* for guest_gic_set_line(): it is watched */
void guest_gic_line_fell(struct guest_gic *g, unsigned intid);
static inline void guest_gic_heed_line(struct guest_gic *g, unsigned intid, bool level)
{
	if (level)
		guest_gic_line_rose(g, intid);
	else
		guest_gic_line_fell(g, intid);
}

/* Of a number that no SPI can have: that of one that is none, which nobody watches. */
static inline struct guest_line guest_gic_line(struct guest_gic *g, unsigned intid)
{
	const unsigned word = intid / 32;

	return (struct guest_line){word < GUEST_GIC_WORDS ? g->input[word].words : g->input[0].words,
				   1u << (intid % 32), intid};
}

static inline void guest_gic_set_line(struct guest_gic *g, unsigned intid, bool level)
{
	const struct guest_line line = guest_gic_line(g, intid);

	if (guest_line_change(&line, level))
		guest_gic_heed_line(g, intid, level);
}

/* An edge. */
void guest_gic_pulse(struct guest_gic *g, unsigned intid);

/* To be called after every exit of a vCPU: offers again what the kernel had no room for. Nearly free otherwise. */
void guest_gic_retry(struct guest_gic *g);

/*
 * The guest's accesses to the distributor and to the redistributors, as struct mmio_region has them. Not done: the
 * address is not a multiple of the size, or the kernel is to finish the access: request[vcpu] is `wanted`. Reserved
 * registers are RAZ/WI, and so is an access size that a register does not support.
 */
struct vdev_value guest_gic_read_dist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size);
bool guest_gic_write_dist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value);
struct vdev_value guest_gic_read_redist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size);
bool guest_gic_write_redist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value);
