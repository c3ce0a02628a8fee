# SPDX-License-Identifier: Apache-2.0
# Most of it runs once for each start of a guest.
FLAGS.qvm := $(INTEGER_ONLY) $(SMALL)
# What a guest waits for at each of its exits.
QVM_FAST := exits.c mmio.c unsupported.c vdev_access.c \
	$(addprefix arch/aarch64/,gic_frames.c gic_registers.c interrupts.c spi.c spi_line.c)
$(foreach f,$(QVM_FAST),$(eval FLAGS.qvm/$(f) := $(INTEGER_ONLY)))
