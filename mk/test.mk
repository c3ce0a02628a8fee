# SPDX-License-Identifier: Apache-2.0
# Booting examples, and the tests that do. Targets that set up first build in a second make, because this one has
# already looked for the compilers.

QEMU      := qemu-system-aarch64
# Emulated CPUs that wait for a lock whose holder has no host CPU would only burn the others' time.
THREAD    := $(shell [ $$(nproc) -lt $(CPUS) ] && echo single || echo multi)
QEMU_ARGS := -M virt-10.0$(comma)virtualization=on$(comma)gic-version=3$(comma)iommu=smmuv3 \
	-accel tcg$(comma)thread=$(THREAD) -cpu $(CPU) -smp $(CPUS) -m $(RAM) -nic none -nographic

IMAGE   = $(BUILD)/images/$(EXAMPLE).cpio
PYTEST := /usr/bin/python3 -m pytest -p no:cacheprovider -q $(if $(TEST),-k '$(TEST)')
# Python's modules would otherwise be compiled into the tree.
PYTEST_ENV := PYTHONDONTWRITEBYTECODE=1 BUILD=$(abspath $(BUILD)) BULKHEAD=$(abspath $(BUILD)/bulkhead) KEY=$(abspath $(KEY))
SUITES := unit negative fuzz system

.PHONY: run boot boot-archive image test negative system soak matrix
run:
	@$(SETUP) build
	@example=$(EXAMPLE); \
	if [ $$example != hello ] && ! $(SETUP) guests; then \
		echo "The Debian packages of the guests could not be fetched: booting examples/hello instead."; \
		example=hello; \
	fi; \
	$(MAKE) boot EXAMPLE=$$example

image: all
	$(call say,ARCHIVE,$(IMAGE))
	$(Q)BUILD=$(abspath $(BUILD)) KEY=$(abspath $(KEY)) tools/image.sh examples/$(EXAMPLE) $(IMAGE)

# QEMU gets the terminal as it is: Ctrl-C goes to the guest.
boot: image
	@echo "Booting examples/$(EXAMPLE): $(CPUS) CPUs $(CPU), $(RAM). Leave QEMU with Ctrl-a x; help at the prompt: help"
	@$(QEMU) $(QEMU_ARGS) -kernel $(BUILD)/Image -initrd $(IMAGE)

boot-archive:
	@$(QEMU) $(QEMU_ARGS) -kernel $(BUILD)/Image -initrd $(ARCHIVE)

test:
	@$(SETUP) build
	@$(SETUP) guests
	@rm -rf $(BUILD)/results
	@$(MAKE) all
	@status=0; \
	for suite in $(SUITES); do $(MAKE) $$suite || status=1; done; \
	tests/summary.sh $(BUILD) $(SUITES) || status=1; \
	exit $$status

# $(call pytest,suite,folder,markers)
pytest = $(PYTEST_ENV) SUITE=$(1) $(PYTEST) -m '$(3)' $(2)

negative: host vdevs
	$(Q)$(call pytest,negative,tests/negative,not matrix and not soak)

system: all
	@$(SETUP) guests
	$(Q)$(call pytest,system,tests/system,not matrix and not soak)

matrix: all
	@$(SETUP) guests
	$(Q)$(call pytest,matrix,tests/system,matrix)

soak: all
	@$(SETUP) guests
	$(Q)$(call pytest,soak,tests/system,soak)
