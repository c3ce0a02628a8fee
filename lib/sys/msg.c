/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that move messages: their first MSG_INLINE bytes travel in x4 to x7, both ways. Of a buffer that is shorter
 * nothing beside it is read or written.
 */
#define MSG_LIBRARY /* the functions themselves are here */
#include "bulkhead/kernel.h"
#include "lib/string/word.h" /* unaligned accesses */
#include <errno.h>

struct inline_words {
	uint64_t a, b, c, d;
};

_Static_assert(sizeof(struct pulse) == 16, "a pulse is the first two words");

/* The registers of the calls here and in msg_inline.h. */
_Static_assert(IN_MsgSend_coid == 0 && IN_MsgSend_send_bytes == 1 && IN_MsgSend_reply_room == 1 &&
		   IN_MsgSend_send_address == 2 && IN_MsgSend_reply_address == 3 && IN_MsgSend_words == 4 &&
		   OUT_MsgSend_status == 0 && OUT_MsgSend_reply_bytes == 1 && OUT_MsgSend_words == 4,
	       "MsgSend");
_Static_assert(IN_MsgReplyReceive_rcvid == 0 && IN_MsgReplyReceive_status == 1 && IN_MsgReplyReceive_reply_bytes == 2 &&
		   IN_MsgReplyReceive_room == 2 && IN_MsgReplyReceive_reply_address == 3 &&
		   IN_MsgReplyReceive_words == 4 && IN_MsgReplyReceive_chid == 9 && IN_MsgReplyReceive_address == 10 &&
		   OUT_MsgReplyReceive_next_rcvid == 0 && OUT_MsgReplyReceive_bytes == 1 &&
		   OUT_MsgReplyReceive_info == 2 && OUT_MsgReplyReceive_words == 4,
	       "MsgReplyReceive");
_Static_assert(IN_MsgInfo_rcvid == 0 && OUT_MsgInfo_lengths == 0 && OUT_MsgInfo_info == 2, "MsgInfo");

/* 0 to 7 bytes: by two accesses that overlap, or none. */
static inline uint64_t load_few(const char *p, size_t bytes)
{
	if (bytes & 4)
		return load32(p) | (uint64_t)load32(p + bytes - 4) << (bytes - 4) * 8;
	if (bytes & 2)
		return load16(p) | (uint64_t)(uint8_t)p[bytes - 1] << (bytes - 1) * 8;
	return bytes ? (uint8_t)*p : 0;
}

static inline void store_few(char *p, size_t bytes, uint64_t w)
{
	if (bytes & 4) {
		store32(p, (uint32_t)w);
		store32(p + bytes - 4, (uint32_t)(w >> (bytes - 4) * 8));
	} else if (bytes & 2) {
		store16(p, (uint16_t)w);
		p[bytes - 1] = (char)(w >> (bytes - 1) * 8);
	} else if (bytes) {
		*p = (char)w;
	}
}

static inline struct inline_words words_of(const void *buffer, size_t bytes)
{
	const char *p = buffer;
	uint64_t last;

	if (__builtin_expect(bytes >= MSG_INLINE, 1))
		return (struct inline_words){load64(p), load64(p + 8), load64(p + 16), load64(p + 24)};
	if (!(bytes & 24))
		return (struct inline_words){load_few(p, bytes), 0, 0, 0};
	/* The word that is not whole, of the eight bytes that end with the buffer. If all are whole it is none of the
	 * message. */
	last = load64(p + bytes - 8) >> (-(bytes * 8) & 63);
	if (!(bytes & 16))
		return (struct inline_words){load64(p), last, 0, 0};
	if (!(bytes & 8))
		return (struct inline_words){load64(p), load64(p + 8), last, 0};
	return (struct inline_words){load64(p), load64(p + 8), load64(p + 16), last};
}

/* The word that is not whole, as the last eight bytes of the buffer: those that are not of it are stored again. */
static inline void store_last(char *p, size_t bytes, uint64_t w)
{
	store64(p + bytes - 8, w << (-(bytes * 8) & 63));
}

/* What a call brought back. */
static inline void words_to(void *buffer, size_t bytes, struct inline_words w)
{
	char *p = buffer;

	if (__builtin_expect(bytes >= MSG_INLINE, 1)) {
		store64(p + 16, w.c);
		store64(p + 24, w.d);
	} else if (!(bytes & 24)) {
		store_few(p, bytes, w.a);
		return;
	} else if (!(bytes & 16)) {
		store_last(p, bytes, w.b);
		store64(p, w.a);
		return;
	} else if (!(bytes & 8)) {
		store_last(p, bytes, w.c);
	} else {
		store_last(p, bytes, w.d);
		store64(p + 16, w.c);
	}
	store64(p, w.a);
	store64(p + 8, w.b);
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
	uint64_t both = low | (uint64_t)high << 32;

	if (__builtin_expect((low | high) >> 32 != 0, 0)) {
		both = UINT32_MAX;
		__asm__("" : "+r"(both)); /* a branch, not a choice that all pay for */
	}
	return both;
}

