# SPDX-License-Identifier: MIT
# Benchmarks: bench/*.c are programs, bench/lib, bench/floor.c and the other sources named below what
# they share.

BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/,pages fragmentation lookup)
BENCH_SOURCES  := $(wildcard bench/*.c bench/lib/*.c) tests/lib/trace.c tests/lib/trace_heap.c tests/lib/placer.c

$(BUILD)/bench/obj/%.o: %.c Makefile bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $(DEPS) -c $< -o $@

$(BUILD)/bench/pages: $(addprefix $(BUILD)/bench/obj/bench/,pages.o maps.o lib/instructions.o)

$(BUILD)/bench/fragmentation: $(addprefix $(BUILD)/bench/obj/,bench/fragmentation.o tests/lib/trace.o \
	tests/lib/trace_heap.o tests/lib/placer.o)

$(BUILD)/bench/lookup: $(addprefix $(BUILD)/bench/obj/bench/,lookup.o floor.o lib/objects.o lib/arena.o lib/clock.o lib/host.o)

$(BENCH_PROGRAMS): $(call archives,host)
	$(CC) $(HOST_CFLAGS) $(filter %.o,$^) $(filter %.a,$^) -o $@

# Programs that load objects come in four forms: with the library at -O2 and as it is delivered, at
# -Os; and with the memory functions of the C library and with libmini's.
LOAD_NAMES    := load modules check refusals instances rebind cpus replace
LOAD_SHARED   := $(patsubst %.c,$(BUILD)/bench/obj/%.o,bench/floor.c $(wildcard bench/lib/arena.c \
	bench/lib/clock.c bench/lib/copies.c bench/lib/host.c bench/lib/names.c bench/lib/objects.c bench/lib/order.c \
	bench/lib/setup.c bench/lib/streams.c)) $(BUILD)/bench/obj/copy_mini.o
LOAD_PROGRAMS := $(foreach n,$(LOAD_NAMES),$(foreach l,O2 Os,$(foreach m,libc mini,$(BUILD)/bench/$n-$l-$m)))
BENCH_LIBRARY_O2 := $(call archives,host)
BENCH_LIBRARY_Os := $(call archives)
BENCH_MEMORY_libc :=
BENCH_MEMORY_mini := $(LIBMINI_MEM_SOURCES:%.c=$(BUILD)/core/obj/%.o)

# libmini's memcpy, by another name.
$(BUILD)/bench/obj/copy_mini.o: libmini/mem_copy.c Makefile bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -Os -Dmemcpy=bench_copy_mini $(DEPS) -c $< -o $@

# At these calls in the library bench/lib/phases.c looks at the clock.
PHASES_WRAPPED    := inputs_open symbols_enter shards_enter resolve init_order layout group_create fixup protect publish
LOAD_FLAGS_cpus   := -pthread $(PHASES_WRAPPED:%=-Wl,--wrap=elfin_%)
LOAD_OBJECTS_cpus := $(addprefix $(BUILD)/bench/obj/,bench/lib/phases.o tools/elfin/threads.o)

# $(call load_program,NAME,LIBRARY,MEMORY)
define load_program
$(BUILD)/bench/$(1)-$(2)-$(3): $(BUILD)/bench/obj/bench/$(1).o $(LOAD_OBJECTS_$(1)) $(LOAD_SHARED) $(BENCH_MEMORY_$(3)) $(BENCH_LIBRARY_$(2))
	$$(CC) $$(HOST_CFLAGS) $$^ $(LOAD_FLAGS_$(1)) -ldl -o $$@
endef
$(foreach n,$(LOAD_NAMES),$(foreach l,O2 Os,$(foreach m,libc mini,$(eval $(call load_program,$n,$l,$m)))))

# Peers that are no programs of their own; libtcc only where it is installed.
PEER_PROGRAMS := $(BUILD)/bench/peer_dlopen $(if $(wildcard /usr/include/libtcc.h),$(BUILD)/bench/peer_tcc)
$(BUILD)/bench/peer_dlopen $(BUILD)/bench/peer_tcc: $(BUILD)/bench/peer_%: $(BUILD)/bench/obj/bench/peer_%.o $(LOAD_SHARED) \
		$(BENCH_LIBRARY_O2)
	$(CC) $(HOST_CFLAGS) $^ $(PEER_LIBRARIES) -ldl -o $@
$(BUILD)/bench/peer_tcc: PEER_LIBRARIES := -ltcc

-include $(BENCH_SOURCES:%.c=$(BUILD)/bench/obj/%.d) $(BUILD)/bench/obj/copy_mini.d

.PHONY: bench bench-programs
bench-programs: $(BENCH_PROGRAMS) $(LOAD_PROGRAMS) $(PEER_PROGRAMS) $(call archives) $(BUILD)/minimal

# BENCH=short: a minute, once the corpora are there.
bench: bench-programs ## run the benchmarks (BENCH=short: a minute): BUILD/bench/report.md, .json and pictures
	@bench/run.py $(BUILD) $(BENCH)
