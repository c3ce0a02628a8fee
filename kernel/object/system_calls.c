/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about the whole system: its log, what it is, its end. */
#include "arch.h"
#include "calls.h"
#include "console.h"
#include "cpu.h"
#include "panic.h"
#include "process.h"

#define LOG_MAX  256
#define LOG_STEP 32 /* a UART is slow, and this is polled with interrupts off */

/* What to say last comes from procmgr, and is printed when nobody else can print any more. */
static _Noreturn void enter_safe_state(struct process *p, uint64_t why)
{
	char text[SAFE_TEXT_BYTES];

	if (why == 0 || copy_in(p, text, why, sizeof(text)))
		safe_state(NULL);
	text[sizeof(text) - 1] = '\0';
	safe_state("%s", text);
}

int64_t call_SystemCtl(struct thread *t, struct frame *f)
{
	switch (SystemCtl_command(f)) {
	case SYSTEM_OFF: arch_system_off();
	case SYSTEM_RESET: arch_system_reset();
	case SYSTEM_CONSOLE_ON: console_off(false); return 0;
	case SYSTEM_SAFE_RESET: safe_state_resets(SystemCtl_value(f)); return 0;
	case SYSTEM_SAFE_STATE: enter_safe_state(t->process, SystemCtl_value(f));
	case SYSTEM_SHUTDOWN: process_shutdown = true; return 0;
	default: return -KE_INVAL;
	}
}

int64_t call_SystemLog(struct thread *t, struct frame *f)
{
	char text[LOG_STEP];
	uint64_t n = SystemLog_bytes(f) < LOG_STEP ? SystemLog_bytes(f) : LOG_STEP;

	if (SystemLog_bytes(f) > LOG_MAX)
		return -KE_INVAL;
	if (copy_in(t->process, text, SystemLog_text(f), n))
		return -KE_FAULT;
	n = console_try_write(text, n);
	SystemLog_add_text(f, n);
	SystemLog_add_bytes(f, -n);
	return SystemLog_bytes(f) ? CALL_RESTART : 0;
}

int64_t call_SystemInfo(struct thread *t, struct frame *f)
{
	struct system_info i = {.cpus = board.cpu_count, .counter_hz = arch_counter_hz(), .features = arch_features()};
	const uint64_t now = arch_clock_ticks();

	for (unsigned s = 0; s < PROCESS_MAX; s++) {
		const struct process *p = &processes[s];

		if (p->state <= PROCESS_DEFINED)
			continue;
		i.processes++;
		i.interrupts += p->kmem.count[OBJECT_IRQ];
		for (unsigned type = OBJECT_THREAD; type < KMEM_CLASSES; type++)
			i.objects += p->kmem.count[type];
	}
	for (unsigned c = 0; c < board.cpu_count; c++)
		i.idle_ns[c] = arch_clock_ns(cpu_idle_ticks(&cpus[c], now));
	return copy_out(t->process, SystemInfo_info(f), &i, sizeof(i));
}
