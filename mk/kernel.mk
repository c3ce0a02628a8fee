# SPDX-License-Identifier: Apache-2.0
# The kernel at EL2, and the count of its lines.

# Limits of code lines: of the whole kernel, and of the part that stays when the first process runs.
EL2_LIMIT     := 12500
EL2_RUN_LIMIT := 11500
KERNEL_LD := kernel/arch/aarch64/kernel.ld

# No C library and no floating point: a guest's vector registers stay in the hardware while the kernel runs.
# No jump tables: a switch must not become an indirect branch at EL2.
KERNEL_CFLAGS := -flto -flto-partition=one -fno-ipa-icf -fomit-frame-pointer $(BASE) $(ARM) $(FIXED) -ffreestanding \
	-mgeneral-regs-only -fno-jump-tables -nostdinc -isystem $(XINCLUDE) -Ikernel/include -Ikernel -I. -Iabi -I$(GEN)
KERNEL_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,--gc-sections,-z,max-page-size=4096,-z,noexecstack

KERNEL_SOURCES := $(call files,kernel,-name '*.[cS]' -not -path 'kernel/arch/host/*')
KERNEL_OBJECTS := $(call objects,$(BUILD)/kernel,$(KERNEL_SOURCES))
DEPS += $(KERNEL_OBJECTS:.o=.d)

.PHONY: kernel first-images el2-lines
kernel: $(BUILD)/Image

$(KERNEL_OBJECTS): $(BUILD)/kernel/%.o: % $(call rules,kernel) | $(CALLS_MADE)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(XCC) $(if $(findstring /boot/,$<),$(filter-out -flto%,$(KERNEL_CFLAGS)),$(KERNEL_CFLAGS)) -MMD -MP -c $< -o $@

# What runs when objects come, go and are asked about is made small, not fast.
COLD := channel console info_calls inherit irq_passthrough kmem handle maintain owner partition partition_calls \
	process process_calls process_end region system_calls thread thread_calls timer timer_object control panic psci \
	vcpu_act
$(foreach f,$(COLD),$(filter %/$(f).c.o,$(KERNEL_OBJECTS))): KERNEL_CFLAGS += -Os

# The first process travels inside the kernel's image, as a list of segments. Image.readonly is the part of an Image
# that does not change while the system runs; a signed manifest lists it. $(call image,result,kernel with
# symbols,first process,folder for intermediate files)
define image
$(4)/first.S: $(3) tools/layout.sh
	@mkdir -p $$(@D)
	$$(Q)$$(XCC:gcc=strip) -o $(4)/first.elf $$<
	$$(Q)tools/layout.sh $$(XCC:gcc=readelf) $(4)/first.elf > $$@

$(4)/first.o: $(4)/first.S
	$$(Q)$$(XCC) -c $$< -o $$@

$(2): $$(KERNEL_OBJECTS) $(4)/first.o $$(KERNEL_LD)
	$$(call say,LD,$$@)
	$$(Q)$$(XCC) $$(KERNEL_CFLAGS) $$(KERNEL_LDFLAGS) -Wl,-Map=$$(@:.elf=.map) -T $$(KERNEL_LD) $$(KERNEL_OBJECTS) \
		$(4)/first.o -o $$@
	$(if $(filter %/kernel.elf,$(2)),@$$(call el2_lines,-v short=1); printf '  SIZE     %d bytes of at most 115000 %s\n' \
		0x$$$$($$(XCC:gcc=nm) $$@ | sed -n 's/ A __run_bytes$$$$//p') "of code and data once it runs")

$(1): $(2)
	$$(call say,IMAGE,$$@)
	$$(Q)$$(OBJCOPY) -O binary -j .boot_text -j .boot_rodata -j .text -j .rodata $$< $(4)/Image.readonly
	$$(Q)$$(OBJCOPY) -O binary $$< $$@
endef
$(eval $(call image,$(BUILD)/Image,$(BUILD)/kernel/kernel.elf,$(BUILD)/bin/procmgr,$(BUILD)/kernel))

# Tests that are the first process: each with an Image of its own, build/first/NAME.Image.
FIRST_TESTS := kworst roguemgr
first_program = $(if $(wildcard tests/first/$(1).c),$(BUILD)/first/bin,$(BUILD)/tests)/$(1)
$(foreach t,$(FIRST_TESTS),$(eval $(call image,$(BUILD)/first/$(t).Image,$(BUILD)/first/$(t).elf,$(call \
	first_program,$(t)),$(BUILD)/first/$(t))))
first-images: $(FIRST_TESTS:%=$(BUILD)/first/%.Image)
OUTPUTS += $(BUILD)/first

# Exactly the files of the build: those that the compiler's dependency files name, except the compiler's own headers.
el2_lines = cat $(KERNEL_OBJECTS:.o=.d) | tr ' \\:' '\n' | grep -E '^(kernel|abi|$(GEN))/.*\.(c|S|h)$$' | \
	xargs realpath --relative-to=. | sort -u | cloc --quiet --csv --by-file --hide-rate --list-file=- | \
	awk -v limit=$(EL2_LIMIT) -v run_limit=$(EL2_RUN_LIMIT) -v gen=$$(realpath -m --relative-to=. $(GEN)) $(1) \
	-f tools/el2-lines.awk

el2-lines: $(BUILD)/kernel/kernel.elf
	@$(call el2_lines)
