# SPDX-License-Identifier: Apache-2.0
# The kernel at EL2, and the count of its lines.

EL2_LIMIT := 10000
KERNEL_LD := kernel/arch/aarch64/kernel.ld

# No C library and no floating point: a guest's vector registers stay in the hardware while the kernel runs.
# No jump tables: a switch must not become an indirect branch at EL2.
KERNEL_CFLAGS := -flto -flto-partition=one -fno-ipa-icf -fomit-frame-pointer $(BASE) $(ARM) -ffreestanding -mgeneral-regs-only -fno-jump-tables -nostdinc \
	-isystem $(XINCLUDE) -Ikernel/include -Ikernel -I. -Iabi
KERNEL_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,--gc-sections,-z,max-page-size=4096,-z,noexecstack

KERNEL_SOURCES := $(call files,kernel,-name '*.[cS]' -not -path 'kernel/arch/host/*')
KERNEL_OBJECTS := $(call objects,$(BUILD)/kernel,$(KERNEL_SOURCES))
PROCMGR_LAYOUT := $(BUILD)/kernel/procmgr_layout
DEPS += $(KERNEL_OBJECTS:.o=.d)

.PHONY: kernel el2-lines
kernel: $(BUILD)/Image

$(KERNEL_OBJECTS): $(BUILD)/kernel/%.o: %
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(XCC) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

# procmgr travels inside the kernel's image, as a list of segments.
$(PROCMGR_LAYOUT).S: $(BUILD)/bin/procmgr tools/layout.sh
	@mkdir -p $(@D)
	$(Q)$(XCC:gcc=strip) -o $(BUILD)/kernel/procmgr.elf $<
	$(Q)tools/layout.sh $(XCC:gcc=readelf) $(BUILD)/kernel/procmgr.elf > $@

$(PROCMGR_LAYOUT).o: $(PROCMGR_LAYOUT).S
	$(Q)$(XCC) -c $< -o $@

$(BUILD)/kernel/kernel.elf: $(KERNEL_OBJECTS) $(PROCMGR_LAYOUT).o $(KERNEL_LD)
	$(call say,LD,$@)
	$(Q)$(XCC) $(KERNEL_CFLAGS) $(KERNEL_LDFLAGS) -Wl,-Map=$(@:.elf=.map) -T $(KERNEL_LD) $(KERNEL_OBJECTS) $(PROCMGR_LAYOUT).o -o $@
	@echo "  EL2      $$($(el2_count)) code lines of at most $(EL2_LIMIT)"

$(BUILD)/Image: $(BUILD)/kernel/kernel.elf
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

# Exactly the files of the build: what the compiler's dependency files name, headers included, without its own headers.
el2_files = cat $(KERNEL_OBJECTS:.o=.d) | tr ' \\:' '\n' | grep -E '^(kernel|abi)/.*\.(c|S|h|def)$$' | \
	xargs realpath --relative-to=. | sort -u
el2_count = $(el2_files) | cloc --quiet --csv --hide-rate --force-lang=C,def --list-file=- | \
	awk -F, '$$2 == "SUM" { print $$5 }'

el2-lines: $(BUILD)/kernel/kernel.elf
	@lines=$$($(el2_count)); echo "EL2 code lines: $$lines (limit $(EL2_LIMIT))"; [ "$$lines" -le $(EL2_LIMIT) ]
