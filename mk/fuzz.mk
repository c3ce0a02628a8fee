# SPDX-License-Identifier: Apache-2.0
# Fuzz targets: tests/fuzz/fuzz_NAME.c, built natively with clang's libFuzzer under ASan and UBSan. A target names its
# files of the tree and the inputs to begin with, in comments at its top, as unit tests do:
#     /* SOURCES: lib/x.c lib/y */
#     /* SEEDS: tests/fuzz/x/% BUILD/y */           % stands for any text, as * would end the comment
#     /* LIBS: fdt */
# tests/fuzz/NAME.dict, if it is there, holds words that inputs are made of. FUZZ_SECONDS: how long each of them runs.
# TARGET=NAME: only this one.

FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS   := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_SECONDS ?= 10
fuzz_tag      = $(shell sed -n '1,10s|^/\* $(2): \(.*[^ ]\) *\*/$$|\1|p' tests/fuzz/fuzz_$(1).c)
OUTPUTS += $(BUILD)/fuzz

FUZZ_RUN      = $(or $(TARGET),$(FUZZ_TARGETS))

.PHONY: fuzz fuzz-build
fuzz-build: $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)

# $(call fuzz_target,name,sources,libraries)
define fuzz_target
DEPS += $(patsubst %,$(BUILD)/fuzz/obj/$(1)/%.d,$(2))
$(call objects,$(BUILD)/fuzz/obj/$(1),$(2)): $(BUILD)/fuzz/obj/$(1)/%.o: % $(call rules,unit fuzz) | $$(CALLS_MADE)
	$$(call say,FUZZCC,"$$< ($(1))")
	@mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(UNIT_CFLAGS) $$(FUZZ_FLAGS) -MMD -MP -c $$< -o $$@
$(BUILD)/fuzz/$(1): $(call objects,$(BUILD)/fuzz/obj/$(1),$(2))
	$$(Q)$$(CLANG) $$(FUZZ_FLAGS) $$^ $(3) -o $$@
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t),tests/fuzz/fuzz_$(t).c $(call \
	unit_sources,$(call fuzz_tag,$(t),SOURCES)),$(addprefix -l,$(call fuzz_tag,$(t),LIBS)))))

# An archive of two small files.
$(BUILD)/fuzz/make/archive.cpio:
	@mkdir -p $(@D)/files
	$(Q)cd $(@D)/files && echo one >one && echo two >two && printf 'one\ntwo\n' | cpio --quiet -o -H newc -F ../$(@F)

# Boards, system descriptions, and a tree for a guest, compiled; also wrong ones, if dtc accepts them.
FUZZ_DTS := $(wildcard tests/negative/system/board.dts tests/negative/system/*/system.dts examples/*/system.dts \
	tests/fuzz/guest.dts)
$(BUILD)/fuzz/make/dtbs: $(FUZZ_DTS)
	@mkdir -p $(@D)/trees
	$(Q)for dts in $^; do \
		dtc -q -f -I dts -O dtb $$dts -o $(@D)/trees/$$(echo $$dts | tr / -).dtb 2>/dev/null || true; \
	done
	@touch $@

# A small kernel, packed by gzip, and as EFI zboot kernels that hold it by gzip and by zstd (as raw blocks).
$(BUILD)/fuzz/make/packed: tests/negative/test_files.py
	@mkdir -p $@
	$(Q)cd tests/negative && PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -c 'import gzip, sys, test_files as t; \
		[open(f"{sys.argv[1]}/{name}", "wb").write(make()) for name, (make, _) in t.PACKED.items()]' $(abspath $@)

# $(call fuzz_run,name): inputs that fail are kept beside the log.
define fuzz_run
	@mkdir -p $(BUILD)/fuzz/seeds/$(1) $(BUILD)/fuzz/corpus/$(1) $(BUILD)/logs
	@cp $(subst %,*,$(subst BUILD/,$(BUILD)/,$(call fuzz_tag,$(1),SEEDS))) $(BUILD)/fuzz/seeds/$(1)/
	@echo "  FUZZ     $(1), $(FUZZ_SECONDS) s"
	@$(BUILD)/fuzz/$(1) -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 \
		-artifact_prefix=$(BUILD)/logs/fuzz-$(1)- $(patsubst %,-dict=%,$(wildcard tests/fuzz/$(1).dict)) \
		$(BUILD)/fuzz/corpus/$(1) $(BUILD)/fuzz/seeds/$(1) \
		>$(BUILD)/logs/fuzz-$(1).log 2>&1 || \
		{ tail -n 40 $(BUILD)/logs/fuzz-$(1).log; echo $(1) >>$(BUILD)/logs/fuzz.failed; }
	@sed -n 's/stat::number_of_executed_units: */  $(1): executions: /p' $(BUILD)/logs/fuzz-$(1).log | grep . || \
		{ echo "  $(1): the log does not say how many inputs were executed"; echo $(1) >>$(BUILD)/logs/fuzz.failed; }

endef
fuzz: $(FUZZ_RUN:%=$(BUILD)/fuzz/%) vdevs $(BUILD)/fuzz/make/archive.cpio $(BUILD)/fuzz/make/dtbs \
		$(BUILD)/fuzz/make/packed guest-programs
	@mkdir -p $(BUILD)/logs $(BUILD)/results && : >$(BUILD)/logs/fuzz.failed
	$(foreach t,$(FUZZ_RUN),$(call fuzz_run,$(t)))
	@failed=$$(sort -u $(BUILD)/logs/fuzz.failed | wc -l); passed=$$(($(words $(FUZZ_RUN)) - failed)); \
	echo "$$passed $$failed" >$(BUILD)/results/fuzz; \
	echo "fuzz: $$passed passed, $$failed failed"; [ "$$failed" -eq 0 ]
