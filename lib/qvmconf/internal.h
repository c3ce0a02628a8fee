/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the configuration reader share. */
#pragma once

#include "number.h"
#include "qvmconf.h"
#include "range.h"

/* What the words that follow belong to. It lasts until the next word that opens a context. */
enum qc_context {
	QC_TOP,
	QC_CPU,
	QC_RESERVE,
	QC_PASS,
	QC_GIC,
	QC_VDEV,
	QC_OTHER_VDEV, /* a vdev that was refused: its options are known, and passed over silently */
	QC_REFUSED,    /* anything else that was: words that nobody knows are passed over */
	QC_CONTEXTS,
};

struct qc_reader {
	struct qvm_config *config;
	const struct qvmconf_host *host;

	/* The command line, and the file of it that is open, if any. */
	int argc, arg;
	const char *const *argv;
	const char *text; /* NULL: no file is open */
	size_t text_bytes, at;
	struct qvm_place here; /* of the character at `at`, or of the word of the command line */
	unsigned sources, words;

	/* The word read last: NUL-terminated, in the free part of the arena until qc_keep(). */
	char *word;
	size_t word_bytes;
	bool word_bad;   /* it was reported already: do not judge it again */
	bool word_first; /* of its line in a file */
	struct qvm_place word_place;
	struct qvm_place option_place;

	enum qc_context context;
	struct qvm_place context_place;
	unsigned parts;               /* `loc` and `intr` of a `pass` or `reserve` that is open */
	enum qvm_load_type pass_blob; /* what the `pass` that is open brings */
	const char *vdev_options; /* list of those of the vdev that is open, refused or not, beside the common ones */
	bool skipping;            /* after a mistake: unknown words may be its leftovers */
	bool mem_mistaken;        /* a ram or rom was refused: do not complain that there is none */
	bool load_mistaken;       /* the same for load */
	bool gic_given;
	struct qvm_place gic_place; /* if given */
	unsigned strange;           /* bit n: of enum qc_look, one was reported */
	bool pic_refused; /* an interrupt controller of another architecture was named, and vdevs may name it */
	unsigned options; /* seen so far */
	unsigned mistakes;
	bool stop;
};

/* One word that the language knows. */
struct qc_option {
	const char *name;
	const char *argument; /* what it takes, for messages; NULL: nothing */
	void (*act)(struct qc_reader *r, const struct qc_option *option);
	uint8_t arguments;  /* of a refused one (act is NULL), to pass over */
	const char *reason; /* refused: why, after its name; NULL: not supported yet */
};

#define OPTION(name, argument, act)          \
	{                                    \
		name, argument, act, 0, NULL \
	}
#define REFUSED(name, arguments, reason)            \
	{                                           \
		name, NULL, NULL, arguments, reason \
	}
#define OPTIONS_END                       \
	{                                 \
		NULL, NULL, NULL, 0, NULL \
	}

/* lex.c */
bool qc_next_option(struct qc_reader *r);
const char *qc_argument(struct qc_reader *r, const struct qc_option *option);
const char *qc_keep(struct qc_reader *r, const char *text);

/* text.c */
enum qc_look {
	QC_PLAIN,
	QC_SINGLE_QUOTE,
	QC_OTHER_QUOTE,
	QC_BLANK,
	QC_INVISIBLE,
	QC_HYPHEN,
	QC_FOREIGN,
	QC_LOOKS,
};

/* What the character at `text` looks like; it is `*used` bytes of UTF-8. */
enum qc_look qc_look(const char *text, size_t left, uint32_t *code, size_t *used);
/* Reports a character where it may not stand, the first one of its kind. Unless it is a blank, the word is spoilt. */
void qc_strange(struct qc_reader *r, enum qc_look look, uint32_t code);
/* Why a file cannot be read as words, as the rest of a sentence, or NULL. */
const char *qc_text_problem(const char *text, size_t bytes);

/* report.c */
void qc_mistake(struct qc_reader *r, const struct qvm_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define QC_WHERE_MAX 96
/* " [file:line]", to follow what clashes with the thing of a message; "" for NULL, which was not written. */
const char *qc_where(const struct qvm_place *place, char text[QC_WHERE_MAX]);
const char *qc_nearest(const char *word, const char *const *names, unsigned count);
void qc_unknown(struct qc_reader *r, const char *what, const char *const *names, unsigned count);

/* known.c: names of the types in the tree; NULL: there are no more. */
const char *qc_known_name(unsigned index);

/* foreign.c: the name of a type that is refused, or NULL; its list of options. */
const char *qc_foreign(const char *name, bool *x86);
const char *qc_foreign_options(const char *type);
const char *qc_foreign_name(unsigned index);

/* vdev.c */
extern const struct qc_option qc_vdev_options[]; /* that all vdevs have, ending with a NULL name */
void qc_vdev(struct qc_reader *r, const struct qc_option *option);
bool qc_vdev_own_option(struct qc_reader *r);
void qc_vdev_close(struct qc_reader *r);                          /* all its options have been read */
void qc_vdev_not_missing(struct qc_reader *r, const char *meant); /* an option of the vdev that is open was misspelt */
struct qvm_vdev *qc_current_vdev(struct qc_reader *r);
bool qc_spi(struct qc_reader *r, const char *text, size_t bytes, uint32_t *intid);
const char *qc_vdev_name(struct qc_reader *r, const struct qc_option *option);

/* gic.c */
extern const struct qc_option qc_gic_options[];
void qc_gic(struct qc_reader *r);

/* memory.c */
extern const struct qc_option qc_reserve_options[];
bool qc_region_valid(struct qc_reader *r, const char *what, uint64_t start, uint64_t bytes, bool pages);
void qc_ram(struct qc_reader *r, const struct qc_option *option);
void qc_rom(struct qc_reader *r, const struct qc_option *option);
void qc_reserve(struct qc_reader *r, const struct qc_option *option);

/* cpu.c */
extern const struct qc_option qc_cpu_options[];
void qc_cpu(struct qc_reader *r, const struct qc_option *option);

/* load.c */
bool qc_blob_free(struct qc_reader *r, enum qvm_load_type type);
void qc_load(struct qc_reader *r, const struct qc_option *option);
void qc_blob(struct qc_reader *r, const struct qc_option *option);

/* pass.c */
extern const struct qc_option qc_pass_options[];
bool qc_mem_space(struct qc_reader *r, const char **text);
/* The option's argument as the place of `bytes` bytes, a multiple of `multiple`. *place stays if it is wrong. */
void qc_mem_place(struct qc_reader *r, const struct qc_option *option, uint64_t multiple, uint64_t bytes,
		  uint64_t *place);
void qc_pass_blob(struct qc_reader *r, enum qvm_load_type blob);
void qc_pass(struct qc_reader *r, const struct qc_option *option);

/* log_option.c */
void qc_logger(struct qc_reader *r, const struct qc_option *option);
void qc_vdev_log(struct qc_reader *r, const struct qc_option *option);

/* set.c */
void qc_set(struct qc_reader *r, const struct qc_option *option);
void qc_unsupported(struct qc_reader *r, const struct qc_option *option);

/* options.c */
void qc_open(struct qc_reader *r, enum qc_context context);
void qc_option(struct qc_reader *r);
bool qc_is_word(const char *word); /* an option of the top level, or one that all vdevs have */

/* read.c */
bool qc_has_memory(const struct qvm_config *config);

/* check.c */
void qc_check(struct qc_reader *r);
