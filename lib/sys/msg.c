/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that move messages: their first MSG_INLINE bytes travel in x4 to x7, both ways. A buffer that is shorter
 * goes through an array on the stack, so that nothing beside it is read or written.
 */
#define MSG_LIBRARY /* the functions themselves are here */
#include "bulkhead/kernel.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct inline_words {
	uint64_t a, b, c, d;
};

_Static_assert(sizeof(struct pulse) == 16, "a pulse is the first two words");

/* The registers of the calls here and in msg_inline.h. */
_Static_assert(IN_MsgSend_coid == 0 && IN_MsgSend_send_bytes == 1 && IN_MsgSend_reply_room == 1 &&
		   IN_MsgSend_send_address == 2 && IN_MsgSend_reply_address == 3 && IN_MsgSend_words == 4 &&
		   OUT_MsgSend_status == 0 && OUT_MsgSend_reply_bytes == 1 && OUT_MsgSend_words == 4,
	       "MsgSend");
_Static_assert(IN_MsgReceive_chid == 0 && IN_MsgReceive_room == 1 && IN_MsgReceive_address == 2 &&
		   OUT_MsgReceive_rcvid == 0 && OUT_MsgReceive_bytes == 1 && OUT_MsgReceive_info == 2 &&
		   OUT_MsgReceive_words == 4,
	       "MsgReceive");
_Static_assert(IN_MsgReply_rcvid == 0 && IN_MsgReply_status == 1 && IN_MsgReply_bytes == 2 &&
		   IN_MsgReply_address == 3 && IN_MsgReply_words == 4,
	       "MsgReply");
_Static_assert(IN_MsgReplyReceive_rcvid == 0 && IN_MsgReplyReceive_status == 1 && IN_MsgReplyReceive_reply_bytes == 2 &&
		   IN_MsgReplyReceive_room == 2 && IN_MsgReplyReceive_reply_address == 3 &&
		   IN_MsgReplyReceive_words == 4 && IN_MsgReplyReceive_chid == 9 && IN_MsgReplyReceive_address == 10 &&
		   OUT_MsgReplyReceive_next_rcvid == 0 && OUT_MsgReplyReceive_bytes == 1 &&
		   OUT_MsgReplyReceive_info == 2 && OUT_MsgReplyReceive_words == 4,
	       "MsgReplyReceive");
_Static_assert(IN_MsgInfo_rcvid == 0 && OUT_MsgInfo_lengths == 0 && OUT_MsgInfo_info == 2, "MsgInfo");

static inline struct inline_words words_load(const void *buffer)
{
	struct inline_words w;

	MSG_LOAD(buffer, w.a, w.b, w.c, w.d);
	return w;
}

/* Buffers that are shorter are the rare case: apart, so that the common one needs no stack. */
static struct inline_words words_load_part(const void *buffer, size_t bytes)
{
	uint64_t part[4] = {0};

	memcpy(part, buffer, bytes);
	return (struct inline_words){part[0], part[1], part[2], part[3]};
}

/* Its arguments are where the kernel left the words: x4 to x7. */
static __attribute__((noinline, noclone)) int64_t words_store_part(int64_t result, void *buffer, size_t bytes,
								   uint64_t unused, uint64_t a, uint64_t b, uint64_t c,
								   uint64_t d)
{
	uint64_t part[4] = {a, b, c, d};

	(void)unused;
	memcpy(buffer, part, bytes);
	return result;
}

static inline bool is_part(size_t bytes)
{
	return bytes < MSG_INLINE && bytes;
}

/* Nothing at all, if the length is 0. */
static inline struct inline_words words_of(const void *buffer, size_t bytes)
{
	return bytes ? words_load(buffer) : (struct inline_words){0, 0, 0, 0};
}

/* The last thing that a call does: gives its result. A struct pulse is half of the words. */
static inline int64_t words_to(int64_t result, void *buffer, size_t bytes, struct inline_words w)
{
	if (__builtin_expect(bytes >= MSG_INLINE, 1)) {
		MSG_STORE(buffer, w.a, w.b, w.c, w.d);
	} else if (bytes == sizeof(struct pulse)) {
		__asm__("stp %1, %2, [%3]"
			: "=m"(*(char(*)[sizeof(struct pulse)])buffer)
			: "r"(w.a), "r"(w.b), "r"(buffer));
	} else if (bytes) {
		return words_store_part(result, buffer, bytes, 0, w.a, w.b, w.c, w.d);
	}
	return result;
}

/* Functions, because cppcheck takes a member after __asm__("x4") = for an expression of its own. */
static inline __attribute__((always_inline)) uint64_t word_a(struct inline_words w)
{
	return w.a;
}

