/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MsgSend_r and MsgReplyReceive_r where the lengths are constants of at least MSG_INLINE bytes, as those of most
 * protocols are: a few instructions around the kernel's call. All else goes to the functions of the same names in the
 * library, which takes the pieces from here (MSG_LIBRARY). For kernel.h only.
 */
#pragma once

/* The library's, by their names in the linked program. */
int MsgSendLong_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes) __asm__("MsgSend_r");
int64_t MsgReplyReceiveLong_r(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid, void *msg,
			      size_t bytes, struct msg_info *info) __asm__("MsgReplyReceive_r");

/* What came back in x1, x2 and x4 to x7: for the rare cases. Return what the call returns. */
int msg_sent(int status, uint64_t x1, void *rmsg, size_t rbytes, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
int64_t msg_received(int64_t rcvid, uint64_t x1, void *msg, size_t bytes, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t d);

#define MSG_CONSTANT(bytes) (__builtin_constant_p(bytes) && (bytes) >= MSG_INLINE && (bytes) <= MSG_MAX)
#define MSG_FUNCTION        extern inline __attribute__((gnu_inline, always_inline))
#define MSG_LOST            "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"

/* Ordinary memory, so that LDP and STP need no alignment (HCR_EL2.DC is 1 for processes); the compiler,
 * which is told to align strictly, would use bytes. */
#define MSG_LOAD(buffer, a, b, c, d)                        \
	__asm__("ldp %0, %1, [%4]\n\tldp %2, %3, [%4, #16]" \
		: "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)    \
		: "r"(buffer), "m"(*(const char(*)[MSG_INLINE])(buffer)))
#define MSG_STORE(buffer, a, b, c, d)                       \
	__asm__("stp %1, %2, [%5]\n\tstp %3, %4, [%5, #16]" \
		: "=m"(*(char(*)[MSG_INLINE])(buffer))      \
		: "r"(a), "r"(b), "r"(c), "r"(d), "r"(buffer))

#ifndef MSG_LIBRARY
MSG_FUNCTION int MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	if (!MSG_CONSTANT(sbytes) || !MSG_CONSTANT(rbytes))
		return MsgSendLong_r(coid, smsg, sbytes, rmsg, rbytes);
	register uint64_t x0 __asm__("x0") = (uint64_t)(int64_t)coid;
	register uint64_t x1 __asm__("x1") = sbytes | (uint64_t)rbytes << 32;
	register uint64_t x2 __asm__("x2") = (uint64_t)(uintptr_t)smsg;
	register uint64_t x3 __asm__("x3") = (uint64_t)(uintptr_t)rmsg;
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");
	register uint64_t x8 __asm__("x8") = CALL_MsgSend;

	MSG_LOAD(smsg, x4, x5, x6, x7);
	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7), "+r"(x8)
			 :
			 : MSG_LOST);
	if (__builtin_expect((int)x0 < 0 || x1 < MSG_INLINE, 0))
		return msg_sent((int)x0, x1, rmsg, rbytes, x4, x5, x6, x7);
	MSG_STORE(rmsg, x4, x5, x6, x7);
	return (int)x0;
}

MSG_FUNCTION int64_t MsgReplyReceive_r(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid,
				       void *msg, size_t bytes, struct msg_info *info)
{
	if (!MSG_CONSTANT(reply_bytes) || !MSG_CONSTANT(bytes) || !(__builtin_constant_p(!info) && !info))
		return MsgReplyReceiveLong_r(rcvid, status, reply, reply_bytes, chid, msg, bytes, info);
	register uint64_t x0 __asm__("x0") = (uint64_t)rcvid;
	register uint64_t x1 __asm__("x1") = (uint64_t)status;
	register uint64_t x2 __asm__("x2") = reply_bytes | (uint64_t)bytes << 32;
	register uint64_t x3 __asm__("x3") = (uint64_t)(uintptr_t)reply;
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");
	register uint64_t x8 __asm__("x8") = CALL_MsgReplyReceive;
	register uint64_t x9 __asm__("x9") = (uint64_t)(int64_t)chid;
	register uint64_t x10 __asm__("x10") = (uint64_t)(uintptr_t)msg;

	MSG_LOAD(reply, x4, x5, x6, x7);
	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7), "+r"(x8),
			   "+r"(x9), "+r"(x10)
			 :
			 : MSG_LOST);
	if (__builtin_expect((int64_t)x0 <= 0 || x1 < MSG_INLINE, 0))
		return msg_received((int64_t)x0, x1, msg, bytes, x4, x5, x6, x7);
	MSG_STORE(msg, x4, x5, x6, x7);
	return (int64_t)x0;
}
#endif
