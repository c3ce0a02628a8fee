/* SPDX-License-Identifier: Apache-2.0 */
/* Which thread of the process runs. */
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include "lib/sys/self.h"
#include "lib/sys/start.h"

_Thread_local int self_tid;

int thread_self(void)
{
	return self_tid;
}

void thread_self_init(void)
{
	self_tid = ThreadSelf_r(NULL);
}
