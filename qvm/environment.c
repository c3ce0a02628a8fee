/* SPDX-License-Identifier: Apache-2.0 */
/* What the system description says to a VM's configuration: procmgr passes it as variables (abi/bulkhead.h). */
#include "qvm/environment.h"

#include <bulkhead.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 64

static const char *variable(void *context, const char *name)
{
	(void)context;
	/* What procmgr adds is no variable of the user's. */
	return strchr(name, '.') ? NULL : getenv(name);
}

static const char *made(const char *kind, const char *name)
{
	char full[NAME_BYTES];

	return snprintf(full, sizeof(full), "%s%s", kind, name) < (int)sizeof(full) ? getenv(full) : NULL;
}

static bool asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	const char *text = made(ASINFO_VARIABLE, name);
	char *comma;

	(void)context;
	if (text == NULL)
		return false;
	*start = strtoull(text, &comma, 16);
	if (*comma != ',')
		return false;
	*bytes = strtoull(comma + 1, NULL, 16);
	return true;
}

static bool cluster(void *context, const char *name, uint32_t *runmask)
{
	const char *text = made(CLUSTER_VARIABLE, name);

	(void)context;
	if (text == NULL)
		return false;
	*runmask = (uint32_t)strtoul(text, NULL, 16);
	return true;
}

void environment_use(struct qvmconf_host *host)
{
	host->name = getenv(NAME_VARIABLE);
	host->env = variable;
	host->asinfo = asinfo;
	host->cluster = cluster;
}
