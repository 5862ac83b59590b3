# SPDX-License-Identifier: MIT
# Images, rebinding, replacing and several CPUs against plain loads: programs that compare them, over
# objects that nobody here wrote too.
COMPARE_SOURCES    := $(addprefix tests/images/,compare.c same.c)
OPERATIONS_SOURCES := $(addprefix tests/images/,operations.c check_object.c check_replace.c check_group.c same.c subject.c \
	world.c) $(addprefix tests/lib/,toy.c toy_tls.c elf_builder.c) tools/elfin/threads.c

# $(call image_programs,VARIANT,FLAGS,SUFFIX)
define image_programs
$(BUILD)/tests/images/compare$(3): $(COMPARE_SOURCES:%.c=$(BUILD)/$(1)/obj/%.o) $(call archives,$(1))
$(BUILD)/tests/images/operations$(3): $(OPERATIONS_SOURCES:%.c=$(BUILD)/$(1)/obj/%.o) $(call archives,$(1))
$(BUILD)/tests/images/compare$(3) $(BUILD)/tests/images/operations$(3):
	@mkdir -p $$(@D)
	$$(CC) $(2) -pthread $$^ -o $$@
-include $(patsubst %.c,$(BUILD)/$(1)/obj/%.d,$(COMPARE_SOURCES) $(OPERATIONS_SOURCES))
endef
$(eval $(call image_programs,asan,$$(ASAN_CFLAGS)))
# Without sanitizers, for large corpora.
$(eval $(call image_programs,host,$$(HOST_CFLAGS),-fast))

TEST_DEPS += $(BUILD)/tests/images/compare $(BUILD)/tests/images/compare-fast $(BUILD)/tests/images/operations
TESTS     += tests/images/run tests/images/operations.py

.PHONY: operations
operations: $(BUILD)/tests/images/operations-fast
	@tests/images/operations.py --all

corpus: operations
