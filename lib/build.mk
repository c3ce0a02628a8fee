# SPDX-License-Identifier: Apache-2.0
# Readers and the client side of the servers run seldom; system calls, threads and strings often.
FLAGS.lib            := $(SMALL)
FLAGS.lib/sha512.c   :=
FLAGS.lib/sys        := $(INTEGER_ONLY)
# What runs before the first thread has its guard.
FLAGS.lib/sys/start.c    := $(INTEGER_ONLY) $(NO_PROTECTOR)
FLAGS.lib/sys/relocate.c := $(INTEGER_ONLY) $(NO_PROTECTOR)
FLAGS.lib/sys/tls.c      := $(INTEGER_ONLY) $(NO_PROTECTOR)
FLAGS.lib/sys/args.c     := $(INTEGER_ONLY) $(NO_PROTECTOR)
# memcpy must not be compiled into a call to memcpy.
FLAGS.lib/string := $(INTEGER_ONLY) $(NO_PROTECTOR) -ffreestanding -fno-builtin -fno-tree-loop-distribute-patterns
