# SPDX-License-Identifier: MIT
# Benchmarks: bench/*.c are programs, bench/lib and the other sources named below what they share.

BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/,pages fragmentation)
BENCH_SOURCES  := $(wildcard bench/*.c bench/lib/*.c) tests/lib/trace.c tests/lib/trace_heap.c tests/lib/placer.c

$(BUILD)/bench/obj/%.o: %.c Makefile bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $(DEPS) -c $< -o $@

$(BUILD)/bench/pages: $(addprefix $(BUILD)/bench/obj/bench/,pages.o maps.o lib/instructions.o)

$(BUILD)/bench/fragmentation: $(addprefix $(BUILD)/bench/obj/,bench/fragmentation.o tests/lib/trace.o \
	tests/lib/trace_heap.o tests/lib/placer.o)

# cpus: a folder of modules is its argument, so it is no part of make bench.
$(BUILD)/bench/cpus: $(addprefix $(BUILD)/bench/obj/,bench/cpus.o tools/elfin/threads.o)

$(BENCH_PROGRAMS) $(BUILD)/bench/cpus: $(BUILD)/host/libelfin.a
	$(CC) $(HOST_CFLAGS) -pthread $(filter %.o,$^) $(filter %.a,$^) -o $@

-include $(BENCH_SOURCES:%.c=$(BUILD)/bench/obj/%.d)

.PHONY: bench
bench: $(BENCH_PROGRAMS) ## run the benchmarks: ratios in one run, and counts that any machine repeats
	@set -e; for program in $^; do $$program; echo; done
