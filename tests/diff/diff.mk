# SPDX-License-Identifier: MIT
# Every relocation, held against two linkers and the psABI's formulas. Objects are compiled once,
# into $(BUILD)/tests/diff; what is tested is $(BUILD)/elfin, or $ELFIN from the environment.
TESTS += $(addprefix tests/diff/,selftest.py ranges.py reach.py assembly.py indirect.py tls.py \
         corpus.py extended.py linkers.py)

.PHONY: corpus
corpus: $(BUILD)/elfin ## the long comparisons: every member of the large archives, every compiler at every placement
	@tests/diff/corpus.py --all
	@tests/diff/linkers.py --all
