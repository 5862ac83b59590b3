# SPDX-License-Identifier: MIT
# Unwind tables, held against readelf.
$(BUILD)/tests/frames/rows: $(BUILD)/tests/obj/frames/rows.o $(call archives,asan)
	@mkdir -p $(@D)
	$(CC) $(ASAN_CFLAGS) $(filter %.o,$^) $(filter %.a,$^) -o $@

TEST_DEPS += $(BUILD)/tests/frames/rows
TESTS     += tests/frames/rows.py

corpus: frames-corpus
.PHONY: frames-corpus
frames-corpus: $(BUILD)/tests/frames/rows
	@tests/frames/rows.py --all

-include $(BUILD)/tests/obj/frames/rows.d
