# SPDX-License-Identifier: Apache-2.0
# Checks that run nothing: formatting, style, clang-tidy, cppcheck, the size of the kernel.

CHECKED := $(if $(C_FOLDERS),$(call files,$(C_FOLDERS),-name '*.[ch]'))

.PHONY: check format-check style format tidy cppcheck el2-branches el2-indices el2-registers circles seam
check: calls-docs format-check style seam tidy cppcheck circles el2-lines el2-branches el2-indices el2-registers unit

# The versions of Debian 12: other versions of clang-format lay out code in another way, and other versions of clang-tidy
# and cppcheck report other mistakes, some of which are none. With another version the check is skipped with a message;
# without the tool it fails.
PINNED_clang-format := 14
PINNED_clang-tidy   := 14
PINNED_cppcheck     := 2.10
version_of = $(shell $(1) --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p; s/^Cppcheck //p')
not_pinned = $(filter-out $(PINNED_$(1)),$(call version_of,$(1)))
skipped = @echo "  $(1) skipped: the tree uses version $(PINNED_$(2)) (Debian 12), and this is" \
	"$(call not_pinned,$(2))"

format-check:
	$(if $(call not_pinned,clang-format),$(call skipped,FORMAT  ,clang-format),$(call \
		say,FORMAT,"$(words $(CHECKED)) files"))
	$(if $(call not_pinned,clang-format),,$(Q)clang-format --dry-run -Werror $(CHECKED))

format:
	$(if $(call not_pinned,clang-format),$(error clang-format $(PINNED_clang-format) is needed, and this is $(call \
		not_pinned,clang-format)))
	$(Q)clang-format -i $(CHECKED)

# The rules of docs/style.md that a script can check.
style:
	$(call say,STYLE,docs/style.md)
	$(Q)tools/style.py

# Files outside the arch folders name no architecture.
seam:
	$(call say,SEAM,tools/seam.sh)
	$(Q)tools/seam.sh $(filter-out tools tests guests,$(C_FOLDERS))

# A file is checked again only when its object was rebuilt: when the file, one of its headers, or its flags changed.
CLANG_INCLUDE := $(shell $(CLANG) -print-resource-dir 2>/dev/null)/include
TIDY_KERNEL   := $(filter %.c,$(KERNEL_SOURCES))
TIDY_PROCESS  := $(filter %.c,$(LIB_SOURCES) $(foreach p,$(PROCESSES),$(call sources_of,$(p))))
TIDY_VDEVS    := $(call files,vdev,-name '*.c')
TIDY_HOST     := $(filter tools/%,$(HOST_SOURCES))
TIDY_TARGET   := --target=aarch64-linux-gnu -std=gnu11 -nostdinc -D__bulkhead_tidy__
TIDY_KERNEL_FLAGS  := $(TIDY_TARGET) -ffreestanding -mgeneral-regs-only -isystem $(CLANG_INCLUDE) \
	-Ikernel/include -Ikernel -I. -Iabi -I$(GEN)
TIDY_PROCESS_FLAGS := $(TIDY_TARGET) -march=armv8-a+crypto -isystem $(PICOLIBC)/include -isystem $(CLANG_INCLUDE) \
	-isystem $(SYSROOT)/include -isystem $(BUILD)/keys/include -I. -Iabi -Iinclude -Ilib/include -I$(GEN)
TIDY_HOST_FLAGS    := -std=gnu11 -D_GNU_SOURCE -I. -Iabi -Iinclude -Ilib/include

# $(call tidy_rule,sources,flags,folder of the objects of a source)
define tidy_rule
$(patsubst %,$(BUILD)/tidy/%.ok,$(1)): $(BUILD)/tidy/%.ok: % .clang-tidy
	$$(call say,TIDY,$$<)
	@mkdir -p $$(@D)
	$$(Q)clang-tidy --quiet $$< -- $(2) 2>$$@.log || { cat $$@.log >&2; exit 1; }
	@touch $$@
$(if $(TIDY_OTHER),,tidy: $(patsubst %,$(BUILD)/tidy/%.ok,$(1)))
endef
TIDY_OTHER := $(if $(filter check tidy,$(MAKECMDGOALS)),$(call not_pinned,clang-tidy))
tidy:
	$(if $(TIDY_OTHER),$(call skipped,TIDY    ,clang-tidy))
$(eval $(call tidy_rule,$(TIDY_KERNEL),$(TIDY_KERNEL_FLAGS)))
$(eval $(call tidy_rule,$(TIDY_PROCESS) $(TIDY_VDEVS),$(TIDY_PROCESS_FLAGS)))
$(eval $(call tidy_rule,$(TIDY_HOST) $(TIDY_PLUGINS),$(TIDY_HOST_FLAGS)))
$(foreach s,$(TIDY_KERNEL),$(eval $(BUILD)/tidy/$(s).ok: $(BUILD)/kernel/$(s).o))
$(foreach s,$(filter lib/%,$(TIDY_PROCESS)),$(eval $(BUILD)/tidy/$(s).ok: $(BUILD)/lib/$(s).o))
$(foreach p,$(PROCESSES),$(foreach s,$(filter %.c,$(call sources_of,$(p))),$(eval \
	$(BUILD)/tidy/$(s).ok: $(BUILD)/$(p)/$(s).o)))
$(foreach v,$(VDEVS),$(foreach s,$(call files,vdev/$(v),-name '*.c'),$(eval \
	$(BUILD)/tidy/$(s).ok: $(BUILD)/vdev-objects/$(v)/$(s).o)))
$(foreach s,$(TIDY_HOST),$(eval $(BUILD)/tidy/$(s).ok: $(BUILD)/host/$(s).o))
$(foreach s,$(TIDY_PLUGINS),$(eval $(BUILD)/tidy/$(s).ok: tools/path/qemu_plugin.h))

# Suppressed: comparePointers, because the difference of two of the linker script's symbols is what they are for;
# constStatement, because cppcheck takes a variable bound to a register (__asm__("x4") = ...) for a statement without effect.
CPPCHECK_OTHER := $(if $(filter check cppcheck,$(MAKECMDGOALS)),$(call not_pinned,cppcheck))
cppcheck: $(if $(CPPCHECK_OTHER),,$(CALLS_MADE))
	$(if $(CPPCHECK_OTHER),$(call skipped,CPPCHECK,cppcheck),$(cppcheck_all))

define cppcheck_all
	$(call say,CPPCHECK,"$(words $(filter %.c,$(CHECKED))) files")
	@mkdir -p $(BUILD)/cppcheck
	$(Q)cppcheck --quiet -j $(shell nproc) --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 \
		--cppcheck-build-dir=$(BUILD)/cppcheck --suppress=missingIncludeSystem --suppress=comparePointers \
		--suppress=constStatement -D__aarch64__=1 -D__GNUC__=12 \
		-Ikernel/include -Ikernel -I. -Iabi -Iinclude -Ilib/include -I$(GEN) $(filter-out tests/%,$(filter %.c,$(CHECKED)))
endef

# EL2 has no indirect branch except RET and the jump to virtual addresses when the MMU is switched on (head.S), so that a
# guest or a process cannot steer one by a prepared branch history. Checked in the linked kernel.
el2-branches: $(BUILD)/kernel/kernel.elf
	$(Q)found=$$($(CROSS)objdump -d --no-show-raw-insn $< | \
		awk '/>:$$/ { name = $$2 } $$2 ~ /^(br|blr|bra|blra)[ab]?z?$$/ { print name }'); \
	if [ "$$found" != "<mmu_on>:" ]; then \
		echo "EL2 may have an indirect branch only in <mmu_on>, but has one in: $$found" >&2; exit 1; \
	fi
	@echo "EL2 indirect branches: one, when the MMU is switched on"

# Each check of an object's number (HANDLE_MAX) comes with a mask of 9 bits for the index, in the same function: the
# compiler, which could prove it superfluous, has left it there. So does each check of a slot or of a region
# (PROCESS_MAX, REGION_MAX) with one of 5 bits, in the calls that take those; ProcessSignal's second is of a signal's
# number.
EL2_SLOTS := ^<(map[.>]|call_(ConnectAttach|MemInfo|Process|Sched|ThreadInfo))
el2-indices: $(BUILD)/kernel/kernel.elf
	$(Q)$(CROSS)objdump -d --no-show-raw-insn $< | awk ' \
		/>:$$/ { name = $$2; slots = name ~ /$(EL2_SLOTS)/; others = name ~ /call_ProcessSignal/ } \
		/\tcmp\t[xw][0-9]+, #0x1ff$$/ { checks[name]++; all++ } \
		/\tand\t.*, #0x1ff$$/ || /\tubfiz\t.*, #9$$/ || /\tubfx\t.*, (#9|#6, #3)$$/ { masks[name]++ } \
		slots && /\tcmp\tx[0-9]+, #0x1f$$/ && (!others || slot_checks[name]++ == 0) { need[name]++; all_slots++ } \
		slots && (/\tand\t.*, #0x1f$$/ || /\tubfiz\t.*, #5$$/) { have[name]++ } \
		END { for (n in checks) if (masks[n] < checks[n]) { \
				bad = 1; print "an index is not masked at EL2, in " n > "/dev/stderr" } \
			for (n in need) if (have[n] < need[n]) { \
				bad = 1; print "a slot or a region is not masked at EL2, in " n > "/dev/stderr" } \
			print "EL2 indices: " all " numbers of objects, " all_slots " of slots and regions are checked and masked"; \
			exit bad || all < 20 || all_slots < 10 }'

# VcpuRun's short way back leaves x12 to x28 as the guest had them: guest_sync(), which alone leads to it, neither uses them
# nor calls what might.
el2-registers: $(BUILD)/kernel/kernel.elf
	$(Q)$(CROSS)objdump -d --no-show-raw-insn $< | awk ' \
		/>:$$/ { name = $$2 } /\t(b|b\.[a-z]+)\t.*<vcpu_return>/ { ways++; other = name != "<guest_sync>:" } \
		name == "<guest_sync>:" && (/[^0-9a-z][wx](1[2-9]|2[0-8])($$|[^0-9a-z])/ || /\tblr?\t/) || other { \
			bad = 1; other = 0; print name " " $$0 > "/dev/stderr" } \
		END { print "EL2 registers: " ways " ways out of guest_sync() leave x12 to x28"; exit bad || ways < 2 }'

# Finds files of a program that need each other, except those that tools/circles.txt lists.
circles: $(KERNEL_OBJECTS) $(LIB_OBJECTS) $(foreach p,$(PROCESSES),$($(p)_OBJECTS))
	$(Q)tools/circles.py --nm $(CROSS)gcc-nm kernel $(BUILD)/kernel $(KERNEL_OBJECTS)
	$(Q)tools/circles.py --nm $(CROSS)gcc-nm lib $(BUILD)/lib $(LIB_OBJECTS)
	$(Q)$(foreach p,$(PROCESSES),tools/circles.py --nm $(CROSS)gcc-nm $(p) $(BUILD)/$(p) $($(p)_OBJECTS) &&) true
