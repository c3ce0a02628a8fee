# SPDX-License-Identifier: Apache-2.0
# The benchmark (docs/performance.md). QUICK=1: only Bulkhead, on one CPU model.

BENCH := $(PYTEST_ENV) XCC=$(XCC) /usr/bin/python3 tests/bench/bench.py
BENCH_NEEDS := kernel processes programs guest-programs host

.PHONY: bench bench-check bench-record bench-scale bench-build
bench-build:
	@$(SETUP) build
	@$(MAKE) $(BENCH_NEEDS)

bench: bench-build
	@$(if $(QUICK),,$(SETUP) bench || true)
	@$(BENCH) $(if $(QUICK),quick,table)

bench-check: bench-build
	@$(BENCH) check

bench-record: bench-build
	@$(BENCH) record

bench-scale: bench-build
	@$(BENCH) scale
