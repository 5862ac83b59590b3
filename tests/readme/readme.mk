# SPDX-License-Identifier: MIT
TESTS += tests/readme/run
