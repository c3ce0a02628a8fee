/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system description: which processes and virtual machines exist and what each one gets. It is written as a device
 * tree source (system.dts), compiled by dtc, and described in docs/configuration.md. The same code runs in procmgr and
 * in the host tool; it allocates nothing. Strings point into the trees, which must stay where they are.
 */
#pragma once

#include "qvmconf.h"
#include <bulkhead.h>
#include <bulkhead/consoles.h>
#include <bulkhead/proto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYS_PROCESSES_MAX 16
#define SYS_VMS_MAX       15   /* with procmgr and all processes: the kernel's 32 slots */
#define SYS_ARGS_MAX      15   /* beside the program's name */
#define SYS_STRINGS_MAX   2048 /* bytes of all arguments and variables of one process, with their NULs */
#define SYS_ENV_MAX       8
#define SYS_SERVES_MAX    4 /* names of one process, besides its own */
#define SYS_DEVICES_MAX   8 /* of one owner */
#define SYS_MMIO_MAX      4 /* ranges of one owner, given by address */
#define SYS_IRQS_MAX      8 /* interrupts of one owner, given by number */
#define SYS_REGIONS_MAX   8 /* in all, and of one owner */
#define SYS_CLUSTERS_MAX  8
#define SYS_POOLS_MAX     4
#define SYS_PATTERNS_MAX  8 /* patterns of names of one pool */
#define SYS_RANGES_MAX    4 /* MMIO ranges of one device */
#define SYS_INTRS_MAX     8 /* interrupts of one device */
#define SYS_PATH_MAX      128
#define SYS_ANYWHERE      UINT64_MAX /* start of what procmgr places */

/* Files of the boot archive: the program of each VM's manager. The certified variant is taken if it is there. */
#define VM_PROGRAM     "qvm"
#define SAFETY_PROGRAM VM_PROGRAM "-safety"

struct sys_sched {
	uint8_t priority, max_priority; /* 1 to 254 */
	uint8_t policy;                 /* SCHED_FIFO_ or SCHED_RR_ */
	uint32_t runmask; /* not 0; default: all CPUs that nobody has exclusively. The caller removes those that do not
			     exist */
};

struct sys_range {
	uint64_t start, bytes;
};

enum sys_restart { SYS_RESTART_NEVER, SYS_RESTART_ON_FAILURE, SYS_RESTART_ALWAYS };

/* What processes and VMs have in common: what they are given, and what happens when they end. */
struct sys_owner {
	const char *name; /* of the node; shorter than NAME_MAX_ */
	struct sys_sched sched;
	bool runmask_given;
	bool by_cluster;                /* the run mask is that of `cluster` */
	bool sched_wrong, gifts_wrong;  /* there is a mistake in `sched`, or in one of `devices` to `regions`: it is not
					   compared with the VM's configuration */
	bool exclusive_cpus;            /* nobody else may run on the CPUs of its run mask */
	uint64_t memory;                /* code, data, stack and heap; whole pages. 0, of a VM: sys_reserve() */
	uint64_t kernel_memory;         /* whole pages */
	uint32_t connect;               /* bit n: may connect to processes[n] */
	const char *args[SYS_ARGS_MAX]; /* process: without argv[0]; VM: words after its file on qvm's command line */
	const char *env[SYS_ENV_MAX];   /* "NAME=value" */
	const char *devices[SYS_DEVICES_MAX]; /* for sys_device_find() */
	struct sys_range mmio[SYS_MMIO_MAX];  /* whole pages */
	uint32_t interrupts[SYS_IRQS_MAX];    /* INTIDs, 32 to 1019 */
	const char *regions[SYS_REGIONS_MAX]; /* of /memory, or of the board's /reserved-memory */
	unsigned arg_count, env_count, device_count, mmio_count, interrupt_count, region_count;
	bool dma_uncontained; /* it may have devices that can reach all memory by DMA */
	enum sys_restart restart;
	unsigned restart_limit;    /* restarts in a row, 1 to 1000 */
	unsigned restart_delay_ms; /* before the first of them; each further one doubles it, up to a minute */
	bool critical;     /* if it ends and is not restarted, the system goes to its global design safe state */
	uint8_t partition; /* of its first thread: index into `partitions` */
};

