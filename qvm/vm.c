/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual machine of this process, and what it waits for. */
#include "qvm/vm.h"
#include <stdarg.h>
#include <stdio.h>

struct vm vm;

void vm_awaits(const char *format, ...)
{
	char text[PROTO_NOTE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pm_note(text);
}
