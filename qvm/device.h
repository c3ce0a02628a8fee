/* SPDX-License-Identifier: Apache-2.0 */
/* How an access that has to be understood first reaches the devices of the VM. */
#pragma once

#include "qvm/unsupported.h"

/* `ctx` is the struct vcpu that makes the access. */
struct device_ops {
	bool (*exists)(void *ctx, uint64_t ipa, unsigned size); /* is there one that has all of it? */
	/* Of a device. False: it refuses, and the guest shall get an abort. */
	bool (*read)(void *ctx, uint64_t ipa, unsigned size, uint64_t *value);
	bool (*write)(void *ctx, uint64_t ipa, unsigned size, uint64_t value);
	/* No device supports this access, of `size` bytes at a time. True: reads return all ones, writes are ignored.
	 */
	bool (*apply_policy)(void *ctx, uint64_t ipa, unsigned size, enum unsupported_act act);
};
