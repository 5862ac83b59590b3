# SPDX-License-Identifier: MIT
# Test programs on the host. Every tests/unit, tests/evil and tests/fault/*.c is one program, linked
# with tests/lib and the sanitized library; tests/objects/*.c are modules that they load.

export ELFIN_BUILD := $(BUILD)

TEST_LIB      := $(BUILD)/tests/libtests.a
TEST_SOURCES  := $(wildcard tests/unit/*.c tests/evil/*.c tests/fault/*.c)
TEST_PROGRAMS := $(TEST_SOURCES:tests/%.c=$(BUILD)/tests/%)
TEST_OBJECTS  := $(addprefix $(BUILD)/,$(addsuffix .o,$(basename $(wildcard tests/objects/*.[cS]))))
TEST_OBJECTS  += $(BUILD)/tests/objects/patched_one.o $(BUILD)/tests/objects/patched_two.o

$(BUILD)/tests/obj/%.o: tests/%.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(CC) $(ASAN_CFLAGS) $(DEPS) -c $< -o $@

$(TEST_LIB): $(patsubst tests/%.c,$(BUILD)/tests/obj/%.o,$(wildcard tests/lib/*.c))
	@rm -f $@
	$(AR) rcsD $@ $^

# The lookups of libc and libm are real when a module is linked against them (tests/unit/real.c).
$(TEST_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/tests/obj/%.o $(TEST_LIB) $(call archives,asan)
	@mkdir -p $(@D)
	$(CC) $(ASAN_CFLAGS) $(filter %.o,$^) $(filter %.a,$^) -Wl,--no-as-needed -lm -ldl -o $@

# A program that loads modules, for a real GDB.
$(BUILD)/tests/gdb/debuggee: tests/gdb/debuggee.c tests/gdb/steps.c tests/gdb/steps.h $(call archives,host)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -O1 $(filter %.c,$^) $(call archives,host) -rdynamic -Wl,--no-as-needed -lm -ldl -o $@
TEST_DEPS += $(BUILD)/tests/gdb/debuggee
TESTS     += tests/gdb/run tests/gdb/backtraces

# What is tested beside the library.
$(BUILD)/tests/unit/picture: $(PICTURE_SOURCES:%.c=$(BUILD)/asan/obj/%.o)
$(BUILD)/tests/unit/cpus: $(BUILD)/asan/obj/tools/elfin/threads.o
$(BUILD)/tests/unit/utf8: $(BUILD)/asan/obj/monitor/utf8.o

# Modules as their authors would build them, with position-independent code.
$(BUILD)/tests/objects/%.o: tests/objects/%.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 -g -fPIC -Wall -Wextra -Iinclude $(DEPS) -c $< -o $@
$(BUILD)/tests/objects/%.o: tests/objects/%.S Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(CC) $(DEPS) -c $< -o $@

# Forms that only gcc makes, whatever $(CC) is.
$(BUILD)/tests/objects/lto.o: tests/objects/lto.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	gcc -O2 -flto -fno-fat-lto-objects $(DEPS) -c $< -o $@
$(BUILD)/tests/objects/patched_%.o: tests/objects/patched.cc Makefile tests/tests.mk
	@mkdir -p $(@D)
	g++ -O2 -fPIC -fpatchable-function-entry=2 -DNAME=$* $(DEPS) -c $< -o $@

# C++ by several compilers, as parts 1 and 2 of tests/objects/classes.cc.
CLASSES_gcc      = g++ -O2 -fPIC
CLASSES_gcclarge = g++ -O1 -fno-pic -mcmodel=large -ffunction-sections
CLASSES_gccpie   = g++ -O2 -fPIE
CLASSES_clang14  = clang++-14 -O2 -fPIC
CLASSES_clang19  = clang++-19 -O0 -fPIC
CLASSES_OBJECTS := $(foreach v,gcc gcclarge gccpie clang14 clang19,$(foreach p,1 2,$(BUILD)/tests/objects/classes_$(v)_$(p).o))
TEST_OBJECTS    += $(CLASSES_OBJECTS)
$(CLASSES_OBJECTS): $(BUILD)/tests/objects/classes_%.o: tests/objects/classes.cc Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(CLASSES_$(word 1,$(subst _, ,$*))) -std=c++17 -Wall -Wextra -DPART=$(word 2,$(subst _, ,$*)) $(DEPS) -c $< -o $@

# Stacks of many shapes, for walks, by several compilers.
FRAMES_gcc        = gcc -O2 -fPIC -fomit-frame-pointer
FRAMES_gccsize    = gcc -Os -fno-pic -mcmodel=kernel -fno-asynchronous-unwind-tables -funwind-tables
FRAMES_gcclarge   = gcc -O2 -mcmodel=large -ffunction-sections
FRAMES_gccpush    = gcc -O2 -fPIC -mno-red-zone -mno-accumulate-outgoing-args -fcf-protection
FRAMES_clang14    = clang-14 -O2 -fPIC
FRAMES_clang19    = clang-19 -O0 -fPIE
FRAMES_clang19large = clang-19 -O2 -mcmodel=large
FRAMES_pointers   = gcc -O1 -fPIC -fno-omit-frame-pointer -fno-asynchronous-unwind-tables
FRAMES_OBJECTS := $(foreach v,gcc gccsize gcclarge gccpush clang14 clang19 clang19large pointers,$(BUILD)/tests/objects/frames_$(v).o)
TEST_OBJECTS   += $(FRAMES_OBJECTS)
$(FRAMES_OBJECTS): $(BUILD)/tests/objects/frames_%.o: tests/objects/frames.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(FRAMES_$*) -g -std=gnu11 $(DEPS) -c $< -o $@

corpus: backtraces
.PHONY: backtraces
backtraces: $(BUILD)/tests/gdb/debuggee $(FRAMES_OBJECTS)
	@tests/gdb/backtraces --all

# Loads on several CPUs, watched for accesses that nothing orders. They do not trace: fences, which
# the ring of loader/trace.c has, are unknown to the sanitizer.
TSAN_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(INCLUDES) -O1 -g -fsanitize=thread $(if $(findstring clang,$(CC)),,-Wno-tsan)
$(eval $(call library,tsan,$$(CC),$$(TSAN_CFLAGS)))

$(BUILD)/tsan/cpus: $(addprefix $(BUILD)/tsan/obj/tests/,unit/cpus.o lib/toy.o lib/toy_tls.o lib/elf_builder.o) \
		$(BUILD)/tsan/obj/tools/elfin/threads.o $(call archives,tsan)
	$(CC) $(TSAN_CFLAGS) $^ -o $@
TSAN_PROGRAMS := $(BUILD)/tsan/cpus
-include $(addprefix $(BUILD)/tsan/obj/,tests/unit/cpus.d tests/lib/toy.d tests/lib/toy_tls.d tests/lib/elf_builder.d tools/elfin/threads.d)

# A fuzzer needs clang's library; the loader is compiled again with its instrumentation. Undefined
# behaviour traps, and the fuzzer says where: messages for each check double the compiler's time.
FUZZ_CFLAGS   := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(INCLUDES) -O1 -gline-tables-only \
                 -fsanitize=address,undefined,fuzzer-no-link -fsanitize-trap=undefined
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
$(eval $(call library,fuzz,$$(CLANG),$$(FUZZ_CFLAGS)))

$(BUILD)/fuzz/tests/%.o: tests/%.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_CFLAGS) $(DEPS) -c $< -o $@

$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o \
		$(patsubst tests/%.c,$(BUILD)/fuzz/tests/%.o,$(wildcard tests/lib/*.c)) $(call archives,fuzz)
	$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -o $@

# What a linker keeps of the library for the smallest host; the map tells it by member and section.
$(BUILD)/minimal: tests/freestanding/minimal.c $(call archives) $(BUILD)/libmini.a tests/tests.mk
	$(CC) $(CORE_CFLAGS) -Os -c $< -o $@.o
	$(LD) --gc-sections -e minimal_main -Map $@.map $@.o --start-group $(call archives) --end-group $(BUILD)/libmini.a -o $@

.PHONY: fuzz
fuzz: $(FUZZ_PROGRAMS) ## build the libFuzzer programs into $(BUILD)/fuzz

-include $(TEST_SOURCES:tests/%.c=$(BUILD)/tests/obj/%.d)
-include $(patsubst tests/%.c,$(BUILD)/tests/obj/%.d,$(wildcard tests/lib/*.c))
-include $(TEST_OBJECTS:.o=.d)
-include $(patsubst tests/%.c,$(BUILD)/fuzz/tests/%.d,$(wildcard tests/fuzz/*.c tests/lib/*.c))

TEST_DEPS += $(BUILD)/minimal $(TEST_PROGRAMS) $(TSAN_PROGRAMS) $(TEST_OBJECTS) $(FUZZ_PROGRAMS)
TESTS     += $(TEST_PROGRAMS) $(TSAN_PROGRAMS) $(sort $(wildcard tests/freestanding/run tests/fuzz/run))
