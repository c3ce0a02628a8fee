# SPDX-License-Identifier: Apache-2.0
# It checks the description once, and then answers now and then.
FLAGS.servers/procmgr := $(SMALL)
# The key that archives are signed with is compiled in; procmgr is also part of the first processes of tests.
$(patsubst %,$(BUILD)/%/servers/procmgr/verify.c.o,procmgr $(FIRST_MAINS:%=first/obj/%)): $(KEY_HEADER)
