/* SPDX-License-Identifier: Apache-2.0 */
/* What this process was started with. */
#include "bulkhead/process.h"
#include "lib/sys/start.h"

static const struct start_args *own_args;

const struct start_args *process_args(void)
{
	return own_args;
}

void process_args_set(const struct start_args *args)
{
	own_args = args;
}
