/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system description: which processes and virtual machines exist and what each one gets. It is written as a device
 * tree source (system.dts), compiled by dtc, and described in docs/configuration.md. The same code runs in procmgr and
 * in the host tool; it allocates nothing. Strings point into the trees, which must stay where they are.
 */
#pragma once

#include "qvmconf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYS_PROCESSES_MAX 16
#define SYS_VMS_MAX       15 /* with procmgr and all processes: the kernel's 32 slots */
#define SYS_ARGS_MAX      15 /* beside the program's name */
#define SYS_DEVICES_MAX   8  /* of one process */
#define SYS_MMIO_MAX      4  /* ranges of one process that belong to no device which has a name */
#define SYS_RANGES_MAX    4  /* MMIO ranges of one device */
#define SYS_INTRS_MAX     8  /* interrupts of one device */
#define SYS_PATH_MAX      128

struct sys_sched {
	uint8_t priority, max_priority; /* 1 to 254 */
	uint8_t policy;                 /* SCHED_FIFO_ or SCHED_RR_ */
	uint32_t runmask;               /* not 0; default 0xff: the user takes away the CPUs that do not exist */
};

struct sys_range {
	uint64_t start, bytes;
};

struct sys_process {
	const char *name; /* of the node; shorter than NAME_MAX_ */
	const char *program;
	const char *args[SYS_ARGS_MAX]; /* without argv[0] */
	unsigned arg_count;
	struct sys_sched sched;
	uint64_t memory;                      /* code, data, stack and heap; whole pages */
	uint64_t kernel_memory;               /* whole pages */
	uint32_t abilities;                   /* ABLE_* */
	uint32_t connect;                     /* bit n: may connect to processes[n] */
	const char *devices[SYS_DEVICES_MAX]; /* for sys_device_find() */
	unsigned device_count;
	struct sys_range mmio[SYS_MMIO_MAX]; /* whole pages */
	unsigned mmio_count;
	bool ready;    /* the next process starts only when this one has said that it is ready */
	bool critical; /* its end is the global design safe state */
};

struct sys_vm {
	const char *name;   /* of the node; equal to `system` of its configuration */
	const char *config; /* name of the .qvmconf file */
	struct sys_sched sched;
	uint64_t memory;        /* of qvm itself; default 2 MiB */
	uint64_t kernel_memory; /* default 4 MiB */
	uint32_t connect; /* bit n: its qvm may connect to processes[n]; default: those that have the ability public */
	const char *devices[SYS_DEVICES_MAX]; /* that `pass` may name; as of a process, and /reserved-memory's nodes */
	unsigned device_count;
	bool autostart;
};

struct sys_config {
	struct sys_process processes[SYS_PROCESSES_MAX]; /* in the order of their start */
	unsigned process_count;
	struct sys_vm vms[SYS_VMS_MAX];
	unsigned vm_count;
};

/* Where mistakes go: one line each, without a newline, "file: /node/path: text". */
struct sys_report {
	const char *file; /* what the lines begin with */
	void (*message)(void *context, const char *line);
	void *context;
	unsigned mistakes; /* counted up */
};

/* Reads a compiled system description of `bytes` bytes. Returns the number of mistakes, 0: `config` may be used. */
unsigned sys_read(struct sys_config *config, const void *dtb, size_t bytes, struct sys_report *report);

struct sys_interrupt {
	uint32_t intid;
	bool edge;
};

/* A device of the board: what its user must be granted. */
struct sys_device {
	char path[SYS_PATH_MAX];                 /* full path of its node */
	struct sys_range ranges[SYS_RANGES_MAX]; /* physical, as the CPUs see them; not rounded to pages */
	unsigned range_count;
	struct sys_interrupt interrupts[SYS_INTRS_MAX];
	unsigned interrupt_count;
	bool reserved; /* it is memory: a node of /reserved-memory without no-map */
};

#define SYS_NODES_MAX 2048 /* of the board's tree */

/* What of the board counts, and where the nodes of its tree are: libfdt walks all of it for each question. */
struct sys_board {
	const void *dtb;
	uint64_t ram_bytes; /* for processes and guests; procmgr puts in what the kernel says is free */
	unsigned cpus;
	unsigned node_count;
	struct {
		int32_t offset;   /* libfdt's name of it */
		uint32_t parent;  /* index; of the root: itself */
		uint32_t phandle; /* 0: none */
		bool typed;       /* it has a device_type */
	} nodes[SYS_NODES_MAX];
};

/* Reads a board's tree of at most `bytes` bytes, which must stay where it is. Returns NULL, or what is wrong, as text.
 */
const char *sys_board_read(struct sys_board *board, const void *dtb, size_t bytes);

/*
 * Finds a device in the board's tree by "stdout" (what /chosen/stdout-path names), alias, or path. Returns NULL, or
 * what is wrong, as text.
 */
const char *sys_device_find(const struct sys_board *board, const char *name, struct sys_device *device);

/* Is it the one that /chosen/stdout-path names? */
bool sys_device_is_stdout(const struct sys_board *board, const struct sys_device *device);

/* Takes a range of MMIO pages for a device of its own. Returns NULL, or what is wrong, as text: `path` says with what.
 */
const char *sys_mmio_device(const struct sys_board *board, const struct sys_range *range, struct sys_device *device);

/* A named region of /reserved-memory, for $asinfo_start{} and $asinfo_length{}. */
bool sys_asinfo(const void *board_dtb, const char *name, uint64_t *start, uint64_t *bytes);

/* What one VM's configuration asks of the system. Kept small, so that configurations may be read one after the other.
 */
struct sys_vm_needs {
	char name[QVM_NAME_MAX];
	bool name_given;
	uint64_t guest_bytes; /* RAM and ROM */
	uint8_t priority_max; /* highest of its virtual CPUs, 0: none given */
	uint32_t runmask;     /* union of those given */
};

void sys_vm_needs(struct sys_vm_needs *needs, const struct qvm_config *config);

/*
 * Checks the system against the board and against what its VMs need (`needs[i]` belongs to `vms[i]`). A NULL
 * leaves out what it would have been compared with. Returns the number of mistakes.
 */
unsigned sys_check(const struct sys_config *config, const struct sys_board *board, const struct sys_vm_needs *needs,
		   struct sys_report *report);

/* The RAM that the whole system takes: processes, their kernel memory, and the guests of `needs`. */
uint64_t sys_memory_bytes(const struct sys_config *config, const struct sys_vm_needs *needs);
