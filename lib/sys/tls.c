/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sys/tls.h"
#include <string.h>

/* From process.ld: the offset of the initial values from the program's base, and the size of a block. */
extern const struct tls_layout {
	uint64_t image, image_bytes, bytes, align;
} __tls_layout;
extern const char __text_start[];

static size_t alignment(void)
{
	return __tls_layout.align > TLS_ALIGN_MIN ? __tls_layout.align : TLS_ALIGN_MIN;
}

size_t tls_bytes(void)
{
	/* The variables' offset from TPIDR_EL0 is 16 bytes, or their alignment if that is more: ELF for the Arm 64-bit
	 * Architecture, "Thread Local Storage". */
	size_t bytes = alignment() - 1 + alignment() + __tls_layout.bytes;

	return (bytes + TLS_ALIGN_MIN - 1) & ~(size_t)(TLS_ALIGN_MIN - 1);
}

void *tls_make(void *memory)
{
	/* TPIDR_EL0 itself is aligned, and so are the variables, whose offset from it is a multiple of that. */
	char *block = (char *)(((uintptr_t)memory + alignment() - 1) & ~(uintptr_t)(alignment() - 1));
	char *variables = block + alignment();

	*(uintptr_t *)(void *)(block + GUARD_OFFSET) = __stack_chk_guard;
	memcpy(variables, __text_start + __tls_layout.image, __tls_layout.image_bytes);
	memset(variables + __tls_layout.image_bytes, 0, __tls_layout.bytes - __tls_layout.image_bytes);
	return block;
}
