/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_guest_gic share: a model of the kernel's half, and the guest's accesses to the registers. */
#pragma once

#include "frames.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define GICD   0x8000000ull
#define GICR   0x80a0000ull
#define VCPUS  3u
#define INTIDS 96u

#define CTLR       0x0u
#define IGROUPR    0x80u
#define ISENABLER  0x100u
#define ICENABLER  0x180u
#define ISPENDR    0x200u
#define ICPENDR    0x280u
#define ISACTIVER  0x300u
#define ICACTIVER  0x380u
#define IPRIORITYR 0x400u
#define ICFGR      0xc00u
#define IROUTER    0x6000u

#define CASE(test) cmocka_unit_test_setup(test, setup)

struct virq {
	bool latch, line, active;
	unsigned priority;
};

extern struct kernel {
	struct virq spi[VCPUS][INTIDS];
	unsigned room; /* SPIs in flight on one vCPU */
	uint32_t state[VCPUS][32];
	unsigned calls, private_calls;
} kernel;
extern const struct guest_gic_ops model_ops;
extern const struct guest_gic_config config;
extern struct guest_gic gic;

int setup(void **state);

/* What the guest's CPU interface does: take the most urgent pending one, and complete. */
int state_of(const struct virq *q); /* VIRQ_PENDING, VIRQ_ACTIVE */
bool signalled(unsigned vcpu, unsigned intid);
unsigned acknowledge(unsigned vcpu);
void complete(unsigned vcpu, unsigned intid);

/* Accesses by vCPU 0, which must be good; those with _d are to 32 bits of the distributor. */
uint64_t get_register(uint64_t ipa, unsigned size);
void put_register(uint64_t ipa, unsigned size, uint64_t value);
uint32_t get_d(uint32_t offset);
void put_d(uint32_t offset, uint32_t value);

/* One bit of an interrupt in a register bank. */
uint32_t bit(unsigned intid);
void put_bit(uint32_t bank, unsigned intid);
bool get_bit(uint32_t bank, unsigned intid);
void set_group(unsigned intid, bool one);
void set_edge(unsigned intid, bool edge);

/* The state in which a guest's driver leaves an SPI: Group 1, enabled, to vCPU 0. */
void ready(unsigned intid, bool edge);

int register_tests(void);
int delivery_tests(void);
int random_tests(void);
