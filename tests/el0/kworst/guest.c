/* SPDX-License-Identifier: Apache-2.0 */
/* A VM: virtual CPUs with all the interrupts that they may have, and a guest that dirties all that is switched. */
#include "kworst.h"
#include <string.h>

/*
 * A guest that has dirtied all that is switched only when it was used: FP, a breakpoint, its timer, the GIC. It ends
 * its turn by HVC again and again.
 */
extern char guest_code[], guest_code_end[];
__asm__(".pushsection .text.guest_code, \"ax\"\n"
	".globl guest_code, guest_code_end\n"
	"guest_code:\n"
	"	mov	x0, #0x300000\n"
	"	msr	cpacr_el1, x0\n"
	"	isb\n"
	"	fmov	d0, x0\n"
	"	msr	dbgbvr0_el1, x0\n"
	"	mov	x0, #0xff\n"
	"	msr	s3_0_c4_c6_0, x0\n" /* ICC_PMR_EL1 */
	"	mov	x0, #1\n"
	"	msr	s3_0_c12_c12_7, x0\n" /* ICC_IGRPEN1_EL1 */
	"	msr	cntv_cval_el0, x0\n"
	"	msr	cntv_ctl_el0, x0\n"
	"	mov	x1, #0xff\n"
	"1:	fadd	d0, d0, d0\n"
	"	msr	s3_0_c12_c11_5, x1\n" /* ICC_SGI1R_EL1: to all */
	"	hvc	#0\n"
	"	b	1b\n"
	"guest_code_end:\n"
	".popsection");

#define TURNS     20u
#define BIND_INTR 48u /* bound on each vCPU to one of the host's, with the next */
static int vcpus[VCPU_MAX];
static uint32_t failures;

static void count_failure(bool good)
{
	failures += !good;
}

/* 32 interrupts of its own and 32 others, all pending, beside some that are active. */
static void load_interrupts(int vcpu)
{
	VcpuPrivate_r(vcpu, VPRIV_GROUP, ~0u, ~0u, NULL);
	VcpuPrivate_r(vcpu, VPRIV_ENABLE, ~0u, ~0u, NULL);
	for (unsigned i = 0; i < 8; i++)
		VcpuPrivate_r(vcpu, VPRIV_PRIO0 + i, 0x10203040u + i * 0x08080808u, ~0u, NULL);
	VcpuPrivate_r(vcpu, VPRIV_PENDING, ~0u, ~0u, NULL);
	VcpuPrivate_r(vcpu, VPRIV_ACTIVE, 0xff0000, 0xff0000, NULL);
	for (unsigned i = 0; i < 16; i++) {
		VcpuInject_r(vcpu, 64 + i, (31 - i) * 8);
		VcpuLine_r(vcpu, 32 + i, 1, i * 8);
	}
	VcpuInject_r(vcpu, BIND_INTR, 0);
	VcpuInject_r(vcpu, BIND_INTR + 1, 0);
}

/* On: with 32 others in flight. Off: with all of them pending, the two as well. */
static void bind_interrupts(unsigned index, unsigned flags)
{
	for (unsigned i = 0; i < 2; i++)
		count_failure(VcpuBind_r(vcpus[index], BIND_HOST + 2 * index + i, BIND_INTR + i, 0, flags) >= 0);
}

static void run_vcpu(void *arg)
{
	int vcpu = (int)(uint64_t)arg;

	for (unsigned i = 0; i < TURNS; i++) {
		struct vcpu_run run = VcpuRun(vcpu, i ? ACT_DONE : ACT_RUN, 0, 0, 0, 0);

		count_failure(run.exit == EXIT_HVC);
		SchedYield_r();
		load_interrupts(vcpu);
	}
	ThreadDestroy_r(0, 0);
}

static void vcpu_child(void *arg)
{
	uint64_t value;

	(void)arg;
	MemMap_r(SPACE_SELF, ADDRESS_FREE, 0, CHILD_FREE, 4096, PROT_R | PROT_W);
	memcpy((void *)ADDRESS_FREE, guest_code, (size_t)(guest_code_end - guest_code));
	MemMap_r(SPACE_GUEST, GUEST_RAM, 0, CHILD_FREE, MIB, PROT_R | PROT_W | PROT_X);
	test_memory(SPACE_GUEST, 0, CHILD_FREE, 2 * MIB);
	for (unsigned i = 0; i < VCPU_MAX; i++) {
		vcpus[i] = VcpuCreate_r(i, i, 0);
		VcpuSet_r(vcpus[i], VREG_PC, GUEST_RAM);
		bind_interrupts(i, 0);
		bind_interrupts(i, BIND_ON);
		load_interrupts(vcpus[i]);
		thread_start(i, run_vcpu, (uint64_t)vcpus[i], LOW);
	}
	doze(100);
	for (unsigned i = 0; i < VCPU_MAX; i++) {
		for (unsigned intid = 0; intid < 96; intid++) {
			VcpuQuery_r(vcpus[i], intid);
			VcpuWithdraw_r(vcpus[i], intid, VIRQ_PENDING | VIRQ_ACTIVE);
		}
		load_interrupts(vcpus[i]);
		VcpuKick_r(vcpus[i]);
		VcpuGet_r(vcpus[i], VREG_V0 + 63, &value);
		bind_interrupts(i, BIND_ON | BIND_CLEAR);
		bind_interrupts(i, 0);
		VcpuSet_r(vcpus[i], VREG_RESET, 0);
	}
	count_failure(value == 0);
	ThreadDestroy_r(-1, failures);
}

void test_vcpus(void)
{
	struct process_info info;

	make_child(VM_SLOT);
	start_child(VM_SLOT, vcpu_child, 0);
	doze(500);
	check_equal("ProcessInfo of a VM", ProcessInfo_r(VM_SLOT, &info), 0);
	check_that(info.state == PROCESS_DEAD && info.end_cause == END_EXIT, "the VM has ended", info.end_cause);
	check_equal("failures of the VM", (int64_t)info.end_status, 0);
	destroy_child(VM_SLOT);
}