struct sys_process {
	struct sys_owner own;
	const char *program;
	uint32_t abilities;                 /* ABLE_* */
	const char *serves[SYS_SERVES_MAX]; /* names that it serves, besides its own; see sys_serves() */
	unsigned serves_count;
	bool serves_given, serves_wrong; /* it has `serves`; there is a mistake in it */
	bool ready;                      /* the next process starts only when this one has reported that it is ready */
};

struct sys_vm {
	struct sys_owner own; /* the name equals `system` of its configuration. Defaults: 2 MiB of memory for qvm
				 itself, 4 MiB of kernel_memory, and connect to all processes with the ability public */
	const char *config;   /* name of the .qvmconf file */
	bool autostart;
	bool connect_wrong; /* there is a mistake in `connect`: the services that the VM needs are not checked */
};

/* A piece of RAM with a name, for one owner. It is zero when its owner starts. */
struct sys_region {
	const char *name;
	uint64_t start; /* physical, or SYS_ANYWHERE */
	uint64_t bytes; /* whole pages */
	bool wrong;     /* a mistake was reported: it is compared with nothing */
};

/* A run mask with a name. */
struct sys_cluster {
	const char *name;
	uint32_t cpus; /* not 0 */
	bool wrong;    /* a mistake was reported */
};

/* RAM for shared memory that guests create. */
struct sys_pool {
	const char *name;
	uint64_t bytes; /* whole pages */
	uint32_t vms;   /* bit n: vms[n] may use it */
	const char *patterns[SYS_PATTERNS_MAX];
	unsigned pattern_count; /* 0: every name */
};

#define SYS_PARTITION_NAME 16 /* bytes, NUL included */
#define SYS_SYSTEM         "System"
/* Critical budget of System: no window has more, on any number of CPUs. */
#define SYS_CRITICAL_MOST_US (WINDOW_MS_MAX * 1000 * CPU_MAX)

/* An adaptive partition. Percentages are of all shared CPUs, in hundredths of a percent. */
struct sys_partition {
	char name[SYS_PARTITION_NAME];
	uint32_t parent; /* index; of System: itself */
	uint32_t budget; /* what its children leave of it: all budgets together are PARTITION_PERCENT */
	uint32_t max;    /* not below `budget` */
	uint32_t critical_us;
};

struct sys_config {
	struct sys_process processes[SYS_PROCESSES_MAX]; /* in the order of their start */
	struct sys_vm vms[SYS_VMS_MAX];                  /* in the order of their start */
	struct sys_region regions[SYS_REGIONS_MAX];
	struct sys_cluster clusters[SYS_CLUSTERS_MAX];
	struct sys_pool pools[SYS_POOLS_MAX];
	struct sys_partition partitions[PARTITION_MAX]; /* by their ids: 0 is System */
	unsigned process_count, vm_count, region_count, cluster_count, pool_count;
	unsigned partition_count;  /* at least 1 */
	unsigned window_ms;        /* WINDOW_MS_MIN to WINDOW_MS_MAX */
	uint32_t partition_policy; /* PARTITION_POLICY_* */
	uint32_t shared_cpus;  /* that nobody has exclusively, of CPU_MAX. The caller removes those that do not exist */
	bool partitions_given; /* there is a node /partitions */
	bool partitions_adjustable; /* they may be changed while the system runs */
	enum qvm_safety safety;     /* the default for all VMs and vdevs; never QVM_SAFETY_DEFAULT */
	bool safe_state_reset;      /* the global design safe state ends with a reset instead of a halt */
};

/* Owners have numbers: first the processes, then the VMs. `owner` is below the sum of both. */
static inline unsigned sys_owner_count(const struct sys_config *config)
{
	return config->process_count + config->vm_count;
}

static inline const struct sys_owner *sys_owner_at(const struct sys_config *config, unsigned owner)
{
	return owner < config->process_count ? &config->processes[owner].own
					     : &config->vms[owner - config->process_count].own;
}

/* Does that name belong to the process? At most one process has it, as long as the system runs. */
bool sys_serves(const struct sys_process *process, const char *name);

