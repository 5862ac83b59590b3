# SPDX-License-Identifier: MIT
# elfin-qemu, and the demonstration of `make run`.

LIBZ ?= /usr/lib/x86_64-linux-gnu/libz.a
LIBSUPCXX ?= $(shell g++ -print-file-name=libsupc++.a)
LIBGCC_EH ?= $(shell gcc -print-file-name=libgcc_eh.a)

# One file that Python runs.
$(BUILD)/elfin-qemu: $(wildcard tools/elfin-qemu/*.py) tools/qemu.mk
	@mkdir -p $(@D)
	rm -rf tools/elfin-qemu/__pycache__
	$(PYTHON) -m zipapp tools/elfin-qemu -p '/usr/bin/env python3' -o $@

ALL += $(BUILD)/elfin-qemu

# On a terminal the demonstration ends at the prompt of elfin.efi.
.PHONY: demo
demo: $(BUILD)/elfin-qemu $(BUILD)/elfin.efi $(EXAMPLES)
	@if [ -t 0 ]; then interactive=--interactive; fi; \
	QEMU='$(QEMU)' $(BUILD)/elfin-qemu $$interactive --script examples/demo.elfin \
		$(EXAMPLES) $(LIBZ) $(LIBSUPCXX) $(LIBGCC_EH)
