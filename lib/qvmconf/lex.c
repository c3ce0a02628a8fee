/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words. Input is the words of a command line; `@file` among them stands for the words of that file. In a file words
 * are separated by white space, `#` begins a comment, double quotes join, and `$env{}`, `$asinfo_start{}` and
 * `$asinfo_length{}` are replaced. A word of the command line is one word as it stands (the shell has done its
 * quoting), with the same replacements.
 *
 * A word is put together in the free part of the arena, so a kept one costs no copy.
 */
#include "internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SUBSTITUTION_NAME_MAX 64
#define QC_WHY_MAX            256

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void word_begin(struct qc_reader *r)
{
	r->word = r->config->arena + r->config->arena_used;
	r->word_bytes = 0;
	r->word_bad = false;
	r->word_place = r->here;
	r->word[0] = '\0';
}

/* Makes the word one that is not judged any more. What belongs to something that was refused is not worth a message. */
static void word_spoil(struct qc_reader *r, const char *text, const char *name)
{
	const bool refused = r->skipping && (r->context == QC_REFUSED || r->context == QC_OTHER_VDEV);

	if (!r->word_bad && !refused)
		qc_mistake(r, &r->word_place, "%s%s%s%s", text, *name ? " '" : "", name, *name ? "'" : "");
	r->word_bad = true;
}

/* Room is left in the arena for this word's NUL and for that of an empty next one. */
static void word_add(struct qc_reader *r, char c)
{
	if ((unsigned char)c < ' ' && c != '\n' && c != '\t' && c != '\r') {
		word_spoil(r, "there is a control character in this word: configurations are plain text", "");
		return;
	}
	if (r->word_bytes == QVM_TOKEN_MAX) {
		word_spoil(r, "this word is longer than 4096 bytes", "");
		return;
	}
	if (r->config->arena_used + r->word_bytes + 2 >= QVM_ARENA_BYTES) {
		word_spoil(r, "the texts of this configuration are longer than 16 KiB together", "");
		return;
	}
	r->word[r->word_bytes++] = c;
	r->word[r->word_bytes] = '\0';
}

static void word_add_text(struct qc_reader *r, const char *text)
{
	for (; *text != '\0' && !r->word_bad; text++)
		word_add(r, *text);
}

