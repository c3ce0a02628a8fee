# SPDX-License-Identifier: Apache-2.0
FLAGS.servers/slogger := $(SMALL)
