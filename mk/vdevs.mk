# SPDX-License-Identifier: Apache-2.0
# Virtual devices: vdev/NAME/*.c becomes vdev-NAME.so, and with VDEV_SAFETY defined vdev-NAME-safety.so.

VDEVS := $(patsubst vdev/%/,%,$(wildcard vdev/*/))

# The same flags as in include/qvm/vdev.mk, with which vdevs outside the tree are built.
VDEV_CC   := $(XCC)
VDEV_LIBC := $(PICOLIBC)/include
include include/qvm/vdev.mk
VDEV_BUILD_CFLAGS = $(BASE) $(REPRODUCIBLE) $(VDEV_CFLAGS) -Iinclude -Iabi -Ilib/include -I. -I$(GEN)

.PHONY: vdevs
vdevs:
OUTPUTS += $(BUILD)/vdevs $(BUILD)/vdev-objects

# Sources that every vdev has besides its own folder.
vdev_sources = $(call files,vdev/$(1),-name '*.c') $(VDEV_MORE_$(1))
VDEV_MORE_shmem := lib/qvmconf/vdevvalue.c lib/qvmconf/number.c lib/glob.c lib/sys/calls.c lib/sys/msg.c

# $(call vdev,name,suffix,flags)
define vdev
DEPS += $(patsubst %,$(BUILD)/vdev-objects/$(1)$(2)/%.d,$(call vdev_sources,$(1)))
$(call objects,$(BUILD)/vdev-objects/$(1)$(2),$(call vdev_sources,$(1))): $(BUILD)/vdev-objects/$(1)$(2)/%.o: % \
		include/qvm/vdev.mk $(call rules,vdevs) | $$(CALLS_MADE)
	$$(call say,VDEVCC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(XCC) $$(VDEV_BUILD_CFLAGS) $(3) -MMD -MP -c $$< -o $$@
$(BUILD)/vdevs/vdev-$(1)$(2).so: $(call objects,$(BUILD)/vdev-objects/$(1)$(2),$(call vdev_sources,$(1)))
	$$(call say,VDEV,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(XCC) $$(VDEV_LDFLAGS) $$^ -o $$@.debug
	$$(Q)$$(OBJCOPY) --strip-unneeded $$@.debug $$@
vdevs: $(BUILD)/vdevs/vdev-$(1)$(2).so
endef
$(foreach v,$(VDEVS),$(eval $(call vdev,$(v),,)) $(eval $(call vdev,$(v),-safety,-DVDEV_SAFETY)))

# A device of the benchmark, built as one from outside: what no other system has, no archive but the benchmark's gets.
$(BUILD)/bench/vdev-raise.so: tests/bench/raise/raise.c tests/bench/raise/options.def $(call rules,vdevs) \
		| $(CALLS_MADE)
	$(call say,VDEV,$@)
	@mkdir -p $(@D)
	$(Q)$(XCC) $(VDEV_BUILD_CFLAGS) -MMD -MP -MF $@.d $(VDEV_LDFLAGS) $< -o $@
DEPS += $(BUILD)/bench/vdev-raise.so.d
vdevs: $(BUILD)/bench/vdev-raise.so

# What others need to build a vdev: make install-sdk DESTDIR=FOLDER
.PHONY: install-sdk
install-sdk:
	@[ -n "$(DESTDIR)" ] || { echo "DESTDIR is missing: make install-sdk DESTDIR=FOLDER" >&2; exit 1; }
	$(Q)install -d "$(DESTDIR)/include/qvm" "$(DESTDIR)/include/bulkhead"
	$(Q)install -m 644 include/qvm/* "$(DESTDIR)/include/qvm/"
	$(Q)install -m 644 lib/include/bulkhead/thread.h lib/include/bulkhead/mutex.h "$(DESTDIR)/include/bulkhead/"
