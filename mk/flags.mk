# SPDX-License-Identifier: Apache-2.0
# Compilers and what every compilation shares.

CROSS   ?= aarch64-linux-gnu-
XCC     := $(CROSS)gcc
XAR     := $(CROSS)gcc-ar
OBJCOPY := $(CROSS)objcopy
HOSTCC  ?= gcc
CLANG   ?= clang

PICOLIBC := /usr/lib/picolibc/aarch64-linux-gnu
SYSROOT  := $(BUILD)/sysroot
XINCLUDE := $(shell $(XCC) -print-file-name=include 2>/dev/null)

WARN := -Wall -Wextra -Werror -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings
BASE := -std=gnu11 -O2 -g $(WARN) -fno-common -ffunction-sections -fdata-sections

# Built files must not contain paths of this machine.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.

# Debian's compiler makes position-independent code and calls to libgcc's outlined atomics unless told otherwise.
# Strict alignment: device memory and memory without stage 1 fault on unaligned accesses.
ARM := -march=armv8-a -mno-outline-atomics -mstrict-align -mfix-cortex-a53-835769 -mfix-cortex-a53-843419 \
	$(REPRODUCIBLE)

# What runs at EL2 or in a guest has a fixed address, and no guard for its stack.
FIXED := -fno-pic -no-pie -fno-stack-protector

comma := ,

# The folders of the tree that hold C.
C_FOLDERS := $(wildcard abi include kernel lib servers qvm vdev tools tests guests)

# The boards, and the words of boards/NAME/board.conf for the chosen one.
BOARDS := $(patsubst boards/%/board.conf,%,$(wildcard boards/*/board.conf))
board   = $(shell sed -n 's/^$(1)[[:blank:]]\{1,\}//p' boards/$(BOARD)/board.conf 2>/dev/null)

DEPS    :=
OUTPUTS := $(addprefix $(BUILD)/,Image bulkhead kernel lib bin tests guest-programs host unit tidy cppcheck images \
	logs path results)

# Changed flags or rules rebuild an object: it also depends on $(call rules,NAME...), the files mk/NAME.mk that say how
# it is made.
rules = $(patsubst %,mk/%.mk,flags $(1))

# $(call objects,folder for objects,sources)
objects = $(patsubst %,$(1)/%.o,$(2))

# $(call files,folders,find's conditions): sorted, so that links repeat exactly.
files = $(sort $(shell find $(wildcard $(1)) -type f $(2) 2>/dev/null))
