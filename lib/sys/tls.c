/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sys/tls.h"
#include <picotls.h>

/* From process.ld: an absolute symbol whose address is the value. */
extern char __arm64_tls_tcb_offset[];

static size_t alignment(void)
{
	size_t align = _tls_align();

	return align > TLS_ALIGN_MIN ? align : TLS_ALIGN_MIN;
}

static size_t tcb_bytes(void)
{
	return (size_t)(uintptr_t)__arm64_tls_tcb_offset;
}

size_t tls_bytes(void)
{
	size_t bytes = alignment() - 1 + tcb_bytes() + _tls_size();

	return (bytes + TLS_ALIGN_MIN - 1) & ~(size_t)(TLS_ALIGN_MIN - 1);
}

void *tls_make(void *memory)
{
	/* TPIDR_EL0 itself is aligned, and so are the variables, whose offset from it is a multiple of that. */
	uintptr_t block = ((uintptr_t)memory + alignment() - 1) & ~(uintptr_t)(alignment() - 1);

	_init_tls((void *)(block + tcb_bytes()));
	return (void *)block;
}
