# SPDX-License-Identifier: Apache-2.0
# What is generated from the table of the kernel's calls, abi/calls.def: $(GEN)/calls/*, included as "calls/NAME". Objects
# that include it have $(CALLS_MADE) as an order-only prerequisite; dependency files then name the headers that they use.

GEN        := $(BUILD)/gen
CALLS_MADE := $(addprefix $(GEN)/calls/,numbers.h prototypes.h stubs.inc kernel.h dispatch.h tests.h)
OUTPUTS    += $(GEN)

$(CALLS_MADE) &: abi/calls.def tools/calls.py
	$(call say,GEN,$<)
	$(Q)tools/calls.py $< $(GEN)/calls

.PHONY: calls-docs
calls-docs:
	$(Q)tools/calls.py abi/calls.def --docs | cmp -s - docs/calls.md || \
		{ echo "docs/calls.md is out of date; run: tools/calls.py abi/calls.def --docs >docs/calls.md" >&2; exit 1; }
