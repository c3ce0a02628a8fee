# SPDX-License-Identifier: Apache-2.0
# Unit tests, built natively. A test names the files of the tree that it is compiled with, in a comment at its top:
#     /* SOURCES: qvm/x.c lib/y.c lib/z */        a folder means all its .c files
#     /* LIBS: fdt */
#     /* CFLAGS: -Ikernel/include */

UNIT_TESTS := $(basename $(notdir $(wildcard tests/unit/test_*.c tests/unit/tsan_*.c)))
UNIT_CFLAGS := $(WARN) -std=gnu11 -O1 -g -fno-omit-frame-pointer -D_GNU_SOURCE -I. -Iabi -Iinclude \
	-Ilib/include -Itests/unit -I$(GEN)
UNIT_ASAN   := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_TSAN   := -fsanitize=thread
unit_tag     = $(shell sed -n '1,10s|^/\* $(2): \(.*[^ ]\) *\*/$$|\1|p' tests/unit/$(1).c)

unit_sources = $(foreach s,$(1),$(if $(filter %.c,$(s)),$(s),$(wildcard $(s)/*.c)))

.PHONY: unit unit-programs
unit-programs: $(UNIT_TESTS:%=$(BUILD)/unit/%)

# $(call unit_test,name,sources,flags,libraries)
define unit_test
DEPS += $(patsubst %,$(BUILD)/unit/obj/$(1)/%.d,$(2))
$(call objects,$(BUILD)/unit/obj/$(1),$(2)): $(BUILD)/unit/obj/$(1)/%.o: % $(call rules,unit) | $$(CALLS_MADE)
	$$(call say,UNITCC,"$$< ($(1))")
	@mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(UNIT_CFLAGS) $(3) -MMD -MP -c $$< -o $$@
$(BUILD)/unit/$(1): $(call objects,$(BUILD)/unit/obj/$(1),$(2))
	$$(Q)$$(CLANG) $(3) $$^ $(4) -lcmocka -lpthread -o $$@
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t),tests/unit/$(t).c $(call \
	unit_sources,$(call unit_tag,$(t),SOURCES)),$(if \
	$(filter tsan_%,$(t)),$(UNIT_TSAN),$(UNIT_ASAN)) $(call unit_tag,$(t),CFLAGS),$(addprefix -l,$(call \
	unit_tag,$(t),LIBS)))))

unit: unit-programs vdevs
	$(Q)tests/run-unit.sh $(BUILD) $(UNIT_TESTS:%=$(BUILD)/unit/%)
