/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a virtual CPU. Accesses to devices, which come all the time, are answered here. */
#include "qvm/exits.h"
#include "likely.h"
#include "qvm/device.h"
#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/pass.h"
#include "qvm/pause.h"

#define ALL_ONES (~0ull)

/* There is nothing at that address, or not for this access. */
static __attribute__((noinline)) bool apply_policy(void *ctx, uint64_t ipa, unsigned bytes, enum unsupported_act act)
{
	return unsupported_apply_policy(ctx, pass_policy(ipa), ipa, UNSUPPORTED_REFERENCE, act, bytes);
}

/* The same, where a guest does it all the time, and all that is left to be done is to count it. */
static inline bool is_ignored(struct vcpu *vcpu, uint64_t ipa, unsigned bytes, enum unsupported_act act)
{
	if (!__atomic_load_n(&vm.only_counted, __ATOMIC_RELAXED))
		return apply_policy(vcpu, ipa, bytes, act);
	vcpu->unsupported++;
	vcpu->unsupported_last = (struct unsupported){ipa, UNSUPPORTED_REFERENCE, act, bytes};
	return true;
}

/* The device that was hit last is mostly hit again. Null: there is none at this address. */
static inline const struct mmio_region *device_at(struct vcpu *vcpu, uint64_t ipa, uint64_t size)
{
	const struct mmio_region *region = vcpu->last;

	if (mmio_holds(region, ipa, size))
		return region;
	region = mmio_find(&vm.mmio, ipa, (unsigned)size);
	if (region)
		vcpu->last = region;
	return region;
}

/* Accesses of a device that is there. Not done: the kernel finishes it, or it refuses, and the guest gets an abort. */
static inline struct vdev_value read_device(const struct vcpu *vcpu, const struct mmio_region *region, uint64_t ipa,
					    uint64_t size)
{
	return region->read(region->device, vcpu->index, ipa, (unsigned)size);
}

static inline bool write_device(const struct vcpu *vcpu, const struct mmio_region *region, uint64_t ipa, uint64_t size,
				uint64_t value)
{
	return region->write(region->device, vcpu->index, ipa, (unsigned)size, value);
}

/* Goes on after an access that is not done. */
static inline __attribute__((always_inline)) struct vcpu_run run_not_done(struct vcpu *vcpu, uint64_t ipa,
									  uint64_t size, bool write)
{
	const struct arch_request *request = arch_take_request(&vcpu->arch);

	if (likely(request))
		return VcpuRun(vcpu->id, ACT_PRIVATE, request->which, request->value, request->mask, 0);
	if (is_ignored(vcpu, ipa, (unsigned)size, write ? UNSUPPORTED_WRITES : UNSUPPORTED_READS))
		return VcpuRunValue(vcpu->id, write ? ACT_DONE : ACT_DATA, ALL_ONES);
	return VcpuRun(vcpu->id, ACT_ABORT, arch_abort(write), 0, 0, 0);
}

static bool device_exists(void *ctx, uint64_t ipa, unsigned size)
{
	const struct mmio_region *region = device_at(ctx, ipa, size);

	return region && size <= region->bytes; /* mmio_holds() takes that for granted of sizes up to 8 */
}

static bool device_read(void *ctx, uint64_t ipa, unsigned size, uint64_t *value)
{
	const struct vdev_value data = read_device(ctx, device_at(ctx, ipa, size), ipa, size);
	bool done = true;

	*value = data.value;
	if (!data.done && !arch_finish_request(ctx, ipa, value)) {
		*value = ALL_ONES;
		done = is_ignored(ctx, ipa, size, UNSUPPORTED_READS);
	}
	*value &= ~0ull >> (64 - 8 * size);
	return done;
}

static bool device_write(void *ctx, uint64_t ipa, unsigned size, uint64_t value)
{
	return write_device(ctx, device_at(ctx, ipa, size), ipa, size, value) ||
	       arch_finish_request(ctx, ipa, &value) || is_ignored(ctx, ipa, size, UNSUPPORTED_WRITES);
}

