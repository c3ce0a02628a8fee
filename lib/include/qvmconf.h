/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration language of one virtual machine (.qvmconf): what was read, checked. The language is documented in
 * docs/configuration.md. The same code runs in qvm, in procmgr and in the host tool; it allocates nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QVMCONF_EX_CONFIG 65 /* exit code of qvm for a mistake in the configuration */

/* Bounds. What exceeds one is reported as a mistake, never cut off. */
#define QVM_FILE_MAX     (256u * 1024) /* bytes of one configuration file */
#define QVM_TOKENS_MAX   8192u         /* words of all input together */
#define QVM_TOKEN_MAX    4096u         /* bytes of one word */
#define QVM_ARENA_BYTES  16384u        /* strings that are kept, all together */
#define QVM_SOURCES_MAX  8             /* configuration files on one command line */
#define QVM_MISTAKES_MAX 50            /* reported before the reader gives up */
#define QVM_NAME_MAX     16            /* bytes of the VM's name, NUL included: it names the process too */
#define QVM_MEM_MAX      8             /* ram and rom regions */
#define QVM_CPUS_MAX     8             /* the kernel's VCPU_MAX */
#define QVM_LOADS_MAX    16
#define QVM_PL011_MAX    8

#define QVM_PAGE        4096ull
#define QVM_IPA_LIMIT   (1ull << 39) /* guest-physical addresses end here */
#define QVM_GICD_BYTES  0x10000ull
#define QVM_GICR_BYTES  0x20000ull /* for one CPU: RD_base and SGI_base frames (Arm IHI 0069, 12.10) */
#define QVM_PL011_BYTES 0x1000ull

#define QVM_COUNTER_FROM_ZERO UINT64_MAX /* `set counter-offset` not given: the guest's counter starts at 0 */

/* Where an option stands, for messages after the configuration was read (qvmconf_message()). */
struct qvm_place {
	const char *file; /* base name, or "command line" */
	uint32_t line;    /* of a command line: the number of the word, from 1 */
};

enum qvm_mem_kind { QVM_RAM, QVM_ROM };

struct qvm_mem {
	uint64_t start, bytes; /* guest-physical; whole pages; no two overlap */
	enum qvm_mem_kind kind;
	struct qvm_place place;
};

enum qvm_policy { QVM_POLICY_RR, QVM_POLICY_FIFO };

struct qvm_cpu {
	bool sched_given, runmask_given;
	uint8_t priority; /* if sched_given, 1 to 254; else that of qvm's first thread */
	enum qvm_policy policy;
	uint32_t runmask; /* if runmask_given; else any CPU that qvm may use */
	struct qvm_place place;
};

enum qvm_load_type {
	QVM_LOAD_ANY,    /* plain `load`: look at the content. The first one is what the boot CPU starts in */
	QVM_LOAD_INITRD, /* at most one */
	QVM_LOAD_FDT,    /* at most one */
	QVM_LOAD_DATA,
};

struct qvm_load {
	enum qvm_load_type type;
	bool address_given;
	uint64_t address;
	const char *path; /* as written, without a leading "./" or "/" */
	struct qvm_place place;
};

struct qvm_pl011 {
	uint64_t loc;       /* page aligned */
	uint32_t intr;      /* INTID, an SPI: 32 to 1019 */
	const char *input;  /* name of the console that it reads from, or NULL */
	const char *output; /* name of the console that it writes to, or NULL */
	const char *name;   /* of the vdev, or NULL */
	struct qvm_place place;
};

struct qvm_gic {
	uint64_t gicd, gicr; /* defaults: 0x2f000000, 0x2f100000 */
	const char *name;    /* "gic" unless renamed */
};

enum qvm_unsupported { QVM_ABORT, QVM_FAIL, QVM_IGNORE };

struct qvm_config {
	const char *name; /* `system`, or "qvm-guest" */
	bool name_given;
	struct qvm_mem mem[QVM_MEM_MAX];
	unsigned mem_count;
	struct qvm_cpu cpus[QVM_CPUS_MAX];
	unsigned cpu_count; /* at least 1 */
	struct qvm_load loads[QVM_LOADS_MAX];
	unsigned load_count;
	const char *cmdline; /* or NULL */
	struct qvm_gic gic;
	struct qvm_pl011 pl011[QVM_PL011_MAX];
	unsigned pl011_count;
	struct {
		enum qvm_unsupported instruction, reference, register_; /* defaults: fail, ignore, fail */
	} unsupported;
	uint64_t counter_offset; /* host counter minus guest counter, or QVM_COUNTER_FROM_ZERO */
	bool exit_on_halt;       /* default true */
	bool dryrun, debug;

	/* The strings above point in here: a configuration is not copied by assignment. */
	size_t arena_used;
	char arena[QVM_ARENA_BYTES];
};

/* What the reader asks of its surroundings. Every function may be NULL: then nothing of that kind exists. */
struct qvmconf_host {
	void *context;
	/* The whole text of a file, which must stay there until qvmconf_read() returns. 0, or a negative errno. */
	int (*read)(void *context, const char *path, const char **text, size_t *bytes);
	/* The value for `$env{name}`, or NULL. */
	const char *(*env)(void *context, const char *name);
	/* The region for `$asinfo_start{name}` and `$asinfo_length{name}`; false: there is none. */
	bool (*asinfo)(void *context, const char *name, uint64_t *start, uint64_t *bytes);
	/* One mistake, as one line without a newline: "[file:line] text". */
	void (*message)(void *context, const char *line);
};

/*
 * Reads the words of a command line, `@file` among them, into `config`, and checks the result. Returns 0, or
 * QVMCONF_EX_CONFIG after reporting every mistake found; `config` is then not to be used.
 */
int qvmconf_read(struct qvm_config *config, int argc, const char *const *argv, const struct qvmconf_host *host);

/* The bytes of RAM and ROM that the VM needs. */
uint64_t qvmconf_memory_bytes(const struct qvm_config *config);

/* Is [start, start + bytes) within one region of guest memory? */
bool qvmconf_memory_has(const struct qvm_config *config, uint64_t start, uint64_t bytes);
