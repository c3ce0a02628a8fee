# SPDX-License-Identifier: Apache-2.0
# Readers, the client side of the servers, and what starts and ends a process and its threads run seldom; system calls,
# mutexes and strings often.
FLAGS.lib            := $(SMALL)
FLAGS.lib/sha512.c   :=
# Only where SystemInfo has FEATURE_SHA256.
FLAGS.lib/arch/aarch64/sha256.c := -march=armv8-a+crypto
FLAGS.lib/sys        := $(INTEGER_ONLY)
# How far a shift goes is part of the shift, not computed before the branches that need it.
FLAGS.lib/sys/msg.c  := $(INTEGER_ONLY) -fno-code-hoisting
$(foreach f,exit heap lock stdio thread,$(eval FLAGS.lib/sys/$(f).c := $(INTEGER_ONLY) $(SMALL)))
# What runs before the first thread has its guard.
$(foreach f,args relocate start tls,$(eval FLAGS.lib/sys/$(f).c := $(INTEGER_ONLY) $(SMALL) $(NO_PROTECTOR)))
# memcpy must not be compiled into a call to memcpy.
FLAGS.lib/string := $(INTEGER_ONLY) $(NO_PROTECTOR) -ffreestanding -fno-builtin -fno-tree-loop-distribute-patterns
