/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be done is noted and passed over: an exception ends at most one check. */
#include "conform.h"

#define EC(esr)          ((esr) >> 26 & 0x3f)
#define EC_BRANCH_TARGET 0x0d
#define EC_SVC           0x15
#define EC_HVC           0x16
#define EC_PREFETCH      0x21
#define EC_PC_ALIGNMENT  0x22
#define FAULTS_MOST      1000 /* more in one check: the machine is beyond help */
#define INTID_WATCHDOG   30
#define WATCHDOG_MS      100
#define VECTOR_FIQ       2
#define VECTOR_EL0       8 /* and above */
#define SPSR_BTYPE       (3u << 10)
#define EL1H             0x3c5

extern char user_back[]; /* entry.S */

struct fault faults[CPU_LIMIT];
struct taken takens[CPU_LIMIT];
volatile bool complete_by_write;
static volatile bool watching;

void fault_clear(void)
{
	struct fault *f = &faults[cpu_index()];

	f->any = f->hang = false;
	f->count = 0;
	takens[cpu_index()] = (struct taken){0};
}

/* To the next instruction, or, if the address itself is bad, back to the caller. From EL0: out of user_run(). */
static void pass_over(struct frame *frame, unsigned int vector)
{
	uint32_t ec = EC(frame->esr);

	if (vector >= VECTOR_EL0) {
		frame->elr = (uint64_t)user_back;
		frame->spsr = EL1H;
	} else if (ec == EC_PREFETCH || ec == EC_PC_ALIGNMENT || ec == EC_BRANCH_TARGET) {
		frame->elr = frame->x[30];
		frame->spsr &= ~(uint64_t)SPSR_BTYPE;
	} else if (ec != EC_SVC && ec != EC_HVC) {
		frame->elr += 4;
	}
}

void guest_fault(struct frame *frame, unsigned int vector)
{
	struct fault *f = &faults[cpu_index()];

	if ((vector & 3) == VECTOR_FIQ) {
		uint32_t intid = (uint32_t)READ_REG("icc_iar0_el1");

		takens[cpu_index()].fiq++;
		takens[cpu_index()].intid = intid;
		gic_disable(intid);
		WRITE_REG("icc_eoir0_el1", intid);
		return;
	}
	if (!f->any) {
		f->esr = (uint32_t)frame->esr;
		f->vector = vector;
		f->far = frame->far;
		f->elr = frame->elr;
		f->spsr = frame->spsr;
	}
	f->any = true;
	if (++f->count > FAULTS_MOST)
		system_off();
	pass_over(frame, vector);
}

/* Timers are silenced, so that no level comes again. */
void guest_irq(struct frame *frame, uint32_t intid)
{
	struct taken *t = &takens[cpu_index()];

	if (intid == INTID_WATCHDOG && watching) {
		WRITE_REG("cntp_ctl_el0", 0);
		faults[cpu_index()].hang = true;
		frame->elr += 4;
		return;
	}
	if (intid == INTID_VTIMER)
		timer_off();
	else if (intid == INTID_WATCHDOG)
		WRITE_REG("cntp_ctl_el0", 0);
	isb();
	t->count++;
	t->intid = intid;
	if (complete_by_write)
		gic_set(cpu_index(), BANK_ICACTIVER, intid);
}

void watchdog_on(void)
{
	watching = true;
	gic_priority(0, INTID_WATCHDOG, 0);
	gic_set(0, BANK_ISENABLER, INTID_WATCHDOG);
	WRITE_REG("cntp_cval_el0", READ_REG("cntpct_el0") + counter_hz() / 1000 * WATCHDOG_MS);
	WRITE_REG("cntp_ctl_el0", 1);
	isb();
	irq_enable();
}

void watchdog_off(void)
{
	irq_disable();
	WRITE_REG("cntp_ctl_el0", 0);
	isb();
	gic_set(0, BANK_ICENABLER, INTID_WATCHDOG);
	watching = false;
}
