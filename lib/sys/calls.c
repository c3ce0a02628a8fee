/* SPDX-License-Identifier: Apache-2.0 */
/* The stubs of kernel.h: `svc #0` with the call's number in x8, as abi/calls.def describes it. */
#include "bulkhead/kernel.h"
#include <errno.h>
#include <string.h>

struct result {
	int64_t x0;
	uint64_t x1, x2, x3;
};

/* A value that does not matter: lets the compiler leave in an argument register what is there. */
static inline uint64_t any(void)
{
	uint64_t value;

	__asm__("" : "=r"(value));
	return value;
}

static inline struct result call6(unsigned number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
				  uint64_t a5)
{
	register uint64_t x0 __asm__("x0") = a0;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;
	register uint64_t x4 __asm__("x4") = a4;
	register uint64_t x5 __asm__("x5") = a5;
	register uint64_t x8 __asm__("x8") = number;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
			 : "r"(x8)
			 : "x6", "x7", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return (struct result){.x0 = (int64_t)x0, .x1 = x1, .x2 = x2, .x3 = x3};
}

#define call5(n, a, b, c, d, e) call6(n, a, b, c, d, e, any())
#define call4(n, a, b, c, d)    call5(n, a, b, c, d, any())
#define call3(n, a, b, c)       call4(n, a, b, c, any())
#define call2(n, a, b)          call3(n, a, b, any())
#define call1(n, a)             call2(n, a, any())
#define call0(n)                call1(n, any())

/* Small numbers are sign-extended, so that -1 stays -1. */
static inline uint64_t sign(int64_t value)
{
	return (uint64_t)value;
}