/* Makes the word read last, or `text` within it, permanent. */
const char *qc_keep(struct qc_reader *r, const char *text)
{
	if (*text == '\0')
		return "";
	r->config->arena_used = (size_t)(text - r->config->arena) + strlen(text) + 1;
	return text;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

enum substitution { SUB_ENV, SUB_START, SUB_LENGTH, SUB_NONE };

static enum substitution substitution_kind(const char *text, size_t bytes, size_t *used)
{
	static const char *const heads[] = {"$env{", "$asinfo_start{", "$asinfo_length{"};

	for (unsigned i = 0; i < SUB_NONE; i++) {
		*used = strlen(heads[i]);
		if (bytes >= *used && memcmp(text, heads[i], *used) == 0)
			return (enum substitution)i;
	}
	return SUB_NONE;
}

static void substitute_asinfo(struct qc_reader *r, enum substitution kind, const char *name)
{
	uint64_t start, bytes;
	char number[24];

	if (strchr(name, '/')) {
		word_spoil(r, "only the last name of a memory region is given, no path:", name);
	} else if (!r->host->asinfo || !r->host->asinfo(r->host->context, name, &start, &bytes)) {
		char why[QC_WHY_MAX] = "";

		if (r->host->asinfo_why)
			r->host->asinfo_why(r->host->context, name, why, sizeof(why));
		if (*why)
			word_spoil(r, why, "");
		else
			word_spoil(r, "the board has no reserved memory region", name);
	} else {
		snprintf(number, sizeof(number), "0x%" PRIx64, kind == SUB_START ? start : bytes);
		word_add_text(r, number);
	}
}

static void substitute_env(struct qc_reader *r, const char *name)
{
	const char *value = r->host->env ? r->host->env(r->host->context, name) : NULL;

	if (value)
		word_add_text(r, value);
	else
		word_spoil(r, "there is no environment variable", name);
}

/* If a substitution stands at `text`, does it and returns how many bytes it takes; else 0. */
static size_t substitute(struct qc_reader *r, const char *text, size_t bytes)
{
	char name[SUBSTITUTION_NAME_MAX + 1];
	size_t head, length = 0;
	enum substitution kind = substitution_kind(text, bytes, &head);

	if (kind == SUB_NONE)
		return 0;
	while (head + length < bytes && !is_space(text[head + length]) && text[head + length] != '}') {
		if (length == SUBSTITUTION_NAME_MAX)
			break;
		name[length] = text[head + length];
		length++;
	}
	if (head + length == bytes || text[head + length] != '}' || length == 0) {
		word_spoil(r, "after '$...{' a name and '}' are expected", "");
		return head + length;
	}
	name[length] = '\0';
	if (r->word_bad)
		return head + length + 1;
	if (kind == SUB_ENV)
		substitute_env(r, name);
	else
		substitute_asinfo(r, kind, name);
	return head + length + 1;
}

static void advance(struct qc_reader *r)
{
	if (r->text[r->at++] == '\n')
		r->here.line++;
}

static enum qc_look look_here(const struct qc_reader *r, uint32_t *code, size_t *used)
{
	return qc_look(r->text + r->at, r->text_bytes - r->at, code, used);
}

static void skip_blank(struct qc_reader *r)
{
	bool comment = false;

	while (r->at < r->text_bytes) {
		char c = r->text[r->at];
		size_t used = 1;
		uint32_t code;

		if (c == '\n')
			comment = false;
		else if (c == '#')
			comment = true;
		else if (!comment && look_here(r, &code, &used) == QC_BLANK)
			qc_strange(r, QC_BLANK, code);
		else if (!comment && !is_space(c))
			break;
		if (used == 1)
			advance(r);
		else
			r->at += used;
	}
}

/* How many bytes a backslash and the line end after it take; 0: that is not what stands here. */
static size_t joined_line(const char *text, size_t bytes)
{
	if (bytes >= 2 && text[0] == '\\' && text[1] == '\n')
		return 2;
	if (bytes >= 3 && text[0] == '\\' && text[1] == '\r' && text[2] == '\n')
		return 3;
	return 0;
}

/* Within quotes: a backslash joins lines with a blank, and takes the meaning from a quote or another backslash. */
static void quoted_backslash(struct qc_reader *r)
{
	const char *text = r->text + r->at;
	size_t left = r->text_bytes - r->at, join = joined_line(text, left);

	if (join) {
		word_add(r, ' ');
		while (join--)
			advance(r);
		return;
	}
	if (left >= 2 && (text[1] == '"' || text[1] == '\\'))
		advance(r);
	word_add(r, r->text[r->at]);
	advance(r);
}

/* After a quote of the wrong kind: over what was to be quoted, so that it is not judged. */
static void skip_quoted(struct qc_reader *r)
{
	uint32_t code;
	size_t used;

	for (size_t at = r->at; at < r->text_bytes && r->text[at] != '\n'; at += used) {
		enum qc_look look = qc_look(r->text + at, r->text_bytes - at, &code, &used);

		if (look == QC_SINGLE_QUOTE || look == QC_OTHER_QUOTE) {
			r->at = at + used;
			return;
		}
	}
}

/* Skips a character that readers would misread. True: it was one. Within quotes nearly all are allowed. */
static bool pass_strange(struct qc_reader *r, bool quoted)
{
	uint32_t code;
	size_t used;
	enum qc_look look = look_here(r, &code, &used);

	if (look == QC_PLAIN || (quoted && look != QC_BLANK && look != QC_INVISIBLE))
		return false;
	qc_strange(r, look, code);
	r->word_bad = true;
	r->at += used;
	if (look == QC_SINGLE_QUOTE || look == QC_OTHER_QUOTE)
		skip_quoted(r);
	return true;
}

/* Is a blank here, outside of quotes? One that only looks so ends a word, too. */
static bool blank_here(const struct qc_reader *r)
{
	uint32_t code;
	size_t used;

	return is_space(r->text[r->at]) || look_here(r, &code, &used) == QC_BLANK;
}

/* A line end in quotes is itself, however the file writes it. */
static bool line_end_here(const struct qc_reader *r)
{
	return r->text[r->at] == '\r' && r->at + 1 < r->text_bytes && r->text[r->at + 1] == '\n';
}

static bool file_word(struct qc_reader *r)
{
	const uint32_t line = r->at ? r->here.line : 0;
	bool quoted = false;
	size_t used;

	skip_blank(r);
	if (r->at == r->text_bytes)
		return false;
	word_begin(r);
	r->word_first = r->here.line != line;
	while (r->at < r->text_bytes) {
		char c = r->text[r->at];

		if (!quoted && (blank_here(r) || c == '#'))
			break;
		if (pass_strange(r, quoted))
			continue;
		if (c == '"') {
			quoted = !quoted;
			advance(r);
		} else if (quoted && c == '\\') {
			quoted_backslash(r);
		} else if (c == '$' && (used = substitute(r, r->text + r->at, r->text_bytes - r->at)) != 0) {
			r->at += used;
		} else {
			if (!line_end_here(r))
				word_add(r, c);
			advance(r);
		}
	}
	if (quoted)
		word_spoil(r, "the quote that begins in this word is not closed", "");
	return true;
}

static bool command_word(struct qc_reader *r)
{
	const char *text;

	if (r->arg == r->argc)
		return false;
	text = r->argv[r->arg++];
	r->here = (struct qvm_place){.file = "command line", .line = (uint32_t)r->arg};
	word_begin(r);
	r->word_first = false;
	for (size_t left = strlen(text), used; left; text += used, left -= used) {
		used = *text == '$' ? substitute(r, text, left) : 0;
		if (used == 0) {
			word_add(r, *text);
			used = 1;
		}
	}
	return true;
}

/* The next word of the source that is being read. */
static bool next_word(struct qc_reader *r)
{
	if (r->stop || !(r->text ? file_word(r) : command_word(r)))
		return false;
	if (++r->words > QVM_TOKENS_MAX) {
		qc_mistake(r, &r->word_place, "the configuration has more than 8192 words");
		r->stop = true;
		return false;
	}
	return true;
}

static bool read_file(struct qc_reader *r, const char *path, const char **text, size_t *bytes)
{
	int status = r->host->read ? r->host->read(r->host->context, path, text, bytes) : -ENOENT;
	const char *problem;

	if (status < 0) {
		qc_mistake(r, &r->word_place, "cannot read the configuration file '%.128s': %s", path,
			   status == -ENOENT   ? "no such file"
			   : status == -EXDEV  ? "it lies outside of the system's folders"
			   : status == -EINVAL ? "it is not a regular file"
			   : status == -EISDIR ? "it is a folder"
			   : status == -EFBIG  ? "it is longer than 256 KiB"
			   : status == -EACCES ? "it may not be read"
					       : "the read failed");
		return false;
	}
	if (*bytes > QVM_FILE_MAX) {
		qc_mistake(r, &r->word_place, "the configuration file '%.128s' is longer than 256 KiB", path);
		return false;
	}
	*text = *text ? *text : ""; /* of an empty file */
	problem = qc_text_problem(*text, *bytes);
	if (problem) {
		qc_mistake(r, &(struct qvm_place){base_name(path), 1}, "this file %s", problem);
		return false;
	}
	return true;
}

static void open_file(struct qc_reader *r)
{
	const char *path, *text = NULL;
	size_t bytes = 0;

	if (r->word_bad)
		return;
	if (++r->sources > QVM_SOURCES_MAX) {
		qc_mistake(r, &r->word_place, "more than %d configuration files", QVM_SOURCES_MAX);
		return;
	}
	path = qc_keep(r, r->word + 1);
	if (!read_file(r, path, &text, &bytes)) {
		r->mem_mistaken = r->load_mistaken = true; /* what it would have said is not missing */
		return;
	}
	r->text = text;
	r->text_bytes = bytes;
	r->at = 0;
	r->here = r->option_place = (struct qvm_place){.file = base_name(path), .line = 1};
	/* Some editors put a byte order mark (Unicode 15.0, 23.8) in front of UTF-8, and nobody sees it. */
	if (bytes >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0) {
		r->text += 3;
		r->text_bytes -= 3;
	}
}

/* The next word where an option may stand: files open and close here, and only here. */
bool qc_next_option(struct qc_reader *r)
{
	for (;;) {
		if (!next_word(r)) {
			if (r->stop || !r->text)
				return false;
			r->text = NULL;
			continue;
		}
		r->option_place = r->word_place;
		if (r->word_bad) {
			r->mem_mistaken = r->load_mistaken = true; /* it may have been any option */
			continue;
		}
		if (r->word[0] != '@')
			return true;
		if (r->text)
			qc_mistake(r, &r->word_place,
				   "'%.64s': a file cannot name another one; name both on the command line", r->word);
		else
			open_file(r);
		r->skipping &= r->text != NULL; /* a file that cannot be read has no leftovers */
	}
}

/* The next word as the argument of `option`, or NULL after reporting that it is missing or wrong in itself. */
const char *qc_argument(struct qc_reader *r, const struct qc_option *option)
{
	if (!next_word(r)) {
		qc_mistake(r, &r->option_place, "'%s' needs an argument: %s", option->name, option->argument);
		return NULL;
	}
	return r->word_bad ? NULL : r->word;
}
