/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes the file of a vdev to those who do not run it. Include it in one source file, after defining VDEV_OPTIONS
 *as the name of the file with the options (<qvm/vdev-options.h>):
 *
 *	#define VDEV_OPTIONS "options.def"
 *	#include <qvm/vdev-describe.h>
 *
 * Gives OPTION_ID for each option, its number in VDEV_CTRL_FIRST_OPTIDX + OPTION_ID, and VDEV_SAFETY_BUILT for `safety`
 * of the factory: compiling with VDEV_SAFETY defined makes the certified variant. The description becomes an ELF note
 * with the owner "Bulkhead" and type 1 (System V ABI, chapter 5, "Note Section").
 */
#pragma once

#include <qvm/vdev-core.h>
#include <qvm/vdev-options.h>

#ifdef VDEV_SAFETY
#define VDEV_SAFETY_BUILT VDEV_SAFETY_SELECTED
#define VDEV_NOTE_BUILT   VDEV_NOTE_SAFETY
#else
#define VDEV_SAFETY_BUILT VDEV_SAFETY_NONE
#define VDEV_NOTE_BUILT   0u
#endif

#define VDEV_TYPE(name, registers, flags)
#define VDEV_END
#define VDEV_OPTION(id, name, kind) OPTION_##id,
enum {
#include VDEV_OPTIONS
	OPTION_COUNT,
};
#undef VDEV_OPTION

#define VDEV_OPTION(id, name, kind) name "\0" kind "\0"
enum {
	OPTION_TEXT_BYTES = sizeof(
#include VDEV_OPTIONS
	    "")
};
#undef VDEV_TYPE

#define VDEV_TYPE(name, registers, flags) (flags) | VDEV_NOTE_BUILT, (registers),
__attribute__((used, section(".note.bulkhead"), aligned(4))) static const struct {
	uint32_t owner_bytes, bytes, type;
	char owner[12];
	uint32_t abi, flags, registers;
	char options[(OPTION_TEXT_BYTES + 3) / 4 * 4];
} vdev_note_ = {sizeof("Bulkhead"),
		12 + OPTION_TEXT_BYTES,
		VDEV_NOTE_TYPE,
		"Bulkhead",
		QVM_VDEV_ABI,
#include VDEV_OPTIONS
		""};
#undef VDEV_TYPE
#undef VDEV_OPTION
#undef VDEV_END
