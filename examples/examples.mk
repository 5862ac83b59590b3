# SPDX-License-Identifier: MIT
# The examples, each built with the one command that its comment gives.

EXAMPLES := $(patsubst examples/%,$(BUILD)/examples/%.o,$(basename $(wildcard examples/*.c examples/*.S)))

$(BUILD)/examples/%.o: examples/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Iinclude $(DEPS) -c $< -o $@

$(BUILD)/examples/%.o: examples/%.S
	@mkdir -p $(@D)
	$(CC) -c $< -o $@

-include $(wildcard $(BUILD)/examples/*.d)

ALL += $(EXAMPLES)
