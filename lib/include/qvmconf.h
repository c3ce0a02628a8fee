/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration language of one virtual machine (.qvmconf): what was read, checked. The language is documented in
 * docs/configuration.md. The same code runs in qvm, in procmgr and in the host tool; it allocates nothing.
 */
#pragma once

#include "bulkhead.h"
#include "bulkhead/vm_end.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vdevoption.h>

/* Bounds. What exceeds one is reported as a mistake, never cut off. */
#define QVM_FILE_MAX         (256u * 1024) /* bytes of one configuration file */
#define QVM_TOKENS_MAX       8192u         /* words of all input together */
#define QVM_TOKEN_MAX        4096u         /* bytes of one word */
#define QVM_ARENA_BYTES      16384u        /* strings that are kept, all together */
#define QVM_SOURCES_MAX      8             /* configuration files on one command line */
#define QVM_MISTAKES_MAX     50            /* reported before the reader gives up */
#define QVM_NAME_MAX         32            /* bytes of the VM's name, NUL included: it names the process too */
#define QVM_MEM_MAX          8             /* ram and rom regions */
#define QVM_CPUS_MAX         VCPU_MAX
#define QVM_LOADS_MAX        16
#define QVM_VDEVS_MAX        16 /* without the gic */
#define QVM_VDEV_INTRS_MAX   4
#define QVM_VDEV_OPTIONS_MAX 64 /* of all vdevs together */
#define QVM_VDEV_NAME_MAX    32 /* bytes of a vdev's name or type, NUL included */
#define QVM_PASSES_MAX       16
#define QVM_PASS_INTRS_MAX   32
#define QVM_RESERVES_MAX     16
#define QVM_LOGGERS_MAX      32 /* `logger` and `log` together */

#define QVM_PAGE       4096ull
#define QVM_GICD_BYTES GIC_FRAME
#define QVM_GICR_BYTES (2 * GIC_FRAME) /* for one CPU: RD_base and SGI_base frames (Arm IHI 0069, 12.10) */

#define QVM_SPI_FIRST 32u /* Arm IHI 0069, 2.2.1: INTIDs of shared peripheral interrupts */
#define QVM_SPI_LAST  1019u

#define QVM_COUNTER_FROM_ZERO UINT64_MAX /* `set counter-offset` not given: the guest's counter starts at 0 */

/* Where an option stands, for messages after the configuration was read. */
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
	uint32_t runmask;      /* if runmask_given; else any CPU that qvm may use */
	const char *partition; /* its adaptive partition; NULL: that of qvm */
	uint32_t partition_id; /* of that, as the surroundings told it */
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

/* What `safety` said last before something that may have a certified variant. */
enum qvm_safety {
	QVM_SAFETY_DEFAULT, /* nothing so far: the system description decides */
	QVM_SAFETY_NONE,
	QVM_SAFETY_WARN,
	QVM_SAFETY_REQUIRED,
};

/*
 * A virtual device. Its own options are vdev_options[option_first] and the following ones of the configuration, in the
 * order in which they were written; of one that was repeated the last, unless it is VDEV_REPEATS; then the defaults of
 * those that were not. Each value is one that the type's description allows.
 */
struct qvm_vdev {
	const char *type; /* without "vdev-" and ".so" */
	const char *name; /* or NULL */
	bool loc_given;
	uint64_t loc, bytes;               /* of its registers, guest-physical; whole pages */
	uint32_t intr[QVM_VDEV_INTRS_MAX]; /* INTIDs, SPIs: 32 to 1019 */
	unsigned intr_count;
	uint32_t needs;   /* VDEV_NEEDS_* */
	uint8_t priority; /* `sched` of its threads, or 0 */
	enum qvm_safety safety;
	bool status; /* `set debug`: says its status on SIGUSR1; default true */
	unsigned option_first, option_count;
	struct qvm_place place;
};

struct qvm_vdev_option {
	const char *name;
	const char *value;   /* NULL: it takes none */
	enum vdev_kind kind; /* what the value is */
	uint8_t index;       /* in the type's description */
	struct qvm_place place;
};

