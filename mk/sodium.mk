# SPDX-License-Identifier: Apache-2.0
# Signatures of the boot archive: the keys, and the library.
#
# The part of libsodium that procmgr needs, SHA-256 and the check of an Ed25519 signature, compiled as our own code is,
# except for warnings; lib/sha512.c takes the place of its SHA-512. The files hold more than that, such as signing, which needs random numbers: --gc-sections drops it,
# and the link fails if something that is left needs what is not there.

SODIUM         := $(SYSROOT)/src/libsodium
SODIUM_FILES   := crypto_sign/ed25519/ref10/open crypto_sign/ed25519/ref10/sign \
	crypto_core/ed25519/ref10/ed25519_ref10 \
	crypto_hash/sha256/cp/hash_sha256_cp crypto_verify/sodium/verify sodium/utils
SODIUM_OBJECTS := $(SODIUM_FILES:%=$(BUILD)/lib/sodium/%.o)
SODIUM_LIB     := $(BUILD)/lib/libsodium.a
SODIUM_CFLAGS   = $(filter-out $(WARN),$(PROCESS_CFLAGS)) -w -DCONFIGURED=1 -DHAVE_TI_MODE=1 -DNATIVE_LITTLE_ENDIAN=1 \
	-DHAVE_WEAK_SYMBOLS=1 -DSODIUM_STATIC=1 -I$(SODIUM)/include/sodium

$(SODIUM_FILES:%=$(SODIUM)/%.c) &:
	$(Q)$(SETUP) build

$(SODIUM_OBJECTS): $(BUILD)/lib/sodium/%.o: $(SODIUM)/%.c $(call rules,processes sodium)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(XCC) $(SODIUM_CFLAGS) -c $< -o $@

$(SODIUM_LIB): $(SODIUM_OBJECTS)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(XAR) rcs $@ $^

# The pair of keys for development: made once for each build folder, never committed. An integrator's own:
# PUBLIC_KEY=FILE, and KEY=FILE where this tree signs archives (docs/configuration.md).
PUBLIC_KEY ?= $(BUILD)/keys/development.pub
KEY        ?= $(PUBLIC_KEY:.pub=.key)
KEY_HEADER := $(BUILD)/keys/include/public_key.h

$(BUILD)/keys/development.pub: | $(BUILD)/bulkhead
	@mkdir -p $(@D)
	$(Q)$(BUILD)/bulkhead keygen $(@:.pub=)

# Compared each time, written only if the key has changed.
.PHONY: always
$(KEY_HEADER): $(PUBLIC_KEY) always
	@mkdir -p $(@D)
	@grep -Eqx 'ed25519-public-key [0-9a-f]{64}' $< || { \
		echo "$<: a public key's file has the word ed25519-public-key, a blank and 64 hexadecimal digits" >&2; exit 1; }
	@echo "#define PUBLIC_KEY $$(sed 's/.* //; s/../0x&, /g' $<)" > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
