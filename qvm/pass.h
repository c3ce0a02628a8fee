/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pass`: memory and interrupts of the host that are the guest's. What of it the system description has given this VM
 * is found among the regions of this process by its physical address; all else is refused before the guest starts.
 */
#pragma once

#include "qvm/load.h"
#include <qvmconf.h>
#include <stdint.h>

/* Maps everything into the guest. What is its RAM, or a blob, also becomes guest memory at `window` here. */
void pass_map(uint8_t *window);
/* The blobs among it, which are there already: before the files that are loaded. */
void pass_blobs(struct loader *loader);
/* Memory that no file was loaded into keeps its content. Called after loading. */
void pass_keep(struct loader *loader);
/* One more than the highest INTID that is passed, or `least` if that is greater. */
unsigned pass_intids(unsigned least);
/* Binds the interrupts. When there are vCPUs, before the first one runs. */
void pass_bind(void);
/* What to do about an access that the host's rights refuse: the letter `e`, or else what the VM does about all. */
enum qvm_unsupported pass_policy(uint64_t ipa);
