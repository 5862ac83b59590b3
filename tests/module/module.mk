# SPDX-License-Identifier: MIT
TESTS += tests/module/run
