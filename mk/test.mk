# SPDX-License-Identifier: Apache-2.0
# Booting examples, and the tests that do. Targets that set up first build in a second make, because this one has
# already looked for the compilers.

QEMU       := qemu-system-aarch64
BOARD_QEMU := $(call board,qemu)
BOARD_CPUS := $(firstword $(call board,cpus))
CPU        := $(or $(CPU),$(call board,cpu))
CPUS       := $(or $(CPUS),$(BOARD_CPUS))
RAM        := $(or $(RAM),$(call board,memory))
# With fewer host CPUs than emulated ones, a CPU that spins for a lock would keep the lock's holder from running.
THREAD    := $(shell [ $$(nproc) -lt $(or $(CPUS),1) ] && echo single || echo multi)
QEMU_ARGS := $(patsubst CPU,$(CPU),$(patsubst CPUS,$(CPUS),$(patsubst MEMORY,$(RAM),$(BOARD_QEMU)))) \
	-accel tcg$(comma)thread=$(THREAD) -nographic -serial mon:stdio -serial null

IMAGE   = $(BUILD)/images/$(EXAMPLE).cpio
PYTEST := /usr/bin/python3 -m pytest -p no:cacheprovider -q $(if $(TEST),-k '$(TEST)')
# Python's modules would otherwise be compiled into the tree.
PYTEST_ENV := PYTHONDONTWRITEBYTECODE=1 BUILD=$(abspath $(BUILD)) BULKHEAD=$(abspath $(BUILD)/bulkhead) \
	KEY=$(abspath $(KEY))
SUITES := unit negative fuzz system

# The words of an example's files, which name the guests that it needs: built here, or fetched.
EXAMPLE_FILES  = $(wildcard examples/$(EXAMPLE)/*.qvmconf examples/$(EXAMPLE)/*.dts)
EXAMPLE_WORDS  = $(if $(EXAMPLE_FILES),$(shell cat $(EXAMPLE_FILES) | tr -cs 'A-Za-z0-9_.-' '\n' | sort -u))
EXAMPLE_GUESTS = $(addprefix $(BUILD)/guests/,$(filter $(GUESTS:%=%.elf) $(GUESTS:%=%.img),$(EXAMPLE_WORDS)))
EXAMPLE_FETCH  = $(if $(filter Image,$(EXAMPLE_WORDS)),linux) $(if $(filter u-boot.bin,$(EXAMPLE_WORDS)),uboot)
SYSTEMS        = $(patsubst examples/%/system.dts,%,$(wildcard examples/*/system.dts))

.PHONY: run boot boot-archive board image example test negative system soak matrix fresh
run: board example
	@$(SETUP) build
	@example=$(EXAMPLE); \
	for what in $(EXAMPLE_FETCH); do \
		$(SETUP) $$what && continue; \
		echo "The Debian packages of the guests could not be fetched: booting examples/hello instead."; \
		example=hello; break; \
	done; \
	$(MAKE) boot EXAMPLE=$$example

example:
	@[ -n "$(filter $(EXAMPLE),$(SYSTEMS))" ] || { \
		echo "There is no examples/$(EXAMPLE): choose EXAMPLE from $(SYSTEMS)" >&2; exit 1; }

image: example kernel processes vdevs host $(EXAMPLE_GUESTS)
	$(call say,ARCHIVE,$(IMAGE))
	$(Q)BUILD=$(abspath $(BUILD)) KEY=$(abspath $(KEY)) tools/image.sh examples/$(EXAMPLE) $(IMAGE)

# $(call not_on_this_board,variable,the board's value): a value that was chosen although the board allows no choice
not_on_this_board = $(if $(filter $(1),$(BOARD_QEMU)),,$(filter-out $(2),$($(1))))
board:
	@[ -n "$(BOARD_QEMU)" ] || { echo "There is no boards/$(BOARD): choose BOARD from $(BOARDS)" >&2; exit 1; }
	@[ -z "$(call not_on_this_board,CPU,$(call board,cpu))$(call not_on_this_board,CPUS,$(BOARD_CPUS))" ] || \
		{ echo "$(BOARD) has $(BOARD_CPUS) CPUs $(call board,cpu): leave out CPU and CPUS" >&2; exit 1; }

# QEMU gets the terminal as it is: Ctrl-C goes to the guest.
boot: board image
	@echo "Booting examples/$(EXAMPLE) on $(BOARD): $(CPUS) CPUs $(CPU), $(RAM)." \
		"Leave QEMU with Ctrl-a x; help at the prompt: help"
	@$(QEMU) $(QEMU_ARGS) -kernel $(BUILD)/Image -initrd $(IMAGE)

boot-archive: board
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

system: all path-plugins
	@$(SETUP) guests
	$(Q)$(call pytest,system,tests/system,not matrix and not soak)

matrix: all
	@$(SETUP) guests
	$(Q)$(call pytest,matrix,tests/system,matrix)

# Takes long, and is not part of `make test`: makes bare systems, and builds and tests the tree in them.
fresh:
	@BUILD=$(abspath $(BUILD)) tools/fresh.sh $(RELEASE)

soak: all
	@$(SETUP) guests
	$(Q)$(call pytest,soak,tests/system,soak)