/* The value of NAME in an owner's `env`, or NULL. */
const char *sys_env(const struct sys_owner *owner, const char *name);

/* The CPUs of a cluster; false: there is none of that name. */
bool sys_cluster(const struct sys_config *config, const char *name, uint32_t *cpus);

/* The index of a partition; false: there is none of that name. `names` then has those that there are. */
bool sys_partition_named(const struct sys_config *config, const char *name, uint32_t *index,
			 char names[QVM_NAMES_BYTES]);

/* A place in the system description: a node, /folder/name, and perhaps one of its properties. An empty name is the node
 * above. */
struct sys_place {
	const char *folder, *name, *property;
};

/* Where mistakes go: one line each, without a newline, "[file:line] /node/path: text". */
struct sys_report {
	const char *file; /* the name between brackets where `locate` knows no place */
	/* Writes "system.dts:12" for a place; false: not known. NULL: it is never known. */
	bool (*locate)(void *context, const struct sys_place *place, char *text, size_t bytes);
	void (*message)(void *context, const char *line);
	void *context;
	unsigned mistakes; /* incremented by each mistake */
};

/* Reads a compiled system description of `bytes` bytes. Returns the number of mistakes, 0: `config` may be used. */
unsigned sys_read(struct sys_config *config, const void *dtb, size_t bytes, struct sys_report *report);

struct sys_interrupt {
	uint32_t intid;
	bool edge;
};

/* A device of the board: what its owner must be granted. */
struct sys_device {
	char path[SYS_PATH_MAX];                 /* full path of its node */
	struct sys_range ranges[SYS_RANGES_MAX]; /* physical, as the CPUs see them; not rounded to pages */
	unsigned range_count;
	struct sys_interrupt interrupts[SYS_INTRS_MAX];
	unsigned interrupt_count;
	bool dma; /* it can do DMA, and no SMMU limits it */
};

#define SYS_NODES_MAX      2048 /* of the board's tree */
#define SYS_BOARD_RAM_MAX  16
#define SYS_RESERVED_MAX   32
#define SYS_BOARD_NAME_MAX 32

/* RAM that the firmware keeps: from /memreserve/ (no name), or a node of /reserved-memory. */
struct sys_reserved {
	struct sys_range range;
	bool no_map;                   /* it must not be mapped by anybody */
	char name[SYS_BOARD_NAME_MAX]; /* without unit address; cut off if longer */
};

/* The board, and an index of its tree's nodes: libfdt would walk the whole tree for each question. */
struct sys_board {
	const void *dtb;
	uint64_t ram_bytes; /* for processes and guests; procmgr sets it to what the kernel reports as free */
	struct sys_range ram[SYS_BOARD_RAM_MAX]; /* of which the reserved ranges are part */
	struct sys_reserved reserved[SYS_RESERVED_MAX];
	unsigned ram_count, reserved_count;
	unsigned cpus;
	uint32_t intid_limit; /* first SPI that the GIC does not have. A tree does not say it: the caller sets it */
	unsigned node_count;
	struct {
		int32_t offset;            /* libfdt's name of it */
		uint32_t parent;           /* index; of the root: itself */
		uint32_t phandle;          /* 0: none */
		uint32_t reg_bytes;        /* of its `reg`; 0: none, or an empty one */
		int32_t reg;               /* where that is in the tree */
		uint32_t compatible_bytes; /* the same of its `compatible` */
		int32_t compatible;
		uint8_t address_cells, size_cells; /* of its children; above 4: it does not say so */
		bool typed;                        /* it has a device_type */
	} nodes[SYS_NODES_MAX];
};

/* Reads a board's tree of at most `bytes` bytes, which must stay where it is. Returns NULL, or what is wrong, as text.
 */
const char *sys_board_read(struct sys_board *board, const void *dtb, size_t bytes);

/* The same for a tree whose memory the firmware fills in: `count` ranges take the place of the tree's own. */
const char *sys_board_read_with(struct sys_board *board, const void *dtb, size_t bytes, const struct sys_range *memory,
				unsigned count);

/* How many CPUs the kernel would use. */
unsigned sys_board_cpus(const struct sys_board *board);

