# SPDX-License-Identifier: Apache-2.0
# The processes at EL0, the test programs that run as such, and the bare-metal guests of the tests.

PROCESSES  := $(patsubst servers/%/,%,$(wildcard servers/*/)) qvm
PROCESS_LD := lib/sys/process.ld

# Programs and everything in them lie at one random base: all symbols are hidden, so that none is reached through a
# table.
# The stack protector's guard is in the thread's own block, where TPIDR_EL0 points (lib/sys/tls.h).
PIE       := -fPIE -include lib/sys/hidden.h
PROTECTOR := -fstack-protector-strong -mstack-protector-guard=sysreg -mstack-protector-guard-reg=tpidr_el0 \
	-mstack-protector-guard-offset=8
PROCESS_CFLAGS := $(BASE) $(ARM) $(PIE) $(PROTECTOR) -ftls-model=local-exec -mtls-size=12 \
	-nostdinc -isystem $(PICOLIBC)/include \
	-isystem $(XINCLUDE) -isystem $(SYSROOT)/include -isystem $(BUILD)/keys/include -I. -Iabi -Iinclude \
	-Ilib/include -I$(GEN)
# Nobody prints floating-point numbers: picolibc's printf without them is a third as long.
PROCESS_LDFLAGS := -nostdlib -static-pie -T $(PROCESS_LD) -Wl,--defsym=vfprintf=__i_vfprintf \
	-Wl,--build-id=none,--gc-sections,-z,max-page-size=4096,-z,noexecstack,-z,text,--hash-style=gnu

# A folder's build.mk gives further flags as FLAGS.path, of the folder or of a file in it. The nearest one counts: the
# file's own, else its folder's, else that of the folder above. The choices:
# no floating-point unit: for code that handles guest registers, or that runs before the unit may be used;
INTEGER_ONLY := -mgeneral-regs-only
# for size: for code that runs seldom, since every byte of a program is hashed before it starts;
SMALL := -Os
# no stack protector: for code that runs before the first thread has its guard.
NO_PROTECTOR := -fno-stack-protector

# $(call flags_of,file or folder)
flags_of = $(if $(filter undefined,$(origin FLAGS.$(1))),$(if $(findstring /,$(1)),$(call \
	flags_of,$(patsubst %/,%,$(dir $(1))))),$(FLAGS.$(1)))

LIB_SOURCES := $(call files,lib,-name '*.[cS]')
LIB_OBJECTS := $(call objects,$(BUILD)/lib,$(LIB_SOURCES))
LIB         := $(BUILD)/lib/libbulkhead.a
LIBFDT      := $(SYSROOT)/lib/libfdt.a

# Our whole archive; --gc-sections then drops what is not used. Otherwise the linker would take picolibc's own function
# where only picolibc calls it: its locks do nothing, and its mem* and str* are byte loops.
LINK_LIBS := -Wl,--whole-archive $(LIB) -Wl,--no-whole-archive,--start-group $(LIBFDT) $(SODIUM_LIB) -L$(PICOLIBC)/lib \
	-lc -lgcc -Wl,--end-group

# Each file of tests/el0 is a program, with the folder of its name if there is one; each of tests/first a first process: procmgr with another main().
EL0_TESTS   := $(basename $(notdir $(wildcard tests/el0/*.c)))
FIRST_MAINS := $(basename $(notdir $(wildcard tests/first/*.c)))

BUILD_MKS := $(wildcard lib/build.mk qvm/build.mk servers/*/build.mk)
include $(BUILD_MKS)

.PHONY: processes programs guest-programs
processes: $(PROCESSES:%=$(BUILD)/bin/%)

$(LIBFDT):
	$(Q)$(SETUP) build

$(LIB): $(LIB_OBJECTS)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(XAR) rcs $@ $^

# $(call el0_rule,folder for objects,objects)
define el0_rule
DEPS += $(2:.o=.d)
$(2): $(1)/%.o: % $(call rules,processes) $$(BUILD_MKS) | $$(LIBFDT) $$(CALLS_MADE)
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(XCC) $$(PROCESS_CFLAGS) $$(call flags_of,$$<) -MMD -MP -c $$< -o $$@
endef
$(eval $(call el0_rule,$(BUILD)/lib,$(LIB_OBJECTS)))

# $(call program,name,folder,sources,result): result.debug has the symbols, result is what goes into an archive.
define program
$(1)_OBJECTS := $(call objects,$(2),$(3))
$(call el0_rule,$(2),$(call objects,$(2),$(3)))
$(2)/$(1).debug: $(call objects,$(2),$(3)) $$(LIB) $$(LIBFDT) $$(SODIUM_LIB) $$(PROCESS_LD)
	$$(call say,LD,$$@)
	$$(Q)$$(XCC) $$(PROCESS_LDFLAGS) -Wl,-Map=$$@.map $$($(1)_OBJECTS) $$(LINK_LIBS) -o $$@
$(4): $(2)/$(1).debug tools/relative-only.sh
	@mkdir -p $$(@D)
	$$(Q)tools/relative-only.sh $$(XCC:gcc=readelf) $$<
	$$(Q)$$(OBJCOPY) --strip-all $$< $$@
endef

# $(call sources_of,process): a server's folder lies in servers/.
sources_of = $(call files,$(if $(filter qvm,$(1)),qvm,servers/$(1)),-name '*.[cS]')
$(foreach p,$(PROCESSES),$(eval $(call program,$(p),$(BUILD)/$(p),$(call sources_of,$(p)),$(BUILD)/bin/$(p))))
OUTPUTS += $(PROCESSES:%=$(BUILD)/%)

# For an erratum of Cortex-A53 the linker changes an instruction, which it can do in a program of less than 1 MiB. Its
# other way, a branch to a stub, would need another page.
$(foreach p,$(PROCESSES),$(BUILD)/$(p)/$(p).debug): PROCESS_LDFLAGS += -Wl,--fix-cortex-a53-843419=adr

programs: $(EL0_TESTS:%=$(BUILD)/tests/%)
$(foreach p,$(EL0_TESTS),$(eval $(call program,$(p),$(BUILD)/tests/obj/$(p),tests/el0/$(p).c $(wildcard \
	tests/el0/$(p)/*.c),$(BUILD)/tests/$(p))))

$(foreach p,$(FIRST_MAINS),$(eval $(call program,$(p),$(BUILD)/first/obj/$(p),tests/first/$(p).c $(filter-out \
	servers/procmgr/main.c,$(call sources_of,procmgr)),$(BUILD)/first/bin/$(p))))

# Guests: no library at all, their own linker script or the common one.
GUEST_CFLAGS := $(BASE) $(ARM) $(FIXED) -ffreestanding -mgeneral-regs-only -nostdinc -isystem $(XINCLUDE) -I. \
	-Iguests/common
GUESTS       := $(filter-out common,$(patsubst guests/%/,%,$(wildcard guests/*/)))
GUEST_COMMON := $(wildcard guests/common/*.c guests/common/*.S)
guest-programs: $(GUESTS:%=$(BUILD)/guests/%.elf) $(BUILD)/guests/bench.img $(BUILD)/guests/conform.img

# $(call guest,name,sources,linker script)
define guest
$(1)_GUEST_OBJECTS := $(call objects,$(BUILD)/guest-programs/$(1),$(2))
DEPS += $(patsubst %,$(BUILD)/guest-programs/$(1)/%.d,$(2))
$(call objects,$(BUILD)/guest-programs/$(1),$(2)): $(BUILD)/guest-programs/$(1)/%.o: % $(call rules,processes kernel)
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(XCC) $$(GUEST_CFLAGS) -Iguests/$(1) $$(GUEST_MORE_CFLAGS_$(1)) -MMD -MP -c $$< -o $$@
$(BUILD)/guest-programs/$(1)/$(1).debug: $(call objects,$(BUILD)/guest-programs/$(1),$(2)) $(3)
	$$(call say,LD,$$@)
	$$(Q)$$(XCC) $$(KERNEL_LDFLAGS) -T $(3) $(call objects,$(BUILD)/guest-programs/$(1),$(2)) -o $$@
$(BUILD)/guests/$(1).elf: $(BUILD)/guest-programs/$(1)/$(1).debug
	@mkdir -p $$(@D)
	$$(Q)$$(OBJCOPY) --strip-all $$< $$@
endef
# How this one measures is the other's.
GUEST_MORE_patterns        := guests/bench/results.c guests/bench/vector.S
GUEST_MORE_CFLAGS_patterns := -Iguests/bench
$(foreach g,$(GUESTS),$(eval $(call guest,$(g),$(wildcard guests/$(g)/*.c guests/$(g)/*.S) $(GUEST_MORE_$(g)) $(GUEST_COMMON),$(firstword \
	$(wildcard guests/$(g)/guest.ld guests/common/guest.ld) guests/$(g)/guest.ld))))
OUTPUTS += $(foreach e,elf img,$(GUESTS:%=$(BUILD)/guests/%.$(e)))

# This guest is linked to the address at which every loader puts it.
$(BUILD)/guests/conform.img: $(BUILD)/guests/conform.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# The Image of any other guest runs at any address, so it may contain no absolute address.
$(BUILD)/guests/%.img: $(BUILD)/guests/%.elf tools/no-addresses.sh
	$(Q)tools/no-addresses.sh $(XCC:gcc=readelf) $($*_GUEST_OBJECTS)
	$(Q)$(OBJCOPY) -O binary $< $@
