/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool text_parse_number(const char *text, uint32_t max, uint32_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	unsigned long number = strtoul(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);

	if (*end || errno || number > max)
		return false;
	*value = (uint32_t)number;
	return true;
}

char text_printable(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

const char *text_of_status(int status)
{
	switch (-status) {
	case ESRCH: return "there is none of that name or number";
	case EPERM: return "not allowed by the system description";
	case EBUSY: return "busy, or running already";
	default: return strerror(-status);
	}
}