static int64_t plain_status(int64_t status)
{
	if (status >= 0)
		return status;
	errno = (int)-status;
	return -1;
}

int MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	struct inline_words w = words_of(smsg, sbytes);
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
			 : "+r"(x0), "+r"(x1), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
			 : "r"(x2), "r"(x3), "r"(x8)
			 : MSG_LOST);
	int status = (int)(int64_t)x0;

	if (status >= 0)
		words_to(rmsg, x1, (struct inline_words){x4, x5, x6, x7}); /* the kernel cuts it to the room */
	return status;
}

int MsgSend(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	return (int)plain_status(MsgSend_r(coid, smsg, sbytes, rmsg, rbytes));
}

/* Of x2 of MsgReplyReceive and MsgInfo. */
static inline struct msg_info info_from(uint32_t bytes, uint64_t x2)
{
	return (struct msg_info){.bytes = bytes,
				 .slot = (uint8_t)MSGINFO_SLOT(x2),
				 .tid = (uint16_t)MSGINFO_TID(x2),
				 .scoid = MSGINFO_SCOID(x2),
				 .priority = (uint8_t)MSGINFO_PRIO(x2),
				 .unblock = (x2 & MSGINFO_UNBLOCK) != 0};
}

/* A pulse as struct pulse has it, the code in 32 bits, then the value: the first two words. */
static inline void pulse_to(void *buffer, size_t bytes, struct inline_words w)
{
	w.a = (uint32_t)w.a;
	if (__builtin_expect(bytes >= sizeof(struct pulse), 1))
		store_pair(buffer, w.a | (pair64)w.b << 64);
	else
		words_to(buffer, bytes, w);
}

/* What a receiving call brought back: fills the first bytes of the buffer, and *info. Returns the rcvid. */
static inline int64_t store_received(int64_t rcvid, uint64_t x1, uint64_t x2, struct inline_words w, void *msg,
				     size_t bytes, struct msg_info *info)
{
	if (rcvid < 0)
		return rcvid;
	if (info)
		*info = info_from(rcvid ? (uint32_t)x1 : sizeof(struct pulse), x2);
	if (rcvid)
		words_to(msg, least(x1, bytes), w);
	else
		pulse_to(msg, bytes, w);
	return rcvid;
}

int64_t MsgReplyReceive_r(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid, void *msg,
			  size_t bytes, struct msg_info *info)
{
	struct inline_words w = words_of(reply, reply_bytes);
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

int64_t MsgReplyReceive(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid, void *msg,
			size_t bytes, struct msg_info *info)
{
	return plain_status(MsgReplyReceive_r(rcvid, status, reply, reply_bytes, chid, msg, bytes, info));
}

/* What there is to say to a client does not matter. */
int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info)
{
	register uint64_t x0 __asm__("x0") = 0;
	register uint64_t x1 __asm__("x1");
	register uint64_t x2 __asm__("x2") = lengths(0, bytes);
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");
	register uint64_t x8 __asm__("x8") = CALL_MsgReplyReceive;
	register uint64_t x9 __asm__("x9") = (uint64_t)(int64_t)chid;
	register uint64_t x10 __asm__("x10") = address(msg);

	__asm__ volatile("svc #0"
			 : "+r"(x0), "=r"(x1), "+r"(x2), "=r"(x4), "=r"(x5), "=r"(x6), "=r"(x7)
			 : "r"(x8), "r"(x9), "r"(x10)
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
	return (int)MsgReplyReceive_r(rcvid, status, msg, bytes, 0, NULL, 0, NULL);
}

int MsgReply(int64_t rcvid, int64_t status, const void *msg, size_t bytes)
{
	return (int)plain_status(MsgReply_r(rcvid, status, msg, bytes));
}

int MsgError_r(int64_t rcvid, int error)
{
	return error > 0 ? MsgReply_r(rcvid, -(int64_t)error, NULL, 0) : -EINVAL;
}

int MsgError(int64_t rcvid, int error)
{
	return (int)plain_status(MsgError_r(rcvid, error));
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
	if (status >= 0)
		words_to(rmsg, least(x1, rbytes), (struct inline_words){a, b, c, d});
	return status;
}

int64_t msg_received(int64_t rcvid, uint64_t x1, void *msg, size_t bytes, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t d)
{
	return store_received(rcvid, x1, 0, (struct inline_words){a, b, c, d}, msg, bytes, NULL);
}
