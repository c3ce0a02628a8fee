/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, see number.h. */
#include "number.h"
#include <string.h>

/* 16 for what is no digit in any radix. */
static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A' + 10);
	return 16;
}

static bool digits(const char *text, size_t bytes, unsigned radix, uint64_t *value)
{
	*value = 0;
	if (bytes == 0)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		unsigned d = digit(text[i]);

		if (d >= radix || __builtin_mul_overflow(*value, (uint64_t)radix, value) ||
		    __builtin_add_overflow(*value, (uint64_t)d, value))
			return false;
	}
	return true;
}

static unsigned multiplier_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K': return 10;
	case 'm':
	case 'M': return 20;
	case 'g':
	case 'G': return 30;
	default: return 0;
	}
}

static bool parse_number(const char *text, size_t bytes, unsigned radix, bool multiplier, uint64_t *value)
{
	unsigned shift = bytes > 0 && multiplier ? multiplier_shift(text[bytes - 1]) : 0;

	if (shift) {
		bytes--;
		radix = 10;
	}
	if (bytes > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		radix = 16;
		text += 2;
		bytes -= 2;
	} else if (bytes > 2 && text[0] == '0' && (text[1] == 'd' || text[1] == 'D')) {
		radix = 10;
		text += 2;
		bytes -= 2;
	}
	return digits(text, bytes, radix, value) && !__builtin_mul_overflow(*value, 1ull << shift, value);
}

bool number_address(const char *text, size_t bytes, uint64_t *value)
{
	return parse_number(text, bytes, 16, true, value);
}

bool number_length(const char *text, size_t bytes, uint64_t *value)
{
	return parse_number(text, bytes, 10, true, value);
}

bool number_plain(const char *text, size_t bytes, uint64_t *value)
{
	return parse_number(text, bytes, 10, false, value);
}

bool number_boolean(const char *text, bool *value)
{
	static const char *const words[] = {"0", "no", "off", "false", "1", "yes", "on", "true"};

	for (unsigned i = 0; i < 8; i++) {
		if (strcmp(text, words[i]) == 0) {
			*value = i >= 4;
			return true;
		}
	}
	return false;
}