/* Reports each demand of the kernel that the board, which was read, does not meet: a sentence about the tree for each.
 */
void sys_board_demands(const struct sys_board *board, void (*say)(void *context, const char *text), void *context);

/* The same of the private interrupts that the kernel uses, without asking which they are: NULL, or what is wrong. */
const char *sys_board_interrupts(const struct sys_board *board);

/* Is the tree's root compatible with that? */
bool sys_board_is(const struct sys_board *board, const char *compatible);

/*
 * Finds a device in the board's tree by "stdout" (what /chosen/stdout-path names), alias, or path. Returns NULL, or
 * what is wrong, as text.
 */
const char *sys_device_find(const struct sys_board *board, const char *name, struct sys_device *device);

/*
 * The region of that name for $asinfo_start{} and $asinfo_length{}: one of `owner`'s `regions`, from the description or
 * from the board's /reserved-memory. Without an `owner` any of the board's; without a `board` only those of the
 * description.
 */
bool sys_asinfo(const struct sys_config *config, const struct sys_owner *owner, const struct sys_board *board,
		const char *name, uint64_t *start, uint64_t *bytes);

/* Why a VM has no such region: a sentence that names it and the VM's node. */
void sys_asinfo_why(const struct sys_config *config, const struct sys_vm *vm, const struct sys_board *board,
		    const struct sys_report *report, const char *name, char *text, size_t bytes);

/* ---- who owns what ---- */

enum sys_what { SYS_MEMORY, SYS_MMIO, SYS_INTERRUPT };
enum sys_source { SYS_BY_DEVICE, SYS_BY_MMIO, SYS_BY_REGION, SYS_BY_INTERRUPT };

/* One thing that one owner has. */
struct sys_claim {
	enum sys_what what;
	enum sys_source source; /* the property that gives it */
	uint8_t index;          /* of the value in that property */
	uint8_t owner;          /* for sys_owner_at() */
	bool edge;              /* of an interrupt of a device */
	bool reserved;          /* of a region of the board's /reserved-memory */
	uint64_t start, bytes;  /* whole pages, or SYS_ANYWHERE; of an interrupt its INTID and 1 */
};

#define SYS_CLAIMS_MAX 320

struct sys_claims {
	unsigned count;
	uint32_t wrong;                         /* bit n: owner n was refused something */
	struct sys_claim claim[SYS_CLAIMS_MAX]; /* by owner; within it devices, mmio, regions, interrupts */
};

/* Does this owner have registers of the device that /chosen/stdout-path names, by any property? */
bool sys_owns_stdout(const struct sys_board *board, const struct sys_claims *claims, unsigned owner);

/* A range or an interrupt of the host that a VM's configuration passes to its guest. */
struct sys_pass {
	enum sys_what what;    /* SYS_MMIO: any address; SYS_INTERRUPT */
	bool ram;              /* the guest is told that it is RAM */
	uint64_t start, bytes; /* of the host, or INTID and 1 */
	struct qvm_place place;
};

/* What a VM's configuration needs of another process. */
enum sys_service { SYS_CONSOLE, SYS_SLOGGER, SYS_SHMEM, SYS_SERVICES };

/* A virtual CPU, as its scheduling goes. */
struct sys_vcpu {
	uint32_t runmask;  /* 0: that of its qvm */
	uint8_t partition; /* index, if partition_given; else that of its qvm */
	bool partition_given;
};

#define SYS_PASSES_MAX 48
#define SYS_CONSOLES_MAX                                                                             \
	CONSOLE_SHARE /* of one VM: the console driver gives no process more; PM_CONSOLES of proto.h \
		       */

/* A console that a VM's configuration names. */
struct sys_console {
	char name[QVM_VDEV_NAME_MAX];
	struct qvm_place place;
};

/* What one VM's configuration needs of the system. It is small, so that configurations can be read one after the other
 * into the same memory.
 */
