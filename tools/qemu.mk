# SPDX-License-Identifier: MIT
# elfin-qemu, and the demonstration of `make run`.

LIBZ ?= /usr/lib/x86_64-linux-gnu/libz.a
LIBSUPCXX ?= $(shell g++ -print-file-name=libsupc++.a)
LIBGCC_EH ?= $(shell gcc -print-file-name=libgcc_eh.a)

$(BUILD)/elfin-qemu: tools/elfin-qemu
	@mkdir -p $(@D)
	cp $< $@

ALL += $(BUILD)/elfin-qemu

# On a terminal the demonstration ends at the prompt of elfin.efi.
.PHONY: demo
demo: $(BUILD)/elfin-qemu $(BUILD)/elfin.efi $(EXAMPLES)
	@if [ -t 0 ]; then interactive=--interactive; fi; \
	QEMU='$(QEMU)' $(BUILD)/elfin-qemu $$interactive --script examples/demo.elfin \
		$(EXAMPLES) $(LIBZ) $(LIBSUPCXX) $(LIBGCC_EH)
