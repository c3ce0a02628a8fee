/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel and processes agree upon about an AArch64 processor with a GIC: exits of virtual CPUs, their
 * registers and interrupts. bulkhead.h brings it in.
 */
#pragma once

/* Registers of a GICv3 lie in frames of this size, at multiples of it (Arm IHI 0069, 12.1). */
#define GIC_FRAME 0x10000ull

/* A process whose stack protector found its guard overwritten executes BRK with this number: END_FAULT. */
#define BRK_STACK_SMASHED 0x5350

/* REGION_DEVICE: memory type Device-nGnRE. A call's results are in x0, x1 and so on; so is a first thread's argument.
 */

/* Virtual CPUs. */
#define VCPU_NO_WFI_EXIT       (1u << 0) /* `set exit-on-halt off`: WFI is not trapped */
#define VCPU_LOCAL_MAINTENANCE (1u << 1) /* `set broadcast-maintenance off`: TLBI and IC reach the VM's CPUs only */

/* VcpuRun, x1: what the guest gets for the exit before, then it runs on. */
enum vcpu_action {
	ACT_RUN = 0, /* nothing to finish: first entry, after EXIT_KICK, or after VcpuSet of VREG_PC */
	ACT_DONE,    /* the trapped instruction is done: go on after it */
	ACT_DATA,    /* x2 = the value read: into its register, with the size and sign of the access; go on after it */
	ACT_RESULT,  /* HVC, SMC: x2-x5 become the guest's x0-x3; go on after it */
	ACT_UNDEF,   /* Undefined Instruction exception at EL1 */
	ACT_ABORT,   /* instruction or data abort at EL1, as the exit was: x2 = ISS, of which FSC and WnR count, x3 is
		      * added   to the exit's FAR. FSC 0x22: a watchpoint
		      */
	ACT_REGISTERS, /* as ACT_DONE, and x3 to x5 go to the general registers that the three low bytes of x2 number,
			* in that order; 31: to none
			*/
	ACT_PRIVATE,   /* a read or write of private interrupts, as VcpuPrivate of this virtual CPU: x2 = VPRIV_*, x3 =
			* value, x4 = mask. A read gets what it is, or the byte of it that bits 1:0 of the address name
			*/
	ACT_READ, /* the guest does not run, and its exit is not finished: x1 to x4 become the general registers that
		   * the four low bytes of x2 number, in that order; 31: 0. `exit` is the last one again
		   */
};

enum vcpu_exit {
	EXIT_MMIO_READ = 0, /* x1 = IPA, x2 = bytes: 1, 2, 4, 8 */
	EXIT_MMIO_WRITE,    /* x1 = IPA, x2 = bytes, x3 = value */
	EXIT_MMIO_COMPLEX,  /* no valid syndrome: x1 = IPA (all ones: unknown, walk FAR), x2 = ESR_EL2, x3 = FAR_EL2, x4
			     * = PC, x5 = PSTATE, x6, x7, x9-x11 = SCTLR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1, MDSCR_EL1.
			     * Decode the instruction
			     */
	EXIT_FETCH,         /* instruction abort: the same */
	EXIT_HVC,           /* x1 = immediate, x2-x5 = guest x0-x3; PC is after it already */
	EXIT_SMC,           /* same */
	EXIT_SYSREG_READ,   /* x1 = ISS (op0, op1, CRn, CRm, op2 as in ESR_EL2), x4 = PC */
	EXIT_SYSREG_WRITE,  /* same, x3 = value */
	EXIT_INSTRUCTION,   /* any other trap: x1 = ESR_EL2, x4 = PC */
	EXIT_KICK,          /* VcpuKick */
};

/* VcpuGet and VcpuSet: only while it does not run. */
enum vreg {
	VREG_X0 = 0, /* to VREG_X0 + 30 */
	VREG_PC = 32,
	VREG_PSTATE,
	VREG_SP_EL0,
	VREG_SP_EL1,
	VREG_SCTLR_EL1,
	VREG_TCR_EL1,
	VREG_TTBR0_EL1,
	VREG_TTBR1_EL1,
	VREG_VBAR_EL1,
	VREG_ELR_EL1,
	VREG_SPSR_EL1,
	VREG_ESR_EL1,
	VREG_FAR_EL1,
	VREG_MAIR_EL1,
	VREG_CNTVOFF, /* host counter minus guest counter; settable before the VM's first run */
	VREG_EXITS,
	VREG_RESET,    /* set: the core to its architected reset values, off until run; INTIDs 0 to 31 stay */
	VREG_EXIT_ESR, /* ESR_EL2 and FAR_EL2 of the last exit */
	VREG_EXIT_FAR,
	VREG_MDSCR_EL1,
	VREG_OSLOCK,        /* 1: the OS lock is on */
	VREG_V0 = 64,       /* to VREG_V0 + 63: low and high halves of V0-V31, low half first */
	VREG_DBGWCR0 = 128, /* to VREG_DBGWCR0 + 15 */
	VREG_DBGWVR0 = 144, /* to VREG_DBGWVR0 + 15 */
	VREG_COUNT = 160,
};

/* VcpuPrivate: interrupts 0 to 31 of one virtual CPU. `mask` says which bits of `value` count; mask 0 reads. */
enum vpriv {
	VPRIV_ENABLE = 0,
	VPRIV_PENDING, /* sets what `value` has, clears what it has not, of `mask` */
	VPRIV_ACTIVE,
	VPRIV_GROUP,
	VPRIV_CONFIG,     /* 1: edge. SGIs always are; the virtual timer never is. Read: as GICR_ICFGR1 */
	VPRIV_CTLR,       /* bits 0 and 1 of GICD_CTLR: Group 0 and Group 1 are enabled */
	VPRIV_PRIO0 = 16, /* to + 7: four priorities each, as GICR_IPRIORITYR<n>; mask in bytes of ff */
};

#define VIRQ_GROUP0 1 /* bit of a priority that is given with an SPI: it is of Group 0, else of Group 1 */

/* Guest interrupt numbers with a meaning to the kernel. */
#define VIRQ_VTIMER  27
#define VIRQ_PTIMER  30
#define VIRQ_SPI_MAX 1020
