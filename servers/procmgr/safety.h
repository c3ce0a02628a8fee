/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option `safety`: what happens if a component is not the certified variant. A vdev is one if its file's name ends
 * in -safety.so, it was compiled as one, and the signed manifest lists it among the certified components; qvm if its
 * file is qvm-safety and listed so; kernel and procmgr, which are one Image, if the manifest lists them so and the
 * kernel that runs is that one.
 */
#pragma once

#include "qvmconf.h"
#include "slots.h"

/* The file of the VM manager: the certified variant is sought first. */
const char *safety_program(void);

/* A type of vdev has no file, or a refused one. `given` is the last `safety` that the configuration gave. */
void safety_lacks(enum qvm_safety given);

/* Judges all components of a VM, prints warnings and errors, and counts the errors. */
void safety_judge(const struct slot *slot, const struct qvm_config *vm, const void *archive, size_t bytes);

/* The same of devices whose DMA nothing bounds. */
void safety_judge_dma(const struct slot *slot, const struct sys_owner *own, enum qvm_safety given);

/* How many errors there were: not 0 is the global design safe state. */
unsigned safety_unmet(void);
