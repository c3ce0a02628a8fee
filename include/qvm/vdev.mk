# SPDX-License-Identifier: Apache-2.0
# How a vdev is compiled and linked; to be included by a makefile. Needed are a compiler for AArch64 and headers of a C
# library (Debian: gcc-aarch64-linux-gnu, picolibc-aarch64-linux-gnu). No library is linked: qvm has what is used of it.

VDEV_CC   ?= aarch64-linux-gnu-gcc
VDEV_LIBC ?= /usr/lib/picolibc/aarch64-linux-gnu/include

# The compiler's own headers; asked for when something is compiled.
VDEV_CC_INCLUDE = $(or $(shell $(VDEV_CC) -print-file-name=include 2>/dev/null),$(error \
	$(VDEV_CC) is needed, and does not run))

# -mgeneral-regs-only: the floating-point registers of a virtual CPU stay in the hardware while its vdevs run.
# The stack protector's guard is in the thread's block, where qvm puts it: another one for each start.
# -mstrict-align, -mno-outline-atomics: as the rest of qvm. No thread-local storage: qvm has none for a vdev.
VDEV_CFLAGS = -std=gnu11 -fPIC -fno-plt -fvisibility=hidden -march=armv8-a -mgeneral-regs-only -mstrict-align \
	-mno-outline-atomics -fno-asynchronous-unwind-tables \
	-fstack-protector-strong -mstack-protector-guard=sysreg -mstack-protector-guard-reg=tpidr_el0 \
	-mstack-protector-guard-offset=8 \
	-mfix-cortex-a53-835769 -mfix-cortex-a53-843419 \
	-nostdinc -isystem $(VDEV_LIBC) -isystem $(VDEV_CC_INCLUDE)

# Code, constants and data on pages of their own; all relocation before the constructors run; only qvm's symbols.
VDEV_LDFLAGS := -shared -nostdlib -Wl,-z,max-page-size=4096,-z,common-page-size=4096,-z,separate-code,-z,relro,-z,now \
	-Wl,-z,text,-z,noexecstack,--build-id=none,--gc-sections,-Bsymbolic,--hash-style=sysv
