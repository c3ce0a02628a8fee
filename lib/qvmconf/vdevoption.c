/* SPDX-License-Identifier: Apache-2.0 */
/* The list of a vdev's options, and whether a value is one of an option. See vdevoption.h and qvm/vdev-options.h. */
#include "vdevoption.h"
#include "number.h"
#include <inttypes.h>
#include <qvm/vdev-options.h>
#include <stdio.h>
#include <string.h>

#define KIND_BYTES_MAX 256u /* of a kind with all that belongs to it */

/* Takes the next of the words that ':' separates from `*text`. False: there is none left. */
static bool next_word(const char **text, const char *end, const char **word, size_t *bytes)
{
	const char *colon;

	if (*text >= end)
		return false;
	colon = memchr(*text, ':', (size_t)(end - *text));
	*word = *text;
	*bytes = (size_t)((colon ? colon : end) - *text);
	*text = *word + *bytes + 1;
	return true;
}

static bool is_word(const char *text, const char *end, const char *value)
{
	const char *word;
	size_t bytes;

	while (next_word(&text, end, &word, &bytes)) {
		if (strlen(value) == bytes && memcmp(word, value, bytes) == 0)
			return true;
	}
	return false;
}

/* The two numbers that the limits begin with; *rest is what comes after them. */
static bool range(const struct vdev_option *o, uint64_t *least, uint64_t *most, const char **rest)
{
	const char *text = o->limits, *end = o->limits + o->limits_bytes, *word;
	size_t bytes;
	bool good = next_word(&text, end, &word, &bytes) && number_plain(word, bytes, least) &&
		    next_word(&text, end, &word, &bytes) && number_plain(word, bytes, most) && *least <= *most;

	*rest = text < end ? text : end;
	return good;
}

static bool wrong_number(const struct vdev_option *o, const char *value, char why[VDEV_WHY_BYTES])
{
	const char *end = o->limits + o->limits_bytes, *words;
	const bool lengths = o->kind == VDEV_KIND_BYTES;
	uint64_t least, most, number = 0;
	int used;

	if (!range(o, &least, &most, &words) || is_word(words, end, value))
		return false;
	if ((lengths ? number_length : number_plain)(value, strlen(value), &number) && number >= least &&
	    number <= most)
		return false;
	used = snprintf(why, VDEV_WHY_BYTES, "is not a number%s from %" PRIu64 " to %" PRIu64,
			lengths ? " of bytes" : "", least, most);
	if (words < end && used < (int)VDEV_WHY_BYTES)
		snprintf(why + used, VDEV_WHY_BYTES - (size_t)used, ", or %.*s", (int)(end - words), words);
	return true;
}

static bool wrong_word(const struct vdev_option *o, const char *value, char why[VDEV_WHY_BYTES])
{
	const char *text = o->limits, *end = o->limits + o->limits_bytes, *word;
	size_t bytes, used;

	if (is_word(text, end, value))
		return false;
	used = (size_t)snprintf(why, VDEV_WHY_BYTES, "is unknown; write ");
	for (unsigned i = 0; next_word(&text, end, &word, &bytes) && used < VDEV_WHY_BYTES; i++)
		used +=
		    (size_t)snprintf(why + used, VDEV_WHY_BYTES - used, "%s%.*s", i ? " or " : "", (int)bytes, word);
	return true;
}

static bool wrong_text(const struct vdev_option *o, const char *value, char why[VDEV_WHY_BYTES])
{
	uint64_t most;

	if (!number_plain(o->limits, o->limits_bytes, &most) || (*value && strlen(value) <= most))
		return false;
	snprintf(why, VDEV_WHY_BYTES, "is not a text of 1 to %" PRIu64 " characters", most);
	return true;
}

static const char *wrong_path(const char *value)
{
	return value[*value == '<'] == '/' ? NULL : "is not a path that begins with '/'";
}

static const char *wrong_otherwise(enum vdev_kind kind, const char *value)
{
	struct vdev_console console;
	struct vdev_region region;
	struct vdev_peer peer;
	bool truth;

	switch (kind) {
	case VDEV_KIND_BOOLEAN: return number_boolean(value, &truth) ? NULL : "is neither on nor off";
	case VDEV_KIND_PATH: return wrong_path(value);
	case VDEV_KIND_CONSOLE: return vdev_console(value, &console);
	case VDEV_KIND_REGION: return vdev_region(value, &region);
	case VDEV_KIND_PATTERN: return vdev_pattern(value);
	case VDEV_KIND_PEER: return vdev_peer(value, &peer);
	default: return NULL;
	}
}

