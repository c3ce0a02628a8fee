/* SPDX-License-Identifier: Apache-2.0 */
/* Where messages go. */
#include "qvmconf.h"

/* Without a `logger`, these go to stderr. */
#define DEFAULT_FILTERS (QVM_LOG_FATAL | QVM_LOG_INTERNAL | QVM_LOG_ERROR | QVM_LOG_WARN | QVM_LOG_INFO)

static unsigned vm_dests(const struct qvm_config *config, enum qvm_log_filter filter)
{
	unsigned found = filter == QVM_LOG_INTERNAL ? QVM_LOG_SLOG : 0;
	bool given = false;

	for (unsigned i = 0; i < config->logger_count; i++) {
		if (config->loggers[i].vdev != QVM_LOGGER_VM)
			continue;
		given = true;
		if (config->loggers[i].filters & filter)
			found |= config->loggers[i].dest;
	}
	return given || !(filter & DEFAULT_FILTERS) ? found : found | QVM_LOG_STDERR;
}

unsigned qvmconf_log_dests(const struct qvm_config *config, uint32_t vdev, enum qvm_log_filter filter)
{
	/* Of a vdev's own `log` options the last one that names the filter counts. */
	for (unsigned i = config->logger_count; i-- > 0 && vdev != QVM_LOGGER_VM;) {
		if (config->loggers[i].vdev == vdev && (config->loggers[i].filters & filter))
			return config->loggers[i].dest;
	}
	return vm_dests(config, filter);
}
