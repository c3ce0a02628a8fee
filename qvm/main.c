/* SPDX-License-Identifier: Apache-2.0 */
/* qvm: the VM manager. One process is one virtual machine; its first thread listens to signals once the guest runs. */
#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/pause.h"
#include "qvm/report.h"
#include "qvm/setup.h"
#include "qvm/vcpu.h"
#include "qvm/vm.h"
#include <string.h>

int main(void);

/* Signals reach a process as pulses. Before the guest starts they wait on the channel. */
static int open_control(void)
{
	const int chid = ChannelCreate_r(CHF_PRIVATE);

	if (chid > 0)
		vm.control = ConnectAttach_r(process_args()->slot, chid, 0);
	if (chid < 0 || vm.control < 0 || ThreadCtl_r(THREADCTL_CONTROL, (uint64_t)chid) < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, NULL, "no channel for signals: %s", strerror(-chid));
	return chid;
}

static void handle_signal(uint64_t number)
{
	static bool pressed; /* a guest that ignores the button does not survive the second time */

	switch (number) {
	case BH_SIGTERM:
	case BH_SIGINT:
		vm_unpause(); /* a guest that stands still hears no button */
		/* Without a vdev that has a power button there is none to press, so the guest ends at once. */
		if (!pressed && vdev_button()) {
			pressed = true;
			break;
		}
		vm_logf(SLOG_INFO, "ended by signal %u", (unsigned)number);
		vm_end(VM_EXIT_NORMAL, CAUSE_SIGNAL);
	case BH_SIGQUIT: vm_logf(SLOG_INFO, "the guest's power is cut"); vm_end(VM_EXIT_POWER_CUT, CAUSE_SIGNAL);
	case BH_SIGUSR1: vm_report(); break;
	case BH_SIGENV: vm_send_env(); break;
	case BH_SIGSTATE: vm_send_state(); break;
	case BH_SIGPAUSE: vm_pause_or_resume(); break;
	default: break;
	}
}

_Noreturn static void handle_pulses(int chid)
{
	for (;;) {
		struct pulse pulse;
		const int64_t rcvid = MsgReceive_r(chid, &pulse, sizeof(pulse), NULL);

		if (rcvid == 0 && pulse.code == CONTROL_SIGNAL)
			handle_signal(pulse.value);
		else if (rcvid == 0 && pulse.code == CONTROL_TERMINATE)
			vm_end((enum vm_exit)pulse.value, pulse.value == GTC_WATCHDOG      ? CAUSE_WATCHDOG
							  : pulse.value == GTC_NORMAL_EXIT ? CAUSE_OFF
											   : CAUSE_ERROR);
		else if (rcvid > 0)
			MsgError_r(rcvid, KE_NOSYS); /* only this process can connect, and it sends nothing */
	}
}

/* A log ring that the configuration names must be there. */
static void await_log(void)
{
	for (unsigned i = 0; i < vm.config.logger_count; i++) {
		const struct qvm_logger *logger = &vm.config.loggers[i];
		int coid;

		if ((logger->dest & QVM_LOG_SLOG) == 0)
			continue;
		vm_awaits("[%s:%u] the log ring", logger->place.file, (unsigned)logger->place.line);
		coid = name_open("slogger", PM_WAIT, 0);
		if (coid < 0)
			vm_refuse(VM_EXIT_CONFIG, &logger->place, "the log ring cannot be reached: %s",
				  strerror(-coid));
		ConnectDetach_r(coid);
		return;
	}
}

int main(void)
{
	const int chid = open_control();
	const struct vm_boot boot = vm_build(process_args(), (uint8_t *)(uintptr_t)process_args()->window);

	if (vm.config.dryrun) {
		vm_logf(SLOG_INFO, "Exiting: dryrun completed");
		vm_end(VM_EXIT_NORMAL, CAUSE_OFF);
	}
	await_log();
	/* The answer comes when every process that the VM may connect to is ready. */
	if (pm_ready() < 0)
		vm_refuse(VM_EXIT_FATAL, NULL, "procmgr does not let the guest start");
	vm_logf(SLOG_INFO, "%s starts at 0x%llx, device tree at 0x%llx", vm.config.name, (unsigned long long)boot.entry,
		(unsigned long long)boot.fdt);
	vdev_starting();
	vcpu_start(&boot);
	handle_pulses(chid);
}
