# SPDX-License-Identifier: Apache-2.0
# The host tool `bulkhead`.

HOST_CFLAGS  := $(BASE) $(REPRODUCIBLE) -D_GNU_SOURCE -I. -Iabi -Iinclude -Ilib/include
# The part of qvm that loads a guest on the target: the tool runs it on the same files.
HOST_SOURCES := $(wildcard tools/bulkhead/*.c lib/qvmconf/*.c lib/sysconf/*.c qvm/load*.c qvm/fdt*.c) qvm/memory.c \
	$(addprefix qvm/arch/aarch64/,cache.c fdt.c load_image.c) lib/cpio.c lib/glob.c lib/elf.c lib/fdt_good.c \
	lib/vdevfile.c lib/manifest.c lib/frame.c
HOST_OBJECTS := $(call objects,$(BUILD)/host,$(HOST_SOURCES))
DEPS += $(HOST_OBJECTS:.o=.d)

.PHONY: host
host: $(BUILD)/bulkhead $(foreach b,$(BOARDS),$(BUILD)/boards/$(b).conf $(BUILD)/boards/$(b).dtb)
OUTPUTS += $(BUILD)/boards

# The tool finds both beside itself: `bulkhead run --board NAME`, `bulkhead check --board NAME`.
$(BUILD)/boards/%.conf: boards/%/board.conf
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(BUILD)/boards/%.dtb: boards/%/board.conf boards/tree.sh
	@mkdir -p $(@D)
	$(Q)boards/tree.sh $* $@

$(HOST_OBJECTS): $(BUILD)/host/%.o: % $(call rules,host)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/bulkhead: $(HOST_OBJECTS)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $^ -lfdt -lsodium -lz -lzstd -o $@
