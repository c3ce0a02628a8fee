/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file must be to be read as words, and characters that look like others: editors and web pages put them where a
 * blank, a quote or a hyphen was meant.
 */
#include "internal.h"
#include <stdio.h>
#include <string.h>

/* The Unicode character at `text`; *used: its bytes. What is no UTF-8 is one byte that stands for itself. */
static uint32_t character(const char *text, size_t left, size_t *used)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : at[0] >= 0xc2 ? 1 : 0;
	uint32_t code = at[0] & (0x3fu >> more);

	*used = 1;
	if (more == 0 || more >= left)
		return at[0];
	for (unsigned i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return at[0];
		code = code << 6 | (at[i] & 0x3f);
	}
	*used = 1 + more;
	return code;
}

enum qc_look qc_look(const char *text, size_t left, uint32_t *code, size_t *used)
{
	static const struct {
		uint16_t first, last;
		enum qc_look look;
	} ranges[] = {
	    {'\'', '\'', QC_SINGLE_QUOTE},    {0xa0, 0xa0, QC_BLANK},           {0xab, 0xab, QC_OTHER_QUOTE},
	    {0xad, 0xad, QC_INVISIBLE},       {0xb4, 0xb4, QC_OTHER_QUOTE},     {0xbb, 0xbb, QC_OTHER_QUOTE},
	    {0x1680, 0x1680, QC_BLANK},       {0x2000, 0x200a, QC_BLANK},       {0x200b, 0x200f, QC_INVISIBLE},
	    {0x2010, 0x2015, QC_HYPHEN},      {0x2018, 0x201f, QC_OTHER_QUOTE}, {0x2028, 0x2029, QC_BLANK},
	    {0x202a, 0x202e, QC_INVISIBLE},   {0x202f, 0x202f, QC_BLANK},       {0x2032, 0x2036, QC_OTHER_QUOTE},
	    {0x2039, 0x203a, QC_OTHER_QUOTE}, {0x205f, 0x205f, QC_BLANK},       {0x2060, 0x2064, QC_INVISIBLE},
	    {0x2212, 0x2212, QC_HYPHEN},      {0x3000, 0x3000, QC_BLANK},       {0xfeff, 0xfeff, QC_INVISIBLE},
	    {0xff02, 0xff02, QC_OTHER_QUOTE}, {0xff07, 0xff07, QC_OTHER_QUOTE},
	};

	*code = character(text, left, used);
	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (*code >= ranges[i].first && *code <= ranges[i].last)
			return ranges[i].look;
	}
	return *code < 0x80 ? QC_PLAIN : QC_FOREIGN;
}

void qc_strange(struct qc_reader *r, enum qc_look look, uint32_t code)
{
	static const char *const texts[QC_LOOKS] = {
	    [QC_SINGLE_QUOTE] = "a single quote does not join words: use double quotes",
	    [QC_OTHER_QUOTE] = "this is a typographic quote (U+%04X), which does not join words: use double quotes",
	    [QC_BLANK] = "this is a no-break space or another special blank (U+%04X): write a plain blank instead",
	    [QC_INVISIBLE] = "here is a character that nobody sees (U+%04X): delete it",
	    [QC_HYPHEN] = "this is a typographic hyphen or dash (U+%04X): write '-' instead",
	    [QC_FOREIGN] = "this character (U+%04X) is not ASCII: it may stand only in quotes and in comments",
	};
	char text[128];

	r->word_bad |= look != QC_BLANK;
	if (r->strange & 1u << look)
		return;
	r->strange |= 1u << look;
	snprintf(text, sizeof(text), texts[look], (unsigned)code);
	qc_mistake(r, &r->here, "%s", text);
}

static const char *encoding_problem(const char *text, size_t bytes)
{
	static const char wide[] = "is UTF-16 or UTF-32: save it as UTF-8 or ASCII";

	if (bytes >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return wide;
	if (bytes >= 2 && !text[0] != !text[1])
		return wide;
	if (bytes >= 4 && !text[0] && !text[1] && (memcmp(text + 2, "\xfe\xff", 2) == 0 || (!text[2] && text[3])))
		return wide;
	return memchr(text, '\0', bytes) ? "is no text: there is a NUL byte in it" : NULL;
}

const char *qc_text_problem(const char *text, size_t bytes)
{
	const char *problem = encoding_problem(text, bytes), *at = text;

	if (problem)
		return problem;
	/* A comment would reach over what looks like many lines. */
	while ((at = memchr(at, '\r', bytes - (size_t)(at - text))) != NULL) {
		if (at + 1 == text + bytes || at[1] != '\n')
			return "has a carriage return without a line feed: save it with the line ends of Unix or "
			       "Windows";
		at++;
	}
	return NULL;
}
