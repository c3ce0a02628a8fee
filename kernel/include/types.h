/* SPDX-License-Identifier: Apache-2.0 */
/* Basic types and helpers of the kernel. No C library is there. */
#pragma once

#include "likely.h"
#include "range.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* physical address */
typedef uint64_t vaddr_t; /* address in a process or in a guest: what a struct space translates */

#define PAGE_SIZE                       4096ull
#define PAGE_MASK                       (PAGE_SIZE - 1)
#define BIT(n)                          (1ull << (n))
#define ARRAY_COUNT(a)                  (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define align_up(x, a)                  (((x) + ((a)-1)) & ~((uint64_t)(a)-1))
#define align_down(x, a)                ((x) & ~((uint64_t)(a)-1))
#define is_aligned(x, a)                (((x) & ((uint64_t)(a)-1)) == 0)
/* Keeps its name in what is linked, where tools/path looks for it. */
#define NAMED __attribute__((noinline))

/* A doubly linked ring; a node that is in no list points at itself. */
struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Before another node; before the head that is the end. */
static inline void list_insert_before(struct list *where, struct list *node)
{
	node->next = where;
	node->prev = where->prev;
	where->prev->next = node;
	where->prev = node;
}

static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_for_each(it, head)        for (struct list *it = (head)->next; it != (head); it = it->next)
/* The node at hand may leave the list in the body; its neighbours may not. */
#define list_for_each_safe(it, head) \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); it = it##_next, it##_next = it->next)

/* Each bit set of a word, lowest first. */
#define for_each_bit(n, word)                                                                            \
	for (uint64_t n##_left = (word), n; n##_left && (n = (uint64_t)__builtin_ctzll(n##_left), true); \
	     n##_left &= n##_left - 1)

/* A word that other CPUs read or write at the same time: whole, and in no order with others. */
#if __STDC_HOSTED__
#define READ_ONCE(x)         __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)
#else
/* One instruction, with its offset: a compiler computes the address of an atomic access first. */
#define READ_ONCE(x)         (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#endif

static inline bool range_ok(uint64_t start, uint64_t length)
{
	return length != 0 && start + length > start;
}

/* As the C standard has them. */
void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
size_t strlen(const char *s);
