/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the system description share. */
#pragma once

#include "range.h"
#include "sysconf.h"

#define SYS_SPI_LAST 1019 /* Arm IHI 0069, 2.2.1: shared peripheral interrupts */

struct sys_cells {
	unsigned address, size; /* 32-bit cells of an address and of a length: 1 or 2, a length also 0 */
};

/* The node that is being read, and where the result goes. */
/* More than any node has of those that mean something. */
#define SYS_PROPERTIES_MAX 32

struct sys_property {
	const char *name;
	const void *value;
	int length;
};

struct reader {
	struct sys_config *config;
	const void *dtb;
	int node;
	struct sys_place place; /* of that node: its property is filled in for each message */
	struct sys_report *report;
	unsigned property_count; /* of that node; they point into the blob */
	struct sys_property properties[SYS_PROPERTIES_MAX];
};

/* A mistake at a property of the node that is being read; NULL: at the node. */
#define MISTAKE(r, at, ...) \
	sys_mistake((r)->report, &(struct sys_place){(r)->place.folder, (r)->place.name, at}, __VA_ARGS__)

/* report.c */
#define SYS_WHERE_MAX 96
void sys_mistake(struct sys_report *report, const struct sys_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same at a line of another file. */
void sys_mistake_at(struct sys_report *report, const struct qvm_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* " [system.dts:12]", to follow the name of a node that clashes with the one of the message; "" if not known. */
const char *sys_where(const struct sys_report *report, const struct sys_place *place, char text[SYS_WHERE_MAX]);

/* value.c: typed properties. A wrong value is reported, and the default is returned. sys_node() goes to a node, and
 * walks over its properties once; the others look there. */
void sys_node(struct reader *r, int node);
bool sys_has(const struct reader *r, const char *property);
void sys_words(const struct reader *r, const char *const *words);
/* The same, but the node may contain others. */
void sys_properties(const struct reader *r, const char *const *words);
const char *sys_string(const struct reader *r, const char *property, bool required);
unsigned sys_strings(const struct reader *r, const char *property, const char **list, unsigned most);
bool sys_flag(const struct reader *r, const char *property);
uint64_t sys_number(const struct reader *r, const char *property, uint64_t standard, uint64_t least, uint64_t most);
uint64_t sys_memory(const struct reader *r, const char *property, uint64_t standard);
unsigned sys_ranges(const struct reader *r, const char *property, struct sys_range *ranges, unsigned most);
unsigned sys_numbers(const struct reader *r, const char *property, uint32_t *list, unsigned most);
/* Which of `choices` (the last one is NULL) a property has; `standard` if it has none, or another. */
unsigned sys_choice(const struct reader *r, const char *property, const char *const *choices, unsigned standard);

/* owner.c */
void sys_read_owner(const struct reader *r, struct sys_owner *own, uint64_t memory, uint64_t kernel_memory);
/* When all owners are known: run masks that were not written leave out what others have exclusively. */
void sys_share_cpus(struct sys_config *config);
struct sys_place sys_owner_place(const struct sys_config *config, unsigned owner, const char *property);

/* parts.c: memory regions, clusters and pools. */
bool sys_good_name(const char *name);
void sys_check_name(const struct reader *r);
void sys_read_region(const struct reader *r);
void sys_read_cluster(const struct reader *r);
void sys_read_pool(const struct reader *r);

/* partitions.c: what is there in any case; of /partitions itself; of one partition; of an owner; the names that exist.
 */
void sys_begin_partitions(struct sys_config *c);
void sys_read_partitions(struct reader *r);
void sys_read_partition(const struct reader *r);
void sys_read_membership(const struct reader *r, struct sys_owner *own);
#define SYS_PERCENT_BYTES 16
/* Hundredths of a percent as text: "29.5". */
const char *sys_percent(uint32_t percent, char text[SYS_PERCENT_BYTES]);
/* The names of those with a bit in `which`, as "System, a"; of too many the first ones. */
const char *sys_partition_names(const struct sys_config *config, uint32_t which, char text[QVM_NAMES_BYTES]);

/* shares.c: can each partition's budget be guaranteed? Is a CPU left to procmgr? */
void sys_check_partitions(const struct sys_config *config, const struct sys_board *board,
			  const struct sys_vm_needs *needs, struct sys_report *report);
/* The index of the partition that a virtual CPU of this VM is in. */
unsigned sys_partition_of_vcpu(const struct sys_owner *own, const struct sys_vcpu *vcpu);

/* print.c, map_partitions.c: lines of the access matrix. */
struct sys_map;
struct sys_printer {
	const struct sys_map *map;
	void (*line)(void *context, const char *text);
	void *context;
};
void sys_print_line(const struct sys_printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sys_print_partitions(const struct sys_printer *p);

/* cells.c */
bool sys_cells_of(const struct sys_board *board, int bus, struct sys_cells *cells);
uint64_t sys_cells_read(const void *property, unsigned first, unsigned count);
bool sys_reg(const struct sys_board *board, int node, const struct sys_cells *cells, unsigned index,
	     struct sys_range *range);
bool sys_physical(const struct sys_range *range);
bool sys_share_page(const struct sys_range *a, const struct sys_range *b);
bool sys_is(const void *dtb, int node, const char *property, const char *value);
/* Is it among the strings of the node's `compatible`? By the index. */
bool sys_is_compatible(const struct sys_board *board, unsigned node, const char *value);

/* registers.c: the ranges of a node's `reg`, one after the other. */
struct sys_registers {
	const struct sys_board *board;
	int node, bus;
	bool readable; /* its bus writes addresses in a way that is understood */
	struct sys_cells cells;
	unsigned next;
};
struct sys_registers sys_registers(const struct sys_board *board, int node);
/* The next one as the CPUs see it, or in `wrong` why they do not; false: there is no further one. */
bool sys_next_registers(struct sys_registers *r, struct sys_range *range, const char **wrong);
/* Does this reason say that no CPU reaches them? Else the tree is not supported. */
bool sys_unreachable(const char *wrong);

/* interrupts.c: the interrupts of a node, one after the other. */
struct sys_interrupts {
	const struct sys_board *board;
	const uint8_t *cells;
	unsigned left;    /* cells */
	int node, parent; /* the second is where its interrupts go; below 0: nowhere */
	bool extended, odd;
};
struct sys_interrupts sys_interrupts(const struct sys_board *board, int node);
/* The next one, or in `wrong` why it is none of the GIC's; false: there is no further one. */
bool sys_next_interrupt(struct sys_interrupts *i, struct sys_interrupt *interrupt, const char **wrong);
bool sys_is_gic(const void *dtb, int node);

/* resolve.c: the devices that own what is claimed by address or by interrupt. After sys_claims_read(). */
void sys_resolve(struct sys_claims *claims, const struct sys_config *config, const struct sys_board *board,
		 struct sys_report *report);

/* board.c: nodes are indices, -1 for none */
int sys_node_path(const struct sys_board *board, const char *path); /* "/", or names after slashes */
/* The mask of the CPUs that the board has. */
uint32_t sys_present_cpus(const struct sys_board *board);

/* device.c: why nobody may reach `range`, or NULL. `path` is then the node that forbids it; `except` is a device that
 * is not checked. */
const char *sys_mmio_refused(const struct sys_board *board, const struct sys_range *range, const char *except,
			     bool dma_allowed, char path[SYS_PATH_MAX]);

/* Is what is claimed a part of the node: one of its interrupts, or a page with its registers? */
bool sys_claim_is_of(const struct sys_board *board, int node, const struct sys_claim *claim);

/* Is the device of that name compatible with it? */
bool sys_device_is(const struct sys_board *board, const char *name, const char *compatible);

/* Why nobody may have an interrupt of this node, or NULL. */
const char *sys_interrupt_refused(const struct sys_board *board, int node);
/* The full path of a node, or words that say that it is too long. */
void sys_path_of(const struct sys_board *board, int node, char path[SYS_PATH_MAX]);

/* claims.c */
bool sys_claims_overlap(const struct sys_claim *a, const struct sys_claim *b, const struct sys_config *config);
/* Two claims of different owners on one `thing`. */
void sys_report_clash(const struct sys_config *config, const struct sys_claim *late, const struct sys_claim *early,
		      const char *thing, struct sys_report *report);
void sys_claims_read(struct sys_claims *claims, const struct sys_config *config, const struct sys_board *board,
		     struct sys_report *report);
struct sys_place sys_claim_place(const struct sys_config *config, const struct sys_claim *claim);

/* peers.c */
void sys_add_peers(struct sys_vm_needs *needs, const struct qvm_config *config, const struct qvm_vdev *vdev,
		   struct qvm_place place);
void sys_check_consoles(const struct sys_config *config, unsigned v, const struct sys_vm_needs *needs,
			struct sys_report *report);

/* names.c: the name of a service, the program that is made for it, and how messages call it. */
struct sys_known_service {
	const char *name, *program, *what;
};
extern const struct sys_known_service sys_services[SYS_SERVICES];
void sys_read_serves(const struct reader *r, struct sys_process *p);
/* When all processes are known. */
void sys_bind_names(struct sys_config *config, struct sys_report *report);

/* services.c */
/* `option` of the configuration needs it; `type` is what follows `vdev`, else "". */
void sys_need_service(struct sys_vm_needs *needs, enum sys_service service, const char *option, const char *type,
		      struct qvm_place place);
void sys_check_services(const struct sys_config *config, unsigned v, const struct sys_vm_needs *needs,
			struct sys_report *report);
/* Of process `p`, if its program is devc-pl011: can it drive what it is given? */
void sys_check_driver(const struct sys_config *config, const struct sys_board *board, const struct sys_claims *claims,
		      unsigned p, struct sys_report *report);

/* If its program is devc-pl011: has that as many consoles as the VMs name? */
void sys_check_console_count(const struct sys_config *config, const struct sys_vm_needs *needs, unsigned p,
			     struct sys_report *report);

/* reserve.c: `memory` and `kernel_memory` of the needs. */
void sys_reserve_needs(struct sys_vm_needs *needs, const struct qvm_config *config);

/* vm.c */
void sys_check_vm(const struct sys_config *config, const struct sys_board *board, unsigned v,
		  const struct sys_vm_needs *needs, struct sys_report *report);
void sys_check_passes(const struct sys_config *config, const struct sys_board *board, const struct sys_claims *claims,
		      unsigned v, const struct sys_vm_needs *needs, struct sys_report *report);
