# SPDX-License-Identifier: Apache-2.0
FLAGS.servers/devc-pl011 := $(SMALL)
