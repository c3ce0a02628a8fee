/* SPDX-License-Identifier: Apache-2.0 */
/* `logger`, and `log` of a vdev: where messages go. */
#include "bulkhead/proto.h"
#include "internal.h"
#include <string.h>

#define DESTS 4

static const char *const dest_names[DESTS] = {"stdout", "stderr", "slog", "none"};
static const enum qvm_log_dest dests[DESTS] = {QVM_LOG_STDOUT, QVM_LOG_STDERR, QVM_LOG_SLOG, QVM_LOG_NONE};

static bool is_word(const char *word, const char *text, size_t bytes)
{
	return strlen(word) == bytes && memcmp(word, text, bytes) == 0;
}

/* The documents write `warn` for `logger` and `warning` for `log`: both are known. */
static unsigned filter_bit(const char *text, size_t bytes)
{
	for (unsigned i = 0; i < SLOG_SEVERITIES; i++)
		if (is_word(slog_severity_name(i), text, bytes))
			return 1u << i;
	return is_word("warning", text, bytes) ? QVM_LOG_WARN : 0;
}

static bool filters_parse(struct qc_reader *r, const char *text, uint8_t *bits)
{
	*bits = 0;
	for (;; text++) {
		size_t bytes = strcspn(text, ",");
		unsigned bit = filter_bit(text, bytes);

		if (bit == 0) {
			qc_mistake(r, &r->word_place,
				   "'%.*s' is no filter: list fatal, internal, error, warn, info, debug or verbose, "
				   "with commas and no blanks",
				   (int)(bytes > 64 ? 64 : bytes), text);
			return false;
		}
		*bits |= (uint8_t)bit;
		text += bytes;
		if (*text == '\0')
			return true;
	}
}

static void logger(struct qc_reader *r, const struct qc_option *option, uint32_t vdev)
{
	struct qvm_config *c = r->config;
	struct qvm_logger one = {.vdev = vdev, .place = r->option_place};
	const char *word = qc_argument(r, option);
	bool good = word && filters_parse(r, word, &one.filters);
	unsigned dest = 0;

	word =
	    word ? qc_argument(r, &(struct qc_option)OPTION(option->name, "stdout, stderr, slog or none", NULL)) : NULL;
	if (!word)
		return;
	while (dest < DESTS && strcmp(word, dest_names[dest]) != 0)
		dest++;
	if (dest == DESTS) {
		qc_unknown(r, "destination", dest_names, DESTS);
		return;
	}
	one.dest = dests[dest];
	if (c->logger_count == QVM_LOGGERS_MAX)
		qc_mistake(r, &r->option_place, "more than %d 'logger' and 'log'", QVM_LOGGERS_MAX);
	else if (good)
		c->loggers[c->logger_count++] = one;
}

void qc_logger(struct qc_reader *r, const struct qc_option *option)
{
	logger(r, option, QVM_LOGGER_VM);
}

void qc_vdev_log(struct qc_reader *r, const struct qc_option *option)
{
	logger(r, option, r->config->vdev_count - 1);
}
