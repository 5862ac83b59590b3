# SPDX-License-Identifier: MIT
# Executables and shared objects, linked as their authors would, into $(BUILD)/tests/programs.
TESTS += tests/programs/images.py
