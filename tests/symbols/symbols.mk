# SPDX-License-Identifier: MIT
# Names and lines of addresses, against what other tools say of the same objects.

# $(call locate,VARIANT,FLAGS,SUFFIX)
define locate
$(BUILD)/tests/symbols/locate$(3): $(BUILD)/$(1)/obj/tests/symbols/locate.o $(call archives,$(1))
	@mkdir -p $$(@D)
	$$(CC) $(2) $$^ -o $$@
-include $(BUILD)/$(1)/obj/tests/symbols/locate.d
endef
$(eval $(call locate,asan,$$(ASAN_CFLAGS)))
$(eval $(call locate,host,$$(HOST_CFLAGS),-fast))

TEST_DEPS += $(BUILD)/tests/symbols/locate
TESTS     += tests/symbols/compare.py

.PHONY: symbols
symbols: $(BUILD)/tests/symbols/locate-fast
	@tests/symbols/compare.py --all

corpus: symbols