struct sys_vm_needs {
	char name[QVM_NAME_MAX];
	bool name_given;
	uint64_t guest_bytes;           /* RAM and ROM */
	uint64_t memory, kernel_memory; /* beside that, where the description does not say it: sys_reserve() */
	unsigned cpus;                  /* virtual ones */
	struct sys_vcpu vcpus[QVM_CPUS_MAX];
	uint8_t priority_max; /* highest of its virtual CPUs and vdevs, 0: none given */
	uint32_t runmask;     /* union of those given */
	/* The places of `system`, of the option with that priority, and of the first CPU with each bit of the run mask.
	 * Names of files point into struct sys_vm: the configuration's memory may have been used again. */
	struct qvm_place name_place, priority_place, runmask_places[CPU_MAX];
	struct sys_pass passes[SYS_PASSES_MAX];
	unsigned pass_count;
	struct sys_console consoles[SYS_CONSOLES_MAX + 1]; /* may hold one entry too many; sys_check() reports it */
	unsigned console_count;
	uint32_t services; /* bit n: of enum sys_service */
	struct qvm_place service_places[SYS_SERVICES];
	char service_users[SYS_SERVICES][QVM_VDEV_NAME_MAX + 8]; /* the option that needs it first, in quotes */
};

/* The regions of shared memory that the VMs create, as far as their configurations have been read. */
struct sys_sharing {
	struct {
		char name[PROTO_NAME];
		unsigned pool;
	} made[SHM_REGIONS_MAX];
	unsigned count, of_pool[SYS_POOLS_MAX];
	uint64_t bytes[SYS_POOLS_MAX];
};

/*
 * Checks that the pools have room for the shared memory that the configuration of vms[v] creates, besides that of the
 * VMs before it. It is apart from sys_check() because configurations are read one after the other. `sharing` is all
 * zeroes before the first VM.
 */
void sys_check_sharing(const struct sys_config *config, unsigned v, const struct qvm_config *guest,
		       struct sys_sharing *sharing, struct sys_report *report);

/* Fills in what a VM's configuration needs of the system. */
void sys_vm_needs(struct sys_vm_needs *needs, const struct sys_vm *vm, const struct qvm_config *config);

/* Gives each VM the memory beside its guest's RAM that the description leaves open. Before sys_check(). */
void sys_reserve(struct sys_config *config, const struct sys_vm_needs *needs);

/*
 * Checks the system against the board and against what its VMs need (`needs[i]` belongs to `vms[i]`). A NULL leaves out
 * the checks against it. Fills in `claims`, without a board not those of devices. Returns the number of mistakes.
 */
unsigned sys_check(const struct sys_config *config, const struct sys_board *board, const struct sys_vm_needs *needs,
		   struct sys_claims *claims, struct sys_report *report);

#define SYS_WHY_MAX 32

/* The heap that processes[p] needs at least. `why` becomes " for 4 consoles" for the console driver, else "". */
uint64_t sys_heap_least(const struct sys_config *config, const struct sys_vm_needs *needs, unsigned p,
			char why[SYS_WHY_MAX]);

/*
 * What a partition is guaranteed although the run masks of its members keep it from some of the shared CPUs.
 *
 * `cpus` are those on which its members may run: processes, and the virtual CPUs of VMs. Whoever else may run on one of
 * them may use all of its own budget there, at a higher priority; so of a set of these CPUs the partition gets at least
 * what the budgets of all who may run on one of the set leave. The guarantee is that of the set where it is largest,
 * and holds if the partition's threads keep all of `cpus` busy. A partition may run where its members and the servers
 * that they may connect to may, since a server works in its client's partition. Not counted: what procmgr does for
 * others, and critical time beyond a budget.
 */
struct sys_share {
	uint32_t cpus;  /* shared ones; 0: it has no members there */
	bool narrow;    /* it has members, and none of them may use all shared CPUs: else it gets its budget */
	uint32_t least; /* if narrow: hundredths of a percent of all shared CPUs, rounded down */
	bool enough;    /* that is its budget, or more */
};

/* `present` are the CPUs of the board. */
struct sys_share sys_share(const struct sys_config *config, const struct sys_vm_needs *needs, uint32_t present,
			   unsigned partition);

/* The RAM that the whole system takes: processes, their kernel memory, regions, pools, and the guests of `needs`. */
uint64_t sys_memory_bytes(const struct sys_config *config, const struct sys_vm_needs *needs);