static inline __attribute__((always_inline)) uint64_t word_b(struct inline_words w)
{
	return w.b;
}

static inline __attribute__((always_inline)) uint64_t word_c(struct inline_words w)
{
	return w.c;
}

static inline __attribute__((always_inline)) uint64_t word_d(struct inline_words w)
{
	return w.d;
}

static inline size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Lengths beyond 32 bits must not spill into their neighbour's; the kernel refuses all beyond MSG_MAX. */
static inline uint64_t lengths(size_t low, size_t high)
{
	if (__builtin_expect((low | high) >> 32 != 0, 0))
		return UINT32_MAX;
	return low | (uint64_t)high << 32;
}

static int64_t plain_status(int64_t status)
{
	if (status >= 0)
		return status;
	errno = (int)-status;
	return -1;
}

static inline __attribute__((always_inline)) int send_words(int coid, const void *smsg, size_t sbytes, void *rmsg,
							    size_t rbytes, struct inline_words w)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)(int64_t)coid;
	register uint64_t x1 __asm__("x1") = lengths(sbytes, rbytes);
	register uint64_t x2 __asm__("x2") = address(smsg);
	register uint64_t x3 __asm__("x3") = address(rmsg);
	register uint64_t x4 __asm__("x4") = word_a(w);
	register uint64_t x5 __asm__("x5") = word_b(w);
	register uint64_t x6 __asm__("x6") = word_c(w);
	register uint64_t x7 __asm__("x7") = word_d(w);
	register uint64_t x8 __asm__("x8") = CALL_MsgSend;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
			 : "r"(x8)
			 : MSG_LOST);
	int status = (int)(int64_t)x0;

	if (status < 0)
		return status;
	w = (struct inline_words){x4, x5, x6, x7};
	return (int)words_to(status, rmsg, least(x1, rbytes), w);
}

static __attribute__((noinline)) int send_words_part(int coid, const void *smsg, size_t sbytes, void *rmsg,
						     size_t rbytes)
{
	return send_words(coid, smsg, sbytes, rmsg, rbytes, words_load_part(smsg, sbytes));
}

int MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	if (is_part(sbytes))
		return send_words_part(coid, smsg, sbytes, rmsg, rbytes);
	return send_words(coid, smsg, sbytes, rmsg, rbytes, words_of(smsg, sbytes));
}

int MsgSend(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	return (int)plain_status(MsgSend_r(coid, smsg, sbytes, rmsg, rbytes));
}

/* Of x2 of MsgReceive and MsgInfo. */
static inline struct msg_info info_from(uint32_t bytes, uint64_t x2)
{
	return (struct msg_info){.bytes = bytes,
				 .slot = (uint8_t)MSGINFO_SLOT(x2),
				 .tid = (uint16_t)MSGINFO_TID(x2),
				 .scoid = MSGINFO_SCOID(x2),
				 .priority = (uint8_t)MSGINFO_PRIO(x2),
				 .unblock = (x2 & MSGINFO_UNBLOCK) != 0};
}

/* What a receiving call brought back: fills the first bytes of the buffer, and *info. Returns the rcvid. */
static inline int64_t store_received(int64_t rcvid, uint64_t x1, uint64_t x2, struct inline_words w, void *msg,
				     size_t bytes, struct msg_info *info)
{
	if (rcvid < 0)
		return rcvid;
	if (rcvid == 0) {
		/* As struct pulse has it: the code in 32 bits, then the value. */
		x1 = sizeof(struct pulse);
		w.a = (uint32_t)w.a;
	}
	if (info)
		*info = info_from((uint32_t)x1, x2);
	return words_to(rcvid, msg, least(x1, bytes), w);
}

int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)(int64_t)chid;
	register uint64_t x1 __asm__("x1") = bytes;
	register uint64_t x2 __asm__("x2") = address(msg);
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");
	register uint64_t x8 __asm__("x8") = CALL_MsgReceive;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "=r"(x4), "=r"(x5), "=r"(x6), "=r"(x7)
			 : "r"(x8)
			 : "x3", MSG_LOST);
	struct inline_words w = {x4, x5, x6, x7};

	return store_received((int64_t)x0, x1, x2, w, msg, bytes, info);
}

int64_t MsgReceive(int chid, void *msg, size_t bytes, struct msg_info *info)
{
	return plain_status(MsgReceive_r(chid, msg, bytes, info));
}

