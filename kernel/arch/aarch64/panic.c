/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The global design safe state: all CPUs stopped, the cause printed, the board switched off last. Nothing here waits
 * for ever, and nothing needs a lock that the failed code may hold.
 */
#include "panic.h"
#include "arch.h"
#include "boot.h"
#include "console.h"
#include "gic/irqchip.h"
#include "world.h"

#define STOP_WAIT_NS 100000000ull

unsigned panic_cpu;
static unsigned stopped; /* CPUs that have answered */
static bool reset_last, last_done;

static unsigned cpu_number(void)
{
	struct cpu *c = (struct cpu *)sysreg_read(tpidr_el2);

	return c ? c->id : 0;
}

static _Noreturn void halt(void)
{
	/* IPI_STOP may still be pending: an interrupt that could be taken would end each WFI at once. */
	irqchip_shut();
	for (;;)
		__asm__ volatile("msr daifset, #0xf\n\twfi");
}

/* What `safe-state` says. If even that fails there is nothing left to do. */
static _Noreturn void last_act(void)
{
	if (last_done)
		halt();
	last_done = true;
	if (reset_last)
		arch_system_reset();
	arch_system_off();
}

_Noreturn void panic_stop(void)
{
	if (panic_cpu == cpu_number() + 1)
		last_act(); /* the panic itself waits for something that never comes */
	__atomic_fetch_add(&stopped, 1, __ATOMIC_RELEASE);
	halt();
}

void panic_heed(void)
{
	unsigned speaks = __atomic_load_n(&panic_cpu, __ATOMIC_RELAXED);

	if (unlikely(speaks) && speaks != cpu_number() + 1)
		panic_stop();
}

NAMED static void stop_others(void)
{
	unsigned others = 0;
	uint64_t deadline;

	for (unsigned i = 0; i < board.cpu_count; i++) {
		if (i != cpu_number() && cpus[i].online) {
			arch_ipi_send(i, IPI_STOP);
			others++;
		}
	}
	deadline = arch_clock_now() + STOP_WAIT_NS;
	while (__atomic_load_n(&stopped, __ATOMIC_ACQUIRE) < others && arch_clock_now() < deadline)
		arch_cpu_relax();
	if (__atomic_load_n(&stopped, __ATOMIC_RELAXED) < others)
		printk("\npanic: %u of %u other CPUs did not stop", others - stopped, others);
}

/* Returns on the one CPU that may speak, with the others stopped. */
static void seize(void)
{
	unsigned none = 0, own = cpu_number() + 1;

	__asm__ volatile("msr daifset, #0xf" : : : "memory");
	if (!__atomic_compare_exchange_n(&panic_cpu, &none, own, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		panic_stop(); /* or, if it was this one, the panic itself has failed */
	stop_others();
}

static _Noreturn void finish_panic(void)
{
	printk("global design safe state\n");
	last_act();
}

void safe_state_resets(bool reset)
{
	reset_last = reset;
}

void safe_state(const char *why, ...)
{
	va_list args;

	seize();
	if (why) {
		va_start(args, why);
		printk("\n");
		console_vprint(why, args);
		printk(": %s\n", reset_last ? "reset" : "power off");
		va_end(args);
	}
	finish_panic();
}

void panic(const char *why, ...)
{
	uint64_t from = (uint64_t)__builtin_return_address(0);
	va_list args;

	seize();
	printk("\npanic on CPU %u at 0x%lx: ", cpu_number(), from);
	va_start(args, why);
	console_vprint(why, args);
	va_end(args);
	if (control_opening)
		printk("\n  firmware keeps %s from EL2: docs/porting.md", control_opening);
	printk(
	    "\n  elr_el2 %lx esr_el2 %lx spsr_el2 %lx far_el2 %lx hpfar_el2 %lx hcr_el2 %lx vttbr_el2 %lx sp_el0 %lx\n",
	    sysreg_read(elr_el2), sysreg_read(esr_el2), sysreg_read(spsr_el2), sysreg_read(far_el2),
	    sysreg_read(hpfar_el2), sysreg_read(hcr_el2), sysreg_read(vttbr_el2), sysreg_read(sp_el0));
	finish_panic();
}

void panic_exception(uint64_t kind)
{
	static const char names[4][16] = {"synchronous", "IRQ", "FIQ", "SError"};

	panic("%s exception in the kernel (vector 0x%lx)", names[kind >> 7 & 3], kind);
}
