# SPDX-License-Identifier: Apache-2.0
# The benchmark (docs/performance.md). QUICK=1: only Bulkhead, on one CPU model. MODELS='neoverse-n1 cortex-a53': on these.

BENCH := $(PYTEST_ENV) $(if $(MODELS),MODELS="$(MODELS)") XCC=$(XCC) /usr/bin/python3 tests/bench/bench.py
BENCH_NEEDS := kernel processes vdevs programs first-images guest-programs host path-plugins $(BUILD)/bench/init.cpio
OUTPUTS += $(BUILD)/bench

# A Linux guest that is measured has one process.
$(BUILD)/bench/init.cpio: tests/bench/init.S $(call rules,bench)
	$(call say,INIT,$@)
	@mkdir -p $(@D)
	$(Q)$(XCC) -nostdlib -static -Wl,--build-id=none $< -o $(@D)/init
	$(Q)cd $(@D) && echo init | cpio --quiet -o -H newc --owner=0:0 -F $(@F)

.PHONY: bench bench-real bench-check bench-record bench-scale bench-build
bench-build:
	@$(SETUP) build
	@$(MAKE) $(BENCH_NEEDS)

# Without Xen or a Linux guest, their rows are missing from the table.
bench: bench-build
	@$(if $(QUICK),,$(SETUP) bench || true; $(SETUP) guests || true)
	@$(BENCH) $(if $(QUICK),quick,table)

bench-real: bench-build
	@$(BENCH) real

bench-check: bench-build
	@$(BENCH) check

bench-record: bench-build
	@$(BENCH) record

bench-scale: bench-build
	@$(BENCH) scale