/* Letters of `pass loc`; each is what the letter says. */
enum {
	QVM_PASS_R = 1 << 0,
	QVM_PASS_W = 1 << 1,
	QVM_PASS_X = 1 << 2,
	QVM_PASS_C = 1 << 3, /* cacheable */
	QVM_PASS_E = 1 << 4, /* a refused access is the guest's exception */
	QVM_PASS_M = 1 << 5, /* the guest is told that it is RAM */
	QVM_PASS_D = 1 << 6, /* the device does DMA */
	QVM_PASS_N = 1 << 7, /* it does not */
	QVM_PASS_S = 1 << 8, /* DMA may read from it */
	QVM_PASS_T = 1 << 9, /* DMA may write to it */
};

struct qvm_pass {
	uint64_t start, host, bytes; /* guest-physical, physical; whole pages; no two overlap, neither here nor there */
	unsigned attributes;         /* QVM_PASS_* */
	enum qvm_load_type blob;     /* what the guest finds there; QVM_LOAD_ANY: nothing was said */
	struct qvm_place place;
};

struct qvm_pass_intr {
	uint32_t guest, host; /* INTIDs, SPIs; no two are equal, neither here nor there */
	bool unmask;          /* `u`: the host does not wait for the guest to complete it */
	struct qvm_place place;
};

/* What is kept out of automatic placing: addresses, or with `bytes` 0 the interrupt `intr`. */
struct qvm_reserve {
	uint64_t start, bytes;
	uint32_t intr;
	struct qvm_place place;
};

enum qvm_log_filter {
	QVM_LOG_FATAL = 1 << 0,
	QVM_LOG_INTERNAL = 1 << 1,
	QVM_LOG_ERROR = 1 << 2,
	QVM_LOG_WARN = 1 << 3,
	QVM_LOG_INFO = 1 << 4,
	QVM_LOG_DEBUG = 1 << 5,
	QVM_LOG_VERBOSE = 1 << 6,
};

enum qvm_log_dest { QVM_LOG_NONE = 0, QVM_LOG_STDOUT = 1 << 0, QVM_LOG_STDERR = 1 << 1, QVM_LOG_SLOG = 1 << 2 };

#define QVM_LOGGER_VM UINT32_MAX

struct qvm_logger {
	uint8_t filters; /* QVM_LOG_FATAL ... */
	enum qvm_log_dest dest;
	uint32_t vdev; /* index of the vdev that it belongs to, or QVM_LOGGER_VM */
	struct qvm_place place;
};

struct qvm_gic {
	uint64_t gicd, gicr; /* defaults: 0x2f000000, 0x2f100000 */
	const char *name;    /* "gic" unless renamed */
	uint32_t hostvector; /* host INTID of `pass intr gic:0` without `=` */
};

enum qvm_unsupported { QVM_ABORT, QVM_FAIL, QVM_IGNORE };

struct qvm_config {
	const char *name; /* `system`, else that of the surroundings, else "qvm-guest" */
	bool name_given;
	struct qvm_place name_place; /* if given */
	struct qvm_mem mem[QVM_MEM_MAX];
	unsigned mem_count;
	struct qvm_cpu cpus[QVM_CPUS_MAX];
	unsigned cpu_count; /* at least 1 */
	struct qvm_load loads[QVM_LOADS_MAX];
	unsigned load_count;
	const char *cmdline; /* or NULL */
	struct qvm_gic gic;
	struct qvm_vdev vdevs[QVM_VDEVS_MAX];
	unsigned vdev_count;
	struct qvm_vdev_option vdev_options[QVM_VDEV_OPTIONS_MAX];
	unsigned vdev_option_count;
	struct qvm_pass passes[QVM_PASSES_MAX];
	unsigned pass_count;
	struct qvm_pass_intr pass_intrs[QVM_PASS_INTRS_MAX];
	unsigned pass_intr_count;
	struct qvm_reserve reserves[QVM_RESERVES_MAX];
	unsigned reserve_count;
	struct qvm_logger loggers[QVM_LOGGERS_MAX];
	unsigned logger_count;
	const char *dump;              /* a folder, or '|' and a command; NULL: none */
	enum qvm_safety safety;        /* the last one: for what is no vdev */
	struct qvm_place safety_place; /* of that */
	struct {
		enum qvm_unsupported instruction, reference, register_; /* defaults: fail, ignore, fail */
	} unsupported;
	uint64_t counter_offset;    /* host counter minus guest counter, or QVM_COUNTER_FROM_ZERO */
	bool exit_on_halt;          /* default true */
	bool broadcast_maintenance; /* default true */
	bool dryrun, debug;

