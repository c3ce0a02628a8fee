# SPDX-License-Identifier: Apache-2.0
# Builds Bulkhead and runs its checks and tests; `make help` lists the targets.
#
# Everything lands in $(BUILD), so that the tree stays clean and two builds can stand side by side. This is one
# make for the whole tree, not one for each folder: it sees every dependency, so it is right with any -j.

BUILD   ?= build
EXAMPLE ?= two-linux
BOARD   ?= qemu-virt
V       ?= 0

# make splits names at blanks, also that of its own folder; the other characters have a meaning to make or to the shell.
PLACES := $(CURDIR) $(abspath $(BUILD))
hash   := \#
UNFIT  := $(strip $(if $(filter-out 2,$(words $(PLACES))),blank) \
	$(foreach c,' " ` $$ $(hash) % : ; & | < > ( ) * ? [ ] { } ! \,$(findstring $c,$(PLACES))))
ifneq ($(UNFIT),)
$(error The path '$(CURDIR)' or BUILD '$(BUILD)' contains characters that make or the shell does not allow \
	($(UNFIT)): move the clone)
endif

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
# Scripts parse the English output of tools.
export LC_ALL := C

Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-8s %s\n' $(1) $(2))

# Without a -j on the command line, use the machine's CPUs. A make started by this one shares its jobs.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

SETUP := BUILD=$(abspath $(BUILD)) tools/setup.sh

include mk/flags.mk
include mk/calls.mk

NEED_XCC := all check unit kernel processes vdevs host image boot
ifneq ($(and $(filter $(NEED_XCC),$(or $(MAKECMDGOALS),all)),$(if $(XINCLUDE),,none)),)
$(error $(XCC) is not installed: tools/packages.sh, or 'make run', installs what is needed)
endif

include mk/kernel.mk
include mk/sodium.mk
include mk/processes.mk
include mk/vdevs.mk
include mk/host.mk
include mk/unit.mk
include mk/fuzz.mk
include mk/check.mk
include mk/test.mk
include mk/bench.mk
include mk/path.mk

.PHONY: all clean distclean help
all: kernel processes vdevs programs first-images guest-programs host unit-programs path-plugins

clean:
	$(Q)rm -rf $(OUTPUTS)

# Also what tools/setup.sh fetched.
distclean:
	$(Q)rm -rf $(BUILD)

help:
	@sed -n '/^#T /s/^#T //p' Makefile
#T make              build the kernel, the processes, the host tool and all test programs
#T make run          set up, build, and boot examples/$(EXAMPLE) in QEMU on this terminal (leave with Ctrl-a x)
#T make boot-archive boot the boot archive ARCHIVE=FILE in the same way
#T make install-sdk  headers for virtual devices into DESTDIR=FOLDER: examples/vdev-template
#T make test         set up, build, and run every test: unit, negative, system
#T make check        formatting, style, clang-tidy, cppcheck, circles of files, the EL2 line limit, unit tests
#T make unit         unit tests, under ASan, UBSan and TSan
#T make fuzz         fuzz targets, FUZZ_SECONDS=10 each, or only TARGET=NAME; `make fuzz-build` builds them
#T make negative     wrong configurations that the host tool must refuse
#T make system       whole systems, booted in QEMU
#T make soak         20 restarts of each guest, and other long runs
#T make matrix       CPU models, CPU counts and memory sizes
#T make fresh        build and test on a bare system of each supported Debian release (root; long), or only RELEASE=13
#T make bench        costs in instructions, compared with the bare machine and Xen; QUICK=1: only Bulkhead
#T make bench-real   the same few rows in a clean state and in those that guests are really in, side by side
#T make bench-check  fails if a row is more than 2 % above tests/bench/record.json; `make bench-record` writes that
#T make bench-scale  checks that the guest's rows are the same with 1 to 8 CPUs, and with 1 and 8 VMs
#T make el2-lines    count the code lines of the kernel's files, by folder; fails above the limits
#T make circles      find files of a program that need each other; fails at any that tools/circles.txt does not list
#T make longest-path the longest stretch with interrupts off, in instructions; fails above 5,000. ARGS=--holds: of locks
#T make boot-path    instructions from power-on to the first one of a guest, by function; fails above 10 million
#T make clean        remove what was built; `make distclean`: also what was fetched
#T make journeys     the files that a device write, an interrupt and a message run through; ARGS=--headers: also headers
#T
#T Variables: EXAMPLE=two-linux BOARD=qemu-virt CPU=neoverse-n1 CPUS=4 RAM=2G BUILD=build V=1 (show commands)
#T            TEST=WORDS (pytest -k)

-include $(DEPS)
