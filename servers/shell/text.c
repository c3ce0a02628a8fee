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

bool text_parse_decimal(const char *text, unsigned decimals, uint32_t max, uint32_t *value)
{
	uint64_t number = 0;
	unsigned after = 0;
	bool point = false;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text; text++) {
		if (*text == '.' && !point && text[1]) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9' || (point && after == decimals) || number > max)
			return false;
		number = number * 10 + (unsigned)(*text - '0');
		after += point;
	}
	for (; after < decimals; after++)
		number *= 10;
	*value = (uint32_t)number;
	return number <= max;
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