	/* The strings above point in here: a configuration is not copied by assignment. */
	size_t arena_used;
	char arena[QVM_ARENA_BYTES];
};

/* What the file of a vdev says about its type. */
struct qvmconf_vdev_file {
	/* Why the file is refused; stays until the next question. NULL: it is good, and the rest is true. */
	const char *wrong;
	struct vdev_description type; /* its options stay as long as the configuration is used */
};

#define QVM_NAMES_BYTES 160 /* of a list of names in a message, NUL included */

/* What the reader asks of its surroundings. Every function may be NULL: then nothing of that kind exists. */
struct qvmconf_host {
	void *context;
	/* What the VM is called if its configuration does not say; stays as long as the configuration is used. */
	const char *name;
	/* The whole text of a file, which must stay there until qvmconf_read() returns. 0, or a negative errno;
	 * EXDEV: the file lies where none may be taken from. */
	int (*read)(void *context, const char *path, const char **text, size_t *bytes);
	/* The value for `$env{name}`, or NULL. */
	const char *(*env)(void *context, const char *name);
	/* The region for `$asinfo_start{name}` and `$asinfo_length{name}`; false: there is none. */
	bool (*asinfo)(void *context, const char *name, uint64_t *start, uint64_t *bytes);
	/* Why there is none, as a sentence. */
	void (*asinfo_why)(void *context, const char *name, char *text, size_t bytes);
	/* Describes a type of vdev that is not known (qvmconf_vdev_known()); false: there is no file for it. */
	bool (*vdev)(void *context, const char *type, struct qvmconf_vdev_file *file);
	/* The run mask that a cluster of CPUs is; false: there is no cluster of this name. */
	bool (*cluster)(void *context, const char *name, uint32_t *runmask);
	/* The id of an adaptive partition, and true; false: there is none of this name. Then `names` has those that
	 * there are, or is empty. */
	bool (*partition)(void *context, const char *name, uint32_t *id, char names[QVM_NAMES_BYTES]);
	/* One mistake, as one line without a newline: "[file:line] text". */
	void (*message)(void *context, const char *line);
};

/*
 * Reads the words of a command line, `@file` among them, into `config`, and checks the result. Returns 0, or
 * VM_EXIT_CONFIG after reporting every mistake found; `config` is then not to be used.
 */
int qvmconf_read(struct qvm_config *config, int argc, const char *const *argv, const struct qvmconf_host *host);

/* Describes a type of vdev that is in the tree. False: it is not. */
bool qvmconf_vdev_known(const char *type, struct vdev_description *description);

/* NULL, or why a file cannot be one of that type: the tree has a type of this name that is another one. */
const char *qvmconf_vdev_differs(const char *type, const struct vdev_description *of_file);

/* The names of the consoles that a vdev's options give it, or NULL: of several for one direction the last one counts.
 */
struct qvmconf_consoles {
	const char *input, *output;
};
struct qvmconf_consoles qvmconf_consoles(const struct qvm_config *config, const struct qvm_vdev *vdev);

/* The word before `load` or `pass` that says what it brings; "guest" for QVM_LOAD_ANY, where it may be left out. */
const char *qvmconf_load_name(enum qvm_load_type type);

/* The bytes of RAM and ROM that the VM needs. */
uint64_t qvmconf_memory_bytes(const struct qvm_config *config);

/* Is [start, start + bytes) within one region of guest memory: `ram`, `rom`, or `pass` with `m`? */
bool qvmconf_memory_has(const struct qvm_config *config, uint64_t start, uint64_t bytes);

/* Where a message goes: QVM_LOG_STDOUT ... together. `vdev` is the index of the vdev that says it, or QVM_LOGGER_VM. */
unsigned qvmconf_log_dests(const struct qvm_config *config, uint32_t vdev, enum qvm_log_filter filter);
