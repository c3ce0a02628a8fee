/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slots: one for each process and each VM of the description, and 0 for procmgr itself. What a slot may use is
 * fixed before anything starts (setup.c); its state changes while the system runs (life.c, end.c). The first thread
 * alone writes here, except for `layout`, which the slot's worker makes.
 */
#pragma once

#include "bulkhead.h"
#include "bulkhead/proto.h"
#include "cpio.h"
#include "elfimage.h"
#include "layout.h"
#include "sysconf.h"
#include "sysplan.h"
#include "vdevs.h"
#include "worker.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_DEVICES    24 /* pages of MMIO ranges of one process; with its RAM fewer than REGION_MAX */
#define SLOT_INTERRUPTS 16
#define ARGV_MAX        16 /* of struct start_args */
#define ARG_NUMBERS     20 /* two words for each number that is appended */

/* Variables that are made: one for each region of a VM, and one for each cluster. */
#define SLOT_ENV_MADE  (SYS_REGIONS_MAX + SYS_CLUSTERS_MAX + 1)
#define SLOT_ENV_MAX   (SYS_ENV_MAX + SLOT_ENV_MADE)
#define SLOT_ENV_BYTES 80

#define NEVER UINT64_MAX /* of a deadline */

enum slot_kind { SLOT_EMPTY, SLOT_PROCMGR, SLOT_SERVER, SLOT_VM };

struct slot_device {
	uint64_t start, bytes; /* whole pages */
	const char *name;      /* what kind of thing it is */
	enum grant grant;
};

/* One process slot. The upper part is fixed by the description before anything starts. */
struct slot {
	const char *name;
	const struct sys_process *server; /* SLOT_SERVER */
	const struct sys_vm *vm;          /* SLOT_VM */
	const char *program;
	struct cpio_file file; /* of the program */
	struct elf_image image;
	struct vdev_files vdev_files; /* SLOT_VM: files of its vdevs */
	uint64_t memory, kernel_memory, guest_bytes;
	const char *argv[ARGV_MAX];
	struct slot_device devices[SLOT_DEVICES];
	struct sys_interrupt interrupts[SLOT_INTERRUPTS];
	unsigned argc, device_count, interrupt_count, vcpus;
	enum slot_kind kind;
	uint32_t abilities, connect_mask;
	struct sys_sched sched;
	char numbers[ARG_NUMBERS][12]; /* text that argv points to */
	char config_arg[SYS_PATH_MAX];
	const char *env[SLOT_ENV_MAX];
	char env_made[SLOT_ENV_MADE][SLOT_ENV_BYTES]; /* text that env points to */
	unsigned env_count, env_made_count;
	bool critical;
	unsigned restarts;               /* in a row */
	uint64_t started_at, restart_at; /* 0: it is not to be started by itself */
	bool owns_console;               /* has the registers of the kernel's console */

	enum job job;         /* of its worker */
	uint32_t partition;   /* that its threads begin in */
	bool running, ready;  /* ready, of a VM: its guest may run */
	bool start_again;     /* when its end is over: ordered by the operator */
	bool unwanted;        /* the operator has asked for its end since its start */
	bool join_told;       /* since its start the log says that it has joined a partition by itself */
	bool name_refused;    /* since its start it has asked for a name that it may not serve */
	bool console_refused; /* the same of a console that nobody has */
	bool paused;          /* SLOT_VM: by the operator */
	uint32_t refusal;     /* not 0: exit status that it is ended with */
	struct layout layout; /* of the process that was started last; its worker writes it */
	uint32_t starts;
	uint32_t exit_code, cause, end;     /* of the last end */
	uint64_t entries;                   /* of virtual CPUs into the guest, in the last life that has ended */
	char note[PROTO_NOTE];              /* of a VM: what it waits for, or why it was refused */
	const struct sys_console *consoles; /* of a VM: those that its configuration names */
	unsigned console_count;
};

extern struct slot slots[PROCESS_MAX];

/* The description that the slots are made of, where their memory lies, and the board that they run on. */
extern struct sys_config config;
extern struct plan plan;
extern struct sys_board board;

/* The slot of the index-th process, or VM, of the description. */
uint32_t slot_of_server(unsigned index);
uint32_t slot_of_vm(unsigned index);

/* The slot of that name, or -1. */
int slot_by_name(const char *name);

/* The description of its owner. Not for procmgr, nor for an empty slot. */
const struct sys_owner *slot_owner(const struct slot *slot);

/* Is it the process that may stop, reschedule and move others? */
bool slot_is_operator(const struct slot *slot);

/* Does the description say that it is to be restarted, always or on failure? */
bool slot_restarts(const struct slot *slot);