bool vdev_option_value(const struct vdev_option *option, const char *value, char why[VDEV_WHY_BYTES])
{
	const char *wrong;

	switch (option->kind) {
	case VDEV_KIND_NUMBER:
	case VDEV_KIND_BYTES: return !wrong_number(option, value, why);
	case VDEV_KIND_WORD: return !wrong_word(option, value, why);
	case VDEV_KIND_TEXT: return !wrong_text(option, value, why);
	default: wrong = wrong_otherwise(option->kind, value); break;
	}
	if (wrong)
		snprintf(why, VDEV_WHY_BYTES, "%s", wrong);
	return !wrong;
}

bool vdev_option_takes(const struct vdev_option *option)
{
	return option->kind != VDEV_KIND_FLAG;
}

/* Reads a kind, which is a whole string. */
static void read_kind(const char *kind, struct vdev_option *o)
{
	const char *equals = strchr(kind, '=');

	o->repeats = *kind == '*';
	kind += o->repeats;
	o->required = *kind == '!';
	kind += o->required;
	o->kind = (enum vdev_kind) * kind;
	o->standard = equals ? equals + 1 : NULL;
	o->limits = *kind && kind[1] == ':' ? kind + 2 : "";
	o->limits_bytes = *o->limits ? equals ? (size_t)(equals - o->limits) : strlen(o->limits) : 0;
}

bool vdev_option_at(const char *options, unsigned index, struct vdev_option *option)
{
	for (; *options; options += strlen(options) + 1) {
		option->name = options;
		options += strlen(options) + 1;
		if (index-- == 0) {
			read_kind(options, option);
			return true;
		}
	}
	return false;
}

int vdev_option_find(const char *options, const char *name, struct vdev_option *option)
{
	for (unsigned i = 0; vdev_option_at(options, i, option); i++) {
		if (strcmp(option->name, name) == 0)
			return (int)i;
	}
	return -1;
}

/* ---- a list that comes from outside ---- */

static bool good_name(const char *name, size_t bytes)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (bytes == 0 || bytes >= VDEV_OPTION_BYTES || strspn(name, letters) == 0)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		if (!strchr(letters, name[i]) && (name[i] < '0' || name[i] > '9') && name[i] != '-' && name[i] != '_')
			return false;
	}
	return true;
}

static bool printable(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return true;
}

/* Are the limits of a kind what it needs? */
static bool good_limits(const struct vdev_option *o)
{
	const char *rest;
	uint64_t least, most;

	switch (o->kind) {
	case VDEV_KIND_NUMBER:
	case VDEV_KIND_BYTES: return range(o, &least, &most, &rest);
	case VDEV_KIND_TEXT: return number_plain(o->limits, o->limits_bytes, &most) && most > 0;
	case VDEV_KIND_WORD:
	case VDEV_KIND_OWN: return o->limits_bytes > 0;
	default: return o->limits_bytes == 0;
	}
}

/* Is the kind what read_kind() expects, to its end? */
static bool good_kind(const char *kind, size_t bytes, struct vdev_option *o)
{
	static const char kinds[] = "fnswbtpcrgeox";
	char why[VDEV_WHY_BYTES];
	const char *at;

	if (bytes >= KIND_BYTES_MAX || !printable(kind, bytes))
		return false;
	read_kind(kind, o);
	at = kind + o->repeats + o->required;
	if (!*at || !strchr(kinds, *at) || (at[1] && at[1] != ':' && at[1] != '=') || !good_limits(o))
		return false;
	return !o->standard || (vdev_option_takes(o) && !o->required && vdev_option_value(o, o->standard, why));
}

const char *vdev_options_check(const char *options, size_t bytes, size_t *used)
{
	size_t at = 0;

	for (unsigned count = 0;; count++) {
		struct vdev_option option, other;
		size_t name, kind;

		name = strnlen(options + at, bytes - at);
		if (name == bytes - at)
			return "the options in its note are cut off";
		if (name == 0)
			break;
		if (count == VDEV_OPTIONS_MAX)
			return "its note has more than 32 options";
		kind = strnlen(options + at + name + 1, bytes - at - name - 1);
		if (kind == bytes - at - name - 1)
			return "the options in its note are cut off";
		if (!good_name(options + at, name))
			return "its note names an option that is no word of a configuration";
		if (!good_kind(options + at + name + 1, kind, &option))
			return "its note has an option of a kind that is unknown or damaged";
		/* The list up to here ends with this kind: what follows may be anything. */
		for (size_t early = 0; early < at; early += strlen(options + early) + 1) {
			other.name = options + early;
			early += strlen(options + early) + 1;
			if (strcmp(other.name, options + at) == 0)
				return "its note names an option twice";
		}
		at += name + kind + 2;
	}
	*used = at + 1;
	return NULL;
}