static const struct device_ops devices = {device_exists, device_read, device_write, apply_policy};

static void stop_if_told(struct vcpu *vcpu)
{
	if (__atomic_load_n(&vm.ending, __ATOMIC_ACQUIRE) != 0)
		thread_exit();
	vcpu_park(vcpu);
}

/* Interrupts that the kernel had no room for may find it now. */
static inline void retry_interrupts(void)
{
	if (unlikely(arch_interrupts_refused(&vm.arch)))
		arch_interrupts_retry();
}

/* The part of the exit that mmio_nothing() needs. */
static inline struct vcpu_run nothing_there(enum vcpu_exit exit, uint64_t ipa, uint64_t bytes)
{
	return (struct vcpu_run){.exit = exit, .x1 = ipa, .x2 = bytes};
}

/* The parts of the exit that a firmware call has: the others need no register while it is found out what it is. */
static inline struct vcpu_run firmware_call(int64_t exit, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5)
{
	return (struct vcpu_run){.exit = exit, .x2 = x2, .x3 = x3, .x4 = x4, .x5 = x5};
}

/* What guests do all the time, with registers for all that goes between kernel and device. */
static __attribute__((noinline)) struct vcpu_run run_devices(struct vcpu *vcpu, const struct exit_reply *reply)
{
	const int id = vcpu->id;
	struct vcpu_run exit = VcpuRun(id, reply->action, reply->x[0], reply->x[1], reply->x[2], reply->x[3]);

	for (;;) {
		uint64_t answer;

		if (likely(exit.exit == EXIT_MMIO_READ)) {
			const struct mmio_region *region = device_at(vcpu, exit.x1, exit.x2);

			if (unlikely(!region))
				return nothing_there(EXIT_MMIO_READ, exit.x1, exit.x2);
			const struct vdev_value data = read_device(vcpu, region, exit.x1, exit.x2);
			retry_interrupts();
			exit = likely(data.done) ? VcpuRunValue(id, ACT_DATA, data.value)
						 : run_not_done(vcpu, exit.x1, exit.x2, false);
		} else if (exit.exit == EXIT_MMIO_WRITE) {
			const struct mmio_region *region = device_at(vcpu, exit.x1, exit.x2);

			if (unlikely(!region))
				return nothing_there(EXIT_MMIO_WRITE, exit.x1, exit.x2);
			const bool good = write_device(vcpu, region, exit.x1, exit.x2, exit.x3);
			retry_interrupts();
			exit =
			    likely(good) ? VcpuRunValue(id, ACT_DONE, 0) : run_not_done(vcpu, exit.x1, exit.x2, true);
		} else if (unlikely(arch_is_call(exit.exit, exit.x1))) {
			if (!arch_call_query(&vm.arch, (uint64_t[]){exit.x2, exit.x3, exit.x4}, &answer))
				return firmware_call(exit.exit, exit.x2, exit.x3, exit.x4, exit.x5);
			exit = VcpuRun(id, ACT_RESULT, answer, exit.x3, exit.x4, exit.x5);
		} else {
			return exit;
		}
	}
}

void vcpu_run_until_off(struct vcpu *vcpu)
{
	struct exit_reply reply = {.action = ACT_RUN};

	while (!reply.gone) {
		const struct vcpu_run exit = run_devices(vcpu, &reply);

		if (exit.exit == EXIT_KICK) {
			stop_if_told(vcpu);
			reply.action = ACT_RUN;
		} else if (!arch_exit(vcpu, &exit, &devices, &reply)) {
			vm_logf(SLOG_FATAL, "vCPU %u cannot run: the kernel returned %lld", vcpu->index,
				(long long)exit.exit);
			vm_end(VM_EXIT_FATAL, CAUSE_ERROR);
		}
		retry_interrupts();
	}
}
