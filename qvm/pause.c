/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator stops the virtual CPUs, and continues them: each of their threads waits outside of the guest. Nothing
 * else stops: virtual devices take input and time goes on, so timers that fell due meanwhile fire at once afterwards.
 */
#include "qvm/pause.h"
#include "qvm/vm.h"

#define STOP_NS 1000000000ull /* for so long procmgr, which waits for 2 s, is not answered */

static bool is_paused(void)
{
	return __atomic_load_n(&vm.paused, __ATOMIC_ACQUIRE) != 0;
}

void vcpu_park(struct vcpu *vcpu)
{
	if (!is_paused())
		return;
	__atomic_store_n(&vcpu->parked, 1, __ATOMIC_RELEASE);
	__atomic_add_fetch(&vm.parkings, 1, __ATOMIC_RELEASE);
	word_wake(&vm.parkings, 1);
	while (is_paused())
		word_wait(&vm.paused, 1, 0);
	__atomic_store_n(&vcpu->parked, 0, __ATOMIC_RELEASE);
}

/* Those that are on and may still be in the guest. */
static uint32_t count_unstopped(void)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < vm.config.cpu_count; i++)
		count += __atomic_load_n(&vm.vcpu[i].power, __ATOMIC_ACQUIRE) != 0 &&
			 __atomic_load_n(&vm.vcpu[i].parked, __ATOMIC_ACQUIRE) == 0;
	return count;
}

static void pause_vcpus(void)
{
	struct {
		struct pm_answer head;
		uint32_t unstopped;
	} answer = {.head = {.type = PM_ANSWER, .signal = BH_SIGPAUSE}};
	const uint64_t deadline = ClockTime() + STOP_NS;

	__atomic_store_n(&vm.paused, 1, __ATOMIC_RELEASE);
	/* One that is off looks before it enters the guest. */
	for (unsigned i = 0; i < vm.config.cpu_count; i++)
		VcpuKick_r(vm.vcpu[i].id);
	for (;;) {
		const uint32_t parkings = __atomic_load_n(&vm.parkings, __ATOMIC_ACQUIRE);
		const uint64_t now = ClockTime();

		answer.unstopped = count_unstopped();
		if (answer.unstopped == 0 || now >= deadline)
			break;
		word_wait(&vm.parkings, parkings, deadline - now);
	}
	MsgSend_r(process_args()->procmgr_coid, &answer, sizeof(answer), NULL, 0);
}

void vm_unpause(void)
{
	if (__atomic_exchange_n(&vm.paused, 0, __ATOMIC_ACQ_REL) != 0)
		word_wake(&vm.paused, VCPU_MAX);
}

void vm_pause_or_resume(void)
{
	struct pm_vm info = {.state = VM_RUNNING};

	pm_request(PM_VM_INFO, vm.config.name, 0, 0, &info, sizeof(info));
	if (info.state == VM_PAUSED)
		pause_vcpus();
	else
		vm_unpause();
}
