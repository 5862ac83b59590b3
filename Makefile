# SPDX-License-Identifier: MIT
# elfin: make run, make test; make help lists the rest. Everything that is built lies below $(BUILD).

BUILD    ?= build
CC       ?= gcc
CLANG    ?= clang-14
CLANG19  ?= clang-19
LD       ?= ld
AR       ?= ar
OBJCOPY  ?= objcopy
PYTHON   ?= /usr/bin/python3
QEMU     ?= qemu-system-x86_64
ifeq ($(origin CC),default)
CC       := gcc
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
# Commands are shown with V=1.
ifndef V
.SILENT:
endif

include libmini/sources.mk loader/sources.mk arch-x86_64/sources.mk picture/sources.mk

# The archives, each after those it may need. lib$(archive).a has $($(archive)_SOURCES).
ARCHIVES := elfin elfin-cpu elfin-alloc elfin-report elfin-features elfin-programs elfin-images elfin-rebind elfin-handover elfin-inspect elfin-debug
elfin_SOURCES          := $(LOADER_SOURCES) $(ARCH_SOURCES) $(LIBMINI_SOURCES)
elfin-cpu_SOURCES      := $(ARCH_CPU_SOURCES)
elfin-alloc_SOURCES    := $(LIBMINI_ALLOC_SOURCES)
elfin-report_SOURCES   := $(REPORT_SOURCES) $(ARCH_REPORT_SOURCES) $(LIBMINI_FMT_SOURCES)
elfin-features_SOURCES := $(FEATURE_SOURCES) $(ARCH_FEATURE_SOURCES) $(LIBMINI_SORT_SOURCES)
elfin-programs_SOURCES := $(PROGRAM_SOURCES) $(ARCH_PROGRAM_SOURCES)
elfin-images_SOURCES   := $(IMAGE_SOURCES) $(ARCH_IMAGE_SOURCES)
elfin-rebind_SOURCES   := $(REBIND_SOURCES) $(ARCH_REBIND_SOURCES)
elfin-handover_SOURCES := $(HANDOVER_SOURCES)
elfin-inspect_SOURCES  := $(INSPECT_SOURCES)
elfin-debug_SOURCES    := $(DEBUG_SOURCES) $(ARCH_DEBUG_SOURCES)
LIBELFIN_SOURCES       := $(foreach a,$(ARCHIVES),$($(a)_SOURCES))

# $(call reverse,LIST); $(call archives,VARIANT): all of them, in a linker's order.
reverse  = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
archives = $(patsubst %,$(BUILD)/$(if $(1),$(1)/)lib%.a,$(call reverse,$(ARCHIVES)))

WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wvla -Wundef -Wcast-align \
            -Wmissing-prototypes -Wstrict-prototypes -Werror
INCLUDES := -Iinclude -I.
DEPS      = -MMD -MP

# What the library needs to be right anywhere: no libc, no red zone, no vector registers, position-
# independent, and its symbols hidden so that a host that is a shared object calls them directly.
CORE_CFLAGS := -std=c11 $(WARNINGS) $(INCLUDES) -ffreestanding -fno-stack-protector -fpie \
               -fvisibility=hidden -mno-red-zone -mgeneral-regs-only -fno-strict-aliasing -g \
               -ffunction-sections -fdata-sections
HOST_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(INCLUDES) -O2 -g
ASAN_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(INCLUDES) -O1 -g1 -fno-omit-frame-pointer \
               -fsanitize=address,undefined -fno-sanitize-recover=all

# $(call library,VARIANT,COMPILER,FLAGS): $(BUILD)/VARIANT/lib*.a out of objects in its own folder.
define library
$(BUILD)/$(1)/obj/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$(2) $(3) $$(DEPS) -c $$< -o $$@
$(foreach a,$(ARCHIVES),$(BUILD)/$(1)/lib$(a).a: $($(a)_SOURCES:%.c=$(BUILD)/$(1)/obj/%.o)
)
$(call archives,$(1)):
	@rm -f $$@
	$$(AR) rcsD $$@ $$^
-include $$(LIBELFIN_SOURCES:%.c=$(BUILD)/$(1)/obj/%.d) $$(LIBMINI_MEM_SOURCES:%.c=$(BUILD)/$(1)/obj/%.d)
endef

# What gcc does for speed all the same costs a fiftieth of the size; clang does not know these.
SMALL_CFLAGS := $(if $(findstring clang,$(CC)),,-fno-move-loop-invariants -fno-thread-jumps -fno-caller-saves \
                -fno-inline-small-functions -fno-jump-tables -fno-tree-coalesce-vars -fno-shrink-wrap -fno-tree-fre \
                -fno-schedule-insns2)
# Stack depths come from gcc's call graph; clang cannot write one.
STACK_CFLAGS := $(if $(findstring clang,$(CC)),,-fstack-usage -fcallgraph-info=su)

$(eval $(call library,core,$$(CC),$$(CORE_CFLAGS) -Os $$(SMALL_CFLAGS) $$(STACK_CFLAGS)))
$(eval $(call library,core-clang,$$(CLANG),$$(CORE_CFLAGS) -Os))
$(eval $(call library,core-clang19,$$(CLANG19),$$(CORE_CFLAGS) -Os))
$(eval $(call library,host,$$(CC),$$(HOST_CFLAGS)))
$(eval $(call library,asan,$$(CC),$$(ASAN_CFLAGS)))

$(call archives): $(BUILD)/%.a: $(BUILD)/core/%.a
	cp $< $@

$(BUILD)/libmini.a: $(LIBMINI_MEM_SOURCES:%.c=$(BUILD)/core/obj/%.o)
	@rm -f $@
	$(AR) rcsD $@ $^

# Fragments add to these: what `make` builds, what `make test` needs built, and the programs it runs.
ALL       := $(call archives) $(BUILD)/libmini.a
TEST_DEPS := $(call archives,core-clang) $(call archives,core-clang19)
TESTS     :=

include examples/examples.mk $(wildcard tools/*.mk) uefi/uefi.mk kernel/kernel.mk tests/tests.mk $(wildcard tests/*/*.mk) tests-qemu/tests.mk bench/bench.mk

.PHONY: all run test check build-tests setup size clean lint help

all: $(ALL) ## build the libraries, elfin, elfin-qemu and elfin.efi

run: setup ## boot elfin.efi in QEMU and load the examples; ends at its prompt on a terminal
	@$(MAKE) --no-print-directory demo

test: setup ## run every test; the last line is "N passed, N failed"
	@$(MAKE) --no-print-directory -j2 check

setup: ## install the Debian packages that are missing
	@tools/setup.sh

build-tests: $(ALL) $(TEST_DEPS) ## build all that the tests need

check: build-tests
	@tests/run $(TESTS)

size: $(call archives) $(BUILD)/minimal ## code size of the archives and of a minimal host, worst stack depth
	@$(PYTHON) tests/freestanding/size.py $(BUILD)
	@$(PYTHON) tests/freestanding/stack.py $(BUILD)

clean: ## remove everything that was built
	rm -rf $(BUILD)

lint: ## clang-format and clang-tidy over the C sources
	command -v clang-format-14 clang-tidy-14 >/dev/null || \
		{ echo "lint: apt-get install -y clang-format-14 clang-tidy-14" >&2; exit 1; }
	clang-format-14 --dry-run -Werror $(shell git ls-files '*.c' '*.h' ':!tests/diff/src')
	clang-tidy-14 --quiet $(LIBELFIN_SOURCES) $(LIBMINI_MEM_SOURCES) $(PICTURE_SOURCES) -- -std=c11 $(INCLUDES) -ffreestanding

help: ## this text
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
