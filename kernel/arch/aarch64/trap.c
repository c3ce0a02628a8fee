/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions from processes: what they say, and the way from the vectors to the core and back. */
#include "trap.h"

#include "sysreg.h"
#include "world.h"

#define EC(esr) ((unsigned)((esr) >> 26) & 0x3f)

uint64_t trap_syndrome(void)
{
	return sysreg_read(esr_el2);
}

bool trap_is_call(uint64_t syndrome)
{
	return EC(syndrome) == 0x15; /* SVC from AArch64 */
}

void trap_decode(uint64_t syndrome, struct trap *t)
{
	unsigned dfsc = (unsigned)syndrome & 0x3f;

	*t = (struct trap){.kind = TRAP_FAULT, .syndrome = syndrome, .address = sysreg_read(far_el2)};
	switch (EC(syndrome)) {
	case 0x07: t->kind = TRAP_FPU; break;
	case 0x01: t->kind = TRAP_WAIT; break;
	case 0x00: /* also a use of FP registers that CPACR_EL1 forbids, under TGE (Arm ARM, ESR_EL2.EC 0x07) */
	case 0x18: t->kind = TRAP_SETTING; break;
	case 0x20:
	case 0x24:
		t->fetch = EC(syndrome) == 0x20;
		t->write = !t->fetch && (syndrome & BIT(6));
		/* Translation and permission faults of levels 1 to 3; the rest cannot be late. */
		if (dfsc >= 0x05 && dfsc <= 0x0f)
			t->kind = TRAP_ABORT;
		break;
	default: break;
	}
}

void vector_process(struct frame *f, struct cpu *c, uint64_t syndrome)
{
	resume(trap_sync(f, c, syndrome));
}

void vector_irq(struct frame *f, struct cpu *c)
{
	resume(trap_irq(f, c));
}

void vector_serror(struct frame *f, struct cpu *c)
{
	resume(trap_serror(f, c));
}