static inline uint64_t address(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static inline uint64_t sched(unsigned priority, unsigned policy)
{
	return (priority & 0xff) | (uint64_t)policy << 8;
}

/* The status of a plain form: -1 and errno instead of a negative errno. */
static int64_t plain(int64_t status)
{
	if (status >= 0)
		return status;
	errno = (int)-status;
	return -1;
}

/* Threads */

int ThreadCreate_r(void (*entry)(void *), void *arg, void *stack_top, unsigned priority, unsigned policy,
		   uint32_t runmask, void *tls)
{
	return (int)call6(CALL_ThreadCreate, (uint64_t)(uintptr_t)entry, address(arg), address(stack_top),
			  sched(priority, policy), runmask, address(tls))
	    .x0;
}

int ThreadCreate(void (*entry)(void *), void *arg, void *stack_top, unsigned priority, unsigned policy,
		 uint32_t runmask, void *tls)
{
	return (int)plain(ThreadCreate_r(entry, arg, stack_top, priority, policy, runmask, tls));
}

int ThreadDestroy_r(int tid, uint64_t status)
{
	return (int)call2(CALL_ThreadDestroy, sign(tid), status).x0;
}

int ThreadDestroy(int tid, uint64_t status)
{
	return (int)plain(ThreadDestroy_r(tid, status));
}

int ThreadCtl_r(enum threadctl command, uint64_t value)
{
	return (int)call2(CALL_ThreadCtl, command, value).x0;
}

int ThreadCtl(enum threadctl command, uint64_t value)
{
	return (int)plain(ThreadCtl_r(command, value));
}

int ThreadSelf_r(unsigned *slot)
{
	struct result r = call2(CALL_ThreadCtl, THREADCTL_SELF, 0);

	if (slot)
		*slot = (unsigned)r.x1;
	return (int)r.x0;
}

int SchedSet_r(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask)
{
	return (int)call4(CALL_SchedSet, sign(slot), sign(tid), sched(priority, policy), runmask).x0;
}

int SchedSet(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask)
{
	return (int)plain(SchedSet_r(slot, tid, priority, policy, runmask));
}

int SchedGet_r(int slot, int tid, uint32_t *runmask)
{
	struct result r = call2(CALL_SchedGet, sign(slot), sign(tid));

	if (r.x0 >= 0 && runmask)
		*runmask = (uint32_t)r.x1;
	return (int)r.x0;
}

int SchedGet(int slot, int tid, uint32_t *runmask)
{
	return (int)plain(SchedGet_r(slot, tid, runmask));
}

int SchedYield_r(void)
{
	return (int)call0(CALL_SchedYield).x0;
}

int SchedYield(void)
{
	return (int)plain(SchedYield_r());
}

int SyncWait_r(const volatile void *word, uint32_t expected, int owner)
{
	return (int)call3(CALL_SyncWait, address(word), expected, sign(owner)).x0;
}

int SyncWait(const volatile void *word, uint32_t expected, int owner)
{
	return (int)plain(SyncWait_r(word, expected, owner));
}

int SyncWake_r(const volatile void *word, unsigned count)
{
	return (int)call2(CALL_SyncWake, address(word), count).x0;
}

int SyncWake(const volatile void *word, unsigned count)
{
	return (int)plain(SyncWake_r(word, count));
}

/* Channels and connections; the messages themselves are in msg.c. */

int ChannelCreate_r(unsigned flags)
{
	return (int)call1(CALL_ChannelCreate, flags).x0;
}

int ChannelCreate(unsigned flags)
{
	return (int)plain(ChannelCreate_r(flags));
}

int ChannelDestroy_r(int chid)
{
	return (int)call1(CALL_ChannelDestroy, sign(chid)).x0;
}

int ChannelDestroy(int chid)
{
	return (int)plain(ChannelDestroy_r(chid));
}

int ConnectAttach_r(unsigned slot, int chid, int event_chid)
{
	return (int)call3(CALL_ConnectAttach, slot, sign(chid), sign(event_chid)).x0;
}

int ConnectAttach(unsigned slot, int chid, int event_chid)
{
	return (int)plain(ConnectAttach_r(slot, chid, event_chid));
}

int ConnectDetach_r(int coid)
{
	return (int)call1(CALL_ConnectDetach, sign(coid)).x0;
}

int ConnectDetach(int coid)
{
	return (int)plain(ConnectDetach_r(coid));
}

int MsgError_r(int64_t rcvid, int error)
{
	return (int)call2(CALL_MsgError, sign(rcvid), sign(error)).x0;
}

int MsgError(int64_t rcvid, int error)
{
	return (int)plain(MsgError_r(rcvid, error));
}

int MsgRead_r(int64_t rcvid, void *buffer, size_t bytes, size_t offset)
{
	return (int)call4(CALL_MsgRead, sign(rcvid), address(buffer), bytes, offset).x0;
}

int MsgRead(int64_t rcvid, void *buffer, size_t bytes, size_t offset)
{
	return (int)plain(MsgRead_r(rcvid, buffer, bytes, offset));
}

int MsgWrite_r(int64_t rcvid, const void *buffer, size_t bytes, size_t offset)
{
	return (int)call4(CALL_MsgWrite, sign(rcvid), address(buffer), bytes, offset).x0;
}

int MsgWrite(int64_t rcvid, const void *buffer, size_t bytes, size_t offset)
{
	return (int)plain(MsgWrite_r(rcvid, buffer, bytes, offset));
}

int MsgInfo_r(int64_t rcvid, struct msg_info *info, size_t *reply_bytes)
{
	struct result r = call1(CALL_MsgInfo, sign(rcvid));

	if (r.x0 < 0)
		return (int)r.x0;
	if (info)
		*info = (struct msg_info){.bytes = (uint32_t)r.x0,
					  .slot = (uint8_t)MSGINFO_SLOT(r.x2),
					  .tid = (uint16_t)MSGINFO_TID(r.x2),
					  .scoid = MSGINFO_SCOID(r.x2),
					  .priority = (uint8_t)MSGINFO_PRIO(r.x2),
					  .unblock = (r.x2 & MSGINFO_UNBLOCK) != 0};
	if (reply_bytes)
		*reply_bytes = (uint64_t)r.x0 >> 32;
	return 0;
}

int MsgInfo(int64_t rcvid, struct msg_info *info, size_t *reply_bytes)
{
	return (int)plain(MsgInfo_r(rcvid, info, reply_bytes));
}

int MsgSendPulse_r(int coid, int priority, int code, uint64_t value)
{
	return (int)call4(CALL_MsgSendPulse, sign(coid), sign(priority), sign(code), value).x0;
}

int MsgSendPulse(int coid, int priority, int code, uint64_t value)
{
	return (int)plain(MsgSendPulse_r(coid, priority, code, value));
}

int MsgDeliverEvent_r(uint32_t scoid, int priority, int code, uint64_t value)
{
	return (int)call4(CALL_MsgDeliverEvent, scoid, sign(priority), sign(code), value).x0;
}

int MsgDeliverEvent(uint32_t scoid, int priority, int code, uint64_t value)
{
	return (int)plain(MsgDeliverEvent_r(scoid, priority, code, value));
}

/* Time */

uint64_t ClockTime(void)
{
	return (uint64_t)call0(CALL_ClockTime).x0;
}

int TimerCreate_r(int chid, unsigned priority, int code, uint64_t value)
{
	return (int)call4(CALL_TimerCreate, sign(chid), priority, sign(code), value).x0;
}

int TimerCreate(int chid, unsigned priority, int code, uint64_t value)
{
	return (int)plain(TimerCreate_r(chid, priority, code, value));
}

int TimerSettime_r(int timer, unsigned flags, uint64_t ns, uint64_t interval_ns)
{
	return (int)call4(CALL_TimerSettime, sign(timer), flags, ns, interval_ns).x0;
}

int TimerSettime(int timer, unsigned flags, uint64_t ns, uint64_t interval_ns)
{
	return (int)plain(TimerSettime_r(timer, flags, ns, interval_ns));
}

int TimerDestroy_r(int timer)
{
	return (int)call1(CALL_TimerDestroy, sign(timer)).x0;
}

int TimerDestroy(int timer)
{
	return (int)plain(TimerDestroy_r(timer));
}

int TimerTimeout_r(unsigned flags, uint64_t ns)
{
	return (int)call2(CALL_TimerTimeout, flags, ns).x0;
}

int TimerTimeout(unsigned flags, uint64_t ns)
{
	return (int)plain(TimerTimeout_r(flags, ns));
}

/* Interrupts */

int InterruptAttachEvent_r(unsigned intid, int chid, unsigned priority, int code, uint64_t value)
{
	return (int)call5(CALL_InterruptAttachEvent, intid, sign(chid), priority, sign(code), value).x0;
}

int InterruptAttachEvent(unsigned intid, int chid, unsigned priority, int code, uint64_t value)
{
	return (int)plain(InterruptAttachEvent_r(intid, chid, priority, code, value));
}

int InterruptWait_r(int id)
{
	return (int)call1(CALL_InterruptWait, sign(id)).x0;
}

int InterruptWait(int id)
{
	return (int)plain(InterruptWait_r(id));
}

int InterruptUnmask_r(int id)
{
	return (int)call1(CALL_InterruptUnmask, sign(id)).x0;
}

int InterruptUnmask(int id)
{
	return (int)plain(InterruptUnmask_r(id));
}

int InterruptDetach_r(int id)
{
	return (int)call1(CALL_InterruptDetach, sign(id)).x0;
}

int InterruptDetach(int id)
{
	return (int)plain(InterruptDetach_r(id));
}

int InterruptInfo_r(unsigned intid)
{
	return (int)call1(CALL_InterruptInfo, intid).x0;
}

int InterruptInfo(unsigned intid)
{
	return (int)plain(InterruptInfo_r(intid));
}

/* Memory */

int MemMap_r(unsigned space, uint64_t where, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot)
{
	return (int)call6(CALL_MemMap, space, where, region, offset, bytes, prot).x0;
}

int MemMap(unsigned space, uint64_t where, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot)
{
	return (int)plain(MemMap_r(space, where, region, offset, bytes, prot));
}

int MemUnmap_r(unsigned space, uint64_t where, uint64_t bytes)
{
	return (int)call3(CALL_MemUnmap, space, where, bytes).x0;
}

int MemUnmap(unsigned space, uint64_t where, uint64_t bytes)
{
	return (int)plain(MemUnmap_r(space, where, bytes));
}

int MemProtect_r(unsigned space, uint64_t where, uint64_t bytes, unsigned prot)
{
	return (int)call4(CALL_MemProtect, space, where, bytes, prot).x0;
}

int MemProtect(unsigned space, uint64_t where, uint64_t bytes, unsigned prot)
{
	return (int)plain(MemProtect_r(space, where, bytes, prot));
}

int MemInfo_r(unsigned region, struct mem_info *info)
{
	struct result r = call1(CALL_MemInfo, region);

	if (r.x0 < 0)
		return (int)r.x0;
	*info = (struct mem_info){.bytes = (uint64_t)r.x0, .flags = r.x1, .address = r.x2};
	return 0;
}

int MemInfo(unsigned region, struct mem_info *info)
{
	return (int)plain(MemInfo_r(region, info));
}

/* Processes */

int ProcessCreate_r(unsigned slot, const struct process_params *params)
{
	return (int)call2(CALL_ProcessCreate, slot, address(params)).x0;
}

int ProcessCreate(unsigned slot, const struct process_params *params)
{
	return (int)plain(ProcessCreate_r(slot, params));
}

int ProcessGrant_r(unsigned slot, enum grant what, uint64_t start, uint64_t length)
{
	return (int)call4(CALL_ProcessGrant, slot, what, start, length).x0;
}

int ProcessGrant(unsigned slot, enum grant what, uint64_t start, uint64_t length)
{
	return (int)plain(ProcessGrant_r(slot, what, start, length));
}

int ProcessMap_r(unsigned slot, uint64_t where, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot)
{
	return (int)call6(CALL_ProcessMap, slot, where, region, offset, bytes, prot).x0;
}

int ProcessMap(unsigned slot, uint64_t where, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot)
{
	return (int)plain(ProcessMap_r(slot, where, region, offset, bytes, prot));
}

int ProcessCopy_r(unsigned slot, unsigned region, uint64_t offset, const void *from, uint64_t bytes)
{
	return (int)call5(CALL_ProcessCopy, slot, region, offset, address(from), bytes).x0;
}

int ProcessCopy(unsigned slot, unsigned region, uint64_t offset, const void *from, uint64_t bytes)
{
	return (int)plain(ProcessCopy_r(slot, region, offset, from, bytes));
}

int ProcessStart_r(unsigned slot, uint64_t entry, uint64_t stack_top, uint64_t arg, uint64_t tls)
{
	return (int)call5(CALL_ProcessStart, slot, entry, stack_top, arg, tls).x0;
}

int ProcessStart(unsigned slot, uint64_t entry, uint64_t stack_top, uint64_t arg, uint64_t tls)
{
	return (int)plain(ProcessStart_r(slot, entry, stack_top, arg, tls));
}

int ProcessStop_r(unsigned slot)
{
	return (int)call1(CALL_ProcessStop, slot).x0;
}

int ProcessStop(unsigned slot)
{
	return (int)plain(ProcessStop_r(slot));
}

int ProcessDestroy_r(unsigned slot)
{
	return (int)call1(CALL_ProcessDestroy, slot).x0;
}

int ProcessDestroy(unsigned slot)
{
	return (int)plain(ProcessDestroy_r(slot));
}

int ProcessInfo_r(unsigned slot, struct process_info *info)
{
	return (int)call2(CALL_ProcessInfo, slot, address(info)).x0;
}

int ProcessInfo(unsigned slot, struct process_info *info)
{
	return (int)plain(ProcessInfo_r(slot, info));
}

int ThreadInfo_r(unsigned slot, int tid, struct thread_info *info)
{
	return (int)call3(CALL_ThreadInfo, slot, sign(tid), address(info)).x0;
}

int ThreadInfo(unsigned slot, int tid, struct thread_info *info)
{
	return (int)plain(ThreadInfo_r(slot, tid, info));
}

int ProcessSignal_r(unsigned slot, int code, uint64_t value)
{
	return (int)call3(CALL_ProcessSignal, slot, sign(code), value).x0;
}

int ProcessSignal(unsigned slot, int code, uint64_t value)
{
	return (int)plain(ProcessSignal_r(slot, code, value));
}

int Seal_r(void)
{
	return (int)call0(CALL_Seal).x0;
}

int Seal(void)
{
	return (int)plain(Seal_r());
}

/* Virtual CPUs */

int VcpuCreate_r(unsigned index, uint64_t affinity, unsigned flags)
{
	return (int)call3(CALL_VcpuCreate, index, affinity, flags).x0;
}

int VcpuCreate(unsigned index, uint64_t affinity, unsigned flags)
{
	return (int)plain(VcpuCreate_r(index, affinity, flags));
}

int VcpuGet_r(int vcpu, unsigned vreg, uint64_t *value)
{
	struct result r = call2(CALL_VcpuGet, sign(vcpu), vreg);

	if (r.x0 >= 0)
		*value = r.x1;
	return (int)r.x0;
}

int VcpuGet(int vcpu, unsigned vreg, uint64_t *value)
{
	return (int)plain(VcpuGet_r(vcpu, vreg, value));
}

int VcpuSet_r(int vcpu, unsigned vreg, uint64_t value)
{
	return (int)call3(CALL_VcpuSet, sign(vcpu), vreg, value).x0;
}

int VcpuSet(int vcpu, unsigned vreg, uint64_t value)
{
	return (int)plain(VcpuSet_r(vcpu, vreg, value));
}

int VcpuPrivate_r(int vcpu, unsigned vpriv, uint64_t value, uint64_t mask, uint64_t *now)
{
	struct result r = call4(CALL_VcpuPrivate, sign(vcpu), vpriv, value, mask);

	if (r.x0 >= 0 && now)
		*now = r.x1;
	return (int)r.x0;
}

int VcpuPrivate(int vcpu, unsigned vpriv, uint64_t value, uint64_t mask, uint64_t *now)
{
	return (int)plain(VcpuPrivate_r(vcpu, vpriv, value, mask, now));
}

int VcpuLine_r(int vcpu, unsigned intid, unsigned level, unsigned priority)
{
	return (int)call4(CALL_VcpuLine, sign(vcpu), intid, level, priority).x0;
}

int VcpuLine(int vcpu, unsigned intid, unsigned level, unsigned priority)
{
	return (int)plain(VcpuLine_r(vcpu, intid, level, priority));
}

int VcpuInject_r(int vcpu, unsigned intid, unsigned priority)
{
	return (int)call3(CALL_VcpuInject, sign(vcpu), intid, priority).x0;
}

int VcpuInject(int vcpu, unsigned intid, unsigned priority)
{
	return (int)plain(VcpuInject_r(vcpu, intid, priority));
}

int VcpuWithdraw_r(int vcpu, unsigned intid, unsigned what)
{
	return (int)call3(CALL_VcpuWithdraw, sign(vcpu), intid, what).x0;
}

int VcpuWithdraw(int vcpu, unsigned intid, unsigned what)
{
	return (int)plain(VcpuWithdraw_r(vcpu, intid, what));
}

int VcpuQuery_r(int vcpu, unsigned intid)
{
	return (int)call2(CALL_VcpuQuery, sign(vcpu), intid).x0;
}

int VcpuQuery(int vcpu, unsigned intid)
{
	return (int)plain(VcpuQuery_r(vcpu, intid));
}

int VcpuBind_r(int vcpu, unsigned host, unsigned intid, unsigned priority, unsigned flags)
{
	return (int)call4(CALL_VcpuBind, sign(vcpu), host, intid, priority | flags << 8).x0;
}

int VcpuBind(int vcpu, unsigned host, unsigned intid, unsigned priority, unsigned flags)
{
	return (int)plain(VcpuBind_r(vcpu, host, intid, priority, flags));
}

int VcpuKick_r(int vcpu)
{
	return (int)call1(CALL_VcpuKick, sign(vcpu)).x0;
}

int VcpuKick(int vcpu)
{
	return (int)plain(VcpuKick_r(vcpu));
}

/* System */

int SystemCtl_r(enum systemctl command, uint64_t value)
{
	return (int)call2(CALL_SystemCtl, command, value).x0;
}

int SystemCtl(enum systemctl command, uint64_t value)
{
	return (int)plain(SystemCtl_r(command, value));
}

int SystemLog_r(const char *text, size_t bytes)
{
	return (int)call2(CALL_SystemLog, address(text), bytes).x0;
}

int SystemLog(const char *text, size_t bytes)
{
	return (int)plain(SystemLog_r(text, bytes));
}

int SystemInfo_r(struct system_info *info)
{
	return (int)call1(CALL_SystemInfo, address(info)).x0;
}

int SystemInfo(struct system_info *info)
{
	return (int)plain(SystemInfo_r(info));
}
