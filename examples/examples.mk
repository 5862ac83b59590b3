# SPDX-License-Identifier: MIT
# The examples, each built with the one command that its comment gives.

EXAMPLES := $(patsubst examples/%,$(BUILD)/examples/%.o,$(basename $(wildcard examples/*.c examples/*.cc examples/*.S)))

$(BUILD)/examples/%.o: examples/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Iinclude $(DEPS) -c $< -o $@

CXX ?= g++
$(BUILD)/examples/%.o: examples/%.cc
	@mkdir -p $(@D)
	$(CXX) -O2 -Wall -Wextra -Iinclude $(DEPS) -c $< -o $@

$(BUILD)/examples/%.o: examples/%.S
	@mkdir -p $(@D)
	$(CC) -c $< -o $@

# Only where there is a Rust compiler.
RUSTC ?= /usr/bin/rustc
RUST_EXAMPLES := $(if $(shell command -v $(RUSTC)),$(BUILD)/examples/rust.o)
$(BUILD)/examples/%.o: examples/%.rs include/elfin/module.rs
	@mkdir -p $(@D)
	$(RUSTC) --edition 2021 --crate-type lib --emit obj -O -C panic=abort $< -o $@

-include $(wildcard $(BUILD)/examples/*.d)

ALL += $(EXAMPLES) $(RUST_EXAMPLES)
