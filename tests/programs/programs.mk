# SPDX-License-Identifier: MIT
# Executables and shared objects, linked as their authors would, into $(BUILD)/tests/programs.
PROGRAMS := $(BUILD)/tests/programs/made

$(PROGRAMS): tests/programs/build.py tests/tests.mk $(wildcard tests/programs/src/*)
	@mkdir -p $(@D)
	$(PYTHON) tests/programs/build.py
	@touch $@

TEST_DEPS += $(PROGRAMS)
TESTS     += tests/programs/images.py