int MsgReply_r(int64_t rcvid, int64_t status, const void *msg, size_t bytes)
{
	struct inline_words w = is_part(bytes) ? words_load_part(msg, bytes) : words_of(msg, bytes);
	register uint64_t x0 __asm__("x0") = (uint64_t)rcvid;
	register uint64_t x1 __asm__("x1") = (uint64_t)status;
	register uint64_t x2 __asm__("x2") = bytes;
	register uint64_t x3 __asm__("x3") = address(msg);
	register uint64_t x4 __asm__("x4") = word_a(w);
	register uint64_t x5 __asm__("x5") = word_b(w);
	register uint64_t x6 __asm__("x6") = word_c(w);
	register uint64_t x7 __asm__("x7") = word_d(w);
	register uint64_t x8 __asm__("x8") = CALL_MsgReply;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
			 : "r"(x8)
			 : MSG_LOST);
	return (int)(int64_t)x0;
}

int MsgReply(int64_t rcvid, int64_t status, const void *msg, size_t bytes)
{
	return (int)plain_status(MsgReply_r(rcvid, status, msg, bytes));
}

static inline __attribute__((always_inline)) int64_t reply_receive(int64_t rcvid, int64_t status, const void *reply,
								   size_t reply_bytes, int chid, void *msg,
								   size_t bytes, struct msg_info *info,
								   struct inline_words w)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)rcvid;
	register uint64_t x1 __asm__("x1") = (uint64_t)status;
	register uint64_t x2 __asm__("x2") = lengths(reply_bytes, bytes);
	register uint64_t x3 __asm__("x3") = address(reply);
	register uint64_t x4 __asm__("x4") = word_a(w);
	register uint64_t x5 __asm__("x5") = word_b(w);
	register uint64_t x6 __asm__("x6") = word_c(w);
	register uint64_t x7 __asm__("x7") = word_d(w);
	register uint64_t x8 __asm__("x8") = CALL_MsgReplyReceive;
	register uint64_t x9 __asm__("x9") = (uint64_t)(int64_t)chid;
	register uint64_t x10 __asm__("x10") = address(msg);

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
			 : "r"(x8), "r"(x9), "r"(x10)
			 : MSG_LOST);
	w = (struct inline_words){x4, x5, x6, x7};
	return store_received((int64_t)x0, x1, x2, w, msg, bytes, info);
}

static __attribute__((noinline)) int64_t reply_receive_part(int64_t rcvid, int64_t status, const void *reply,
							    size_t reply_bytes, int chid, void *msg, size_t bytes,
							    struct msg_info *info)
{
	return reply_receive(rcvid, status, reply, reply_bytes, chid, msg, bytes, info,
			     words_load_part(reply, reply_bytes));
}

int64_t MsgReplyReceive_r(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid, void *msg,
			  size_t bytes, struct msg_info *info)
{
	if (is_part(reply_bytes))
		return reply_receive_part(rcvid, status, reply, reply_bytes, chid, msg, bytes, info);
	return reply_receive(rcvid, status, reply, reply_bytes, chid, msg, bytes, info, words_of(reply, reply_bytes));
}

int64_t MsgReplyReceive(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid, void *msg,
			size_t bytes, struct msg_info *info)
{
	return plain_status(MsgReplyReceive_r(rcvid, status, reply, reply_bytes, chid, msg, bytes, info));
}

int MsgInfo_r(int64_t rcvid, struct msg_info *info, size_t *reply_bytes)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)rcvid;
	register uint64_t x2 __asm__("x2");
	register uint64_t x8 __asm__("x8") = CALL_MsgInfo;

	__asm__ volatile("svc #0" : "+r"(x0), "=r"(x2) : "r"(x8) : "x1", "x3", "x4", "x5", "x6", "x7", MSG_LOST);
	if ((int64_t)x0 < 0)
		return (int)x0;
	if (info)
		*info = info_from((uint32_t)x0, x2);
	if (reply_bytes)
		*reply_bytes = x0 >> 32;
	return 0;
}

int MsgInfo(int64_t rcvid, struct msg_info *info, size_t *reply_bytes)
{
	return (int)plain_status(MsgInfo_r(rcvid, info, reply_bytes));
}

/* ---- for msg_inline.h ---- */

int msg_sent(int status, uint64_t x1, void *rmsg, size_t rbytes, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return status < 0 ? status : (int)words_to(status, rmsg, least(x1, rbytes), (struct inline_words){a, b, c, d});
}

int64_t msg_received(int64_t rcvid, uint64_t x1, void *msg, size_t bytes, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t d)
{
	return store_received(rcvid, x1, 0, (struct inline_words){a, b, c, d}, msg, bytes, NULL);
}
