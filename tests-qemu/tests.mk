# SPDX-License-Identifier: MIT
# Boot tests. The modules are built as their authors would, some with flags that matter to them.

QEMU_TEST_CFLAGS  := -O1 -fno-builtin -Wall -Wextra -Iinclude
QEMU_TEST_MODULES := $(patsubst tests-qemu/modules/%.c,$(BUILD)/tests-qemu/%.o,$(wildcard tests-qemu/modules/*.c))

$(BUILD)/tests-qemu/interrupts.o: QEMU_TEST_CFLAGS += -mno-red-zone
$(BUILD)/tests-qemu/faults_phases.o: QEMU_TEST_CFLAGS += -mno-red-zone
$(BUILD)/tests-qemu/rights.o:     QEMU_TEST_CFLAGS += -fpic
$(BUILD)/tests-qemu/machine.o:    QEMU_TEST_CFLAGS += -fstack-protector-all
$(addprefix $(BUILD)/tests-qemu/,crash.o memory_map.o other_cpus.o rights.o services.o strict.o): QEMU_TEST_CFLAGS += -mno-red-zone -isystem $(GNUEFI_INCLUDE) \
                                  -isystem $(GNUEFI_INCLUDE)/x86_64 -DGNU_EFI_USE_MS_ABI

$(BUILD)/tests-qemu/%.o: tests-qemu/modules/%.c tests-qemu/tests.mk
	@mkdir -p $(@D)
	$(CC) $(QEMU_TEST_CFLAGS) $(DEPS) -c $< -o $@

# The same functions, for calls with interrupts enabled, and with lines.
$(BUILD)/tests-qemu/faults_open.o: tests-qemu/modules/faults.c tests-qemu/tests.mk
	@mkdir -p $(@D)
	$(CC) $(QEMU_TEST_CFLAGS) -g -mno-red-zone -DINTERRUPTS $(DEPS) -c $< -o $@

# Files that are not what their names say.
$(BUILD)/tests-qemu/garbage.o: tests-qemu/tests.mk
	@mkdir -p $(@D)
	printf 'this is no object file, but it is long enough to have a header of sixty-four bytes' > $@
$(BUILD)/tests-qemu/bad.a: tests-qemu/tests.mk
	@mkdir -p $(@D)
	printf '!<arch>\nthis is no member' > $@

-include $(QEMU_TEST_MODULES:.o=.d)

# uefi/host.c on the build machine, over a fake firmware, with the sanitizers.
UEFI_HOST_TEST_CFLAGS := $(ASAN_CFLAGS) -isystem $(GNUEFI_INCLUDE) -isystem $(GNUEFI_INCLUDE)/x86_64 \
                         -DGNU_EFI_USE_MS_ABI -DUEFI_CPUS_HOSTED
$(BUILD)/tests-qemu/host: tests-qemu/host/host.c tests-qemu/host/firmware.c uefi/host.c uefi/cpus.c uefi/rights.c uefi/rights.h uefi/cpus.h \
		tests/lib/free_list.c tests/lib/free_list.h tests-qemu/host/firmware.h uefi/host.h $(call archives,asan)
	@mkdir -p $(@D)
	$(CC) $(UEFI_HOST_TEST_CFLAGS) $(filter %.c %.a,$^) -o $@

$(BUILD)/tests-qemu/host_cpus: tests-qemu/host/cpus.c uefi/cpus.c uefi/cpus.h
	@mkdir -p $(@D)
	$(CC) $(UEFI_HOST_TEST_CFLAGS) $(filter %.c,$^) -o $@

$(BUILD)/tests-qemu/host_network: tests-qemu/host/network.c uefi/network.c uefi/network.h tests/lib/test.h $(call archives,asan)
	@mkdir -p $(@D)
	$(CC) $(UEFI_HOST_TEST_CFLAGS) $(filter %.c %.a,$^) -o $@

$(BUILD)/tests-qemu/host_images: tests-qemu/host/images.c uefi/images.c uefi/images.h tests/lib/test.h $(call archives,asan)
	@mkdir -p $(@D)
	$(CC) $(UEFI_HOST_TEST_CFLAGS) $(filter %.c %.a,$^) -o $@

# uefi/boot_kernel.c likewise, over files of kernels.
$(BUILD)/tests-qemu/kernels: tests-qemu/host/kernels.c uefi/boot_kernel.c uefi/boot.h tests/lib/test.h $(BUILD)/kernel.elf $(call archives,asan)
	@mkdir -p $(@D)
	$(OBJCOPY) -S $(BUILD)/kernel.elf $@.elf
	$(CC) $(UEFI_HOST_TEST_CFLAGS) $(filter %.c %.a,$^) -o $@

# A kernel that first tries to adopt damaged descriptions.
$(BUILD)/tests-qemu/kernel-damage.elf: tests-qemu/handover/damage.c tests-qemu/tests.mk $(BUILD)/kernel.elf
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) $(kernel_CFLAGS) -c $< -o $@.o
	$(LD) $(KERNEL_LDFLAGS) --wrap=elfin_space_adopt -T linker-scripts/kernel.ld $@.o \
		$(patsubst %,$(BUILD)/kernel/%.o,$(basename $(KERNEL_SOURCES))) $(call archives) $(BUILD)/libmini.a -o $@

export LIBZ CLANG CLANG19
TEST_DEPS += $(QEMU_TEST_MODULES) $(BUILD)/tests-qemu/kernel-damage.elf $(BUILD)/tests-qemu/kernels $(BUILD)/tests-qemu/faults_open.o $(BUILD)/tests-qemu/host $(BUILD)/tests-qemu/host_cpus $(BUILD)/tests-qemu/host_network $(BUILD)/tests-qemu/host_images $(BUILD)/tests-qemu/garbage.o $(BUILD)/tests-qemu/bad.a
# The longest begin first, so that both processors are done at about the same time.
QEMU_SLOW := $(addprefix tests-qemu/,tool.py lifecycle.py firmware.py kernel.py gdb.py)
TESTS     += $(BUILD)/tests-qemu/host $(BUILD)/tests-qemu/host_cpus $(BUILD)/tests-qemu/host_network $(BUILD)/tests-qemu/host_images \
             $(BUILD)/tests-qemu/kernels \
             $(QEMU_SLOW) $(filter-out tests-qemu/boot.py $(QEMU_SLOW),$(sort $(wildcard tests-qemu/*.py)))

# The long forms of the kernel's tests, with both compilers' kernels.
.PHONY: kernel-long
kernel-long: $(ALL) $(TEST_DEPS) $(BUILD)/kernel-pie-clang.elf
	@tests-qemu/faults.py all
	@ELFIN_TEST_KERNEL=kernel-clang.elf tests-qemu/faults.py
	@tests-qemu/kernel.py all
	@tests-qemu/kernel_matrix.py all
	@ELFIN_TEST_KERNEL=kernel-clang.elf tests-qemu/kernel_matrix.py all
	@tests-qemu/kernel_memory.py long
	@tests-qemu/handover.py all
	@tests-qemu/kernel_steps.py 10000 1
	@for test in replace tls indirect archives cxx rust images; do \
		ELFIN_IN_KERNEL=kernel.elf tests-qemu/$$test.py || exit 1; done
	@ELFIN_TEST_KERNEL=kernel-clang.elf tests-qemu/kernel_steps.py 10000 2
corpus: kernel-long

# Every combination of compiler, DWARF version, compression and code model under a real GDB.
.PHONY: gdb-long
gdb-long: $(ALL) $(TEST_DEPS)
	@tests/gdb/run all
	@tests-qemu/gdb.py all
corpus: gdb-long
