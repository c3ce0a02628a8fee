/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of kworst share: threads on stacks of their own, buffers, and letters that threads send. */
#pragma once

#include "tests/el0/check.h"

#define MS          1000000ull
#define MIB         (1ull << 20)
#define THREADS     120u
#define STACK       2048u
#define CHILD_SLOT  20u
#define VM_SLOT     21u
#define BIND_HOST   200u /* first of the VM's interrupts: two for each vCPU */
#define CHILD_RAM   (8 * MIB)
#define CHILD_KMEM  (2 * MIB)
#define CHILD_STACK 0x3000000000ull
#define CHILD_FREE  (4 * MIB) /* from here on its region is not used by program or stack, for so many bytes: */
#define CHILD_SPARE (3 * MIB)
#define GUEST_RAM   0x80000000ull
#define LOW         2u   /* priorities: of those who wait, ... */
#define HIGH        100u /* ... and of the one that raises all others */
#define ABOVE       200u /* and of who ends a child, which has HIGH + 1 at most */
#define LOOK_MAX    16u  /* kernel/object/inherit.c */

extern char block[256]; /* thread-local storage of all threads here */
extern char big[2][MIB + 4096];
extern char page[4096];
extern int tids[THREADS + 8];
extern unsigned own_slot;

struct letter {
	int coid;
	uint32_t bytes;
	char *from, *to;
};
extern struct letter letters[THREADS + 8];

void doze(uint64_t ms);
unsigned thread_start(unsigned n, void (*entry)(void *), uint64_t arg, unsigned prio); /* 1, if it did */
unsigned threads_start(unsigned count, void (*entry)(void *), uint64_t arg, unsigned prio);
void threads_end(unsigned count);
void empty_table(int (*destroy)(int), int keep); /* every handle of the kind but that one */
void test_memory(unsigned space, unsigned region, uint64_t offset, uint64_t bytes);

void send_letter(void *arg);
void crowd(int chid); /* senders, pulses and blocked clients at one channel */
void test_messages(int chid, int coid);
void test_crowd(void);
void test_chain(unsigned busy);

extern uint64_t longest_stop; /* instructions */
void define_all(void);        /* every slot, with as much as it may have, and the seal */
void make_child(unsigned slot);
void start_child(unsigned slot, void (*entry)(void *), uint64_t arg);
void destroy_child(unsigned slot);
void test_full_children(void);
void test_client_child(void);
void test_interrupts(void);

void test_vcpus(void);
