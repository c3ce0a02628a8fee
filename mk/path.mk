# SPDX-License-Identifier: Apache-2.0
# Instructions of the kernel and of the start, counted by plugins of QEMU.

PATH_PLUGINS := $(wildcard tools/path/*.c)
PATH_CFLAGS  := $(BASE) $(REPRODUCIBLE) -D_GNU_SOURCE -I. -fPIC -shared -fvisibility=hidden

.PHONY: path-plugins longest-path boot-path journeys
path-plugins: $(PATH_PLUGINS:tools/path/%.c=$(BUILD)/path/%.so)

$(BUILD)/path/%.so: tools/path/%.c tools/path/qemu_plugin.h $(call rules,path)
	$(call say,PLUGIN,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(PATH_CFLAGS) $< -o $@

longest-path: kernel processes programs first-images guest-programs host path-plugins
	$(Q)$(PYTEST_ENV) tools/path/longest.py $(ARGS)

boot-path: kernel processes guest-programs host path-plugins
	$(Q)$(PYTEST_ENV) tools/path/start.py $(ARGS)

journeys: kernel processes vdevs guest-programs host path-plugins
	$(Q)$(PYTEST_ENV) tools/path/journeys.py $(ARGS)
