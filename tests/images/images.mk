# SPDX-License-Identifier: MIT
# Images against plain loads: a program that compares them, over objects that nobody here wrote too.

$(BUILD)/tests/images/compare: tests/images/compare.c $(call archives,asan)
	@mkdir -p $(@D)
	$(CC) $(ASAN_CFLAGS) $< $(filter %.a,$^) -o $@

# Without sanitizers, for large corpora.
$(BUILD)/tests/images/compare-fast: tests/images/compare.c $(call archives,host)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $< $(filter %.a,$^) -o $@

TEST_DEPS += $(BUILD)/tests/images/compare $(BUILD)/tests/images/compare-fast
TESTS     += tests/images/run
