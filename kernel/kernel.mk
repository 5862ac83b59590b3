# SPDX-License-Identifier: MIT
# The kernel: an executable at the top 2 GiB, started by `boot` of elfin.efi; and the same, position-independent.

KERNEL_SOURCES := $(wildcard kernel/*.c kernel/*.S monitor/*.c monitor/*.S) $(PICTURE_SOURCES)
KERNEL_CFLAGS  := -std=c11 $(WARNINGS) $(INCLUDES) -ffreestanding -mno-red-zone \
                  -mgeneral-regs-only -fno-stack-protector -fno-strict-aliasing -fasynchronous-unwind-tables -Os -g
KERNEL_LDFLAGS := -nostdlib -static -z noexecstack -z max-page-size=4096 --no-undefined --eh-frame-hdr

# $(call kernel,VARIANT,COMPILER,LINKER,SCRIPT): $(BUILD)/VARIANT.elf
define kernel
$(BUILD)/$(1)/%.o: %.c Makefile kernel/kernel.mk
	@mkdir -p $$(@D)
	$(2) $(KERNEL_CFLAGS) $($(4)_CFLAGS) $$(DEPS) -c $$< -o $$@
$(BUILD)/$(1)/%.o: %.S Makefile kernel/kernel.mk
	@mkdir -p $$(@D)
	$(2) $(KERNEL_CFLAGS) $$(DEPS) -c $$< -o $$@
$(BUILD)/$(1).elf: $(patsubst %,$(BUILD)/$(1)/%.o,$(basename $(KERNEL_SOURCES))) $(call archives) $(BUILD)/libmini.a \
		linker-scripts/$(4).ld linker-scripts/exports.ld linker-scripts/frames.ld tools/link-named.sh $(BUILD)/elfin
	tools/link-named.sh $(BUILD)/elfin kernel_text '$(2) $(KERNEL_CFLAGS) $($(4)_CFLAGS)' $$@ \
		$(3) $(KERNEL_LDFLAGS) $($(4)_LDFLAGS) -T linker-scripts/$(4).ld $$(filter %.o,$$^) $(call archives) $(BUILD)/libmini.a -o $$@
-include $$(wildcard $(BUILD)/$(1)/*/*.d)
endef

kernel_CFLAGS      := -fno-pic -mcmodel=kernel
kernel-pie_CFLAGS  := -fpie
kernel-pie_LDFLAGS := -pie --no-dynamic-linker -z text -z relro

$(eval $(call kernel,kernel,$$(CC),$$(LD),kernel))
$(eval $(call kernel,kernel-clang,$$(CLANG19),ld.lld-19,kernel))
$(eval $(call kernel,kernel-pie,$$(CC),$$(LD),kernel-pie))
$(eval $(call kernel,kernel-pie-clang,$$(CLANG19),ld.lld-19,kernel-pie))

ALL       += $(BUILD)/kernel.elf
TEST_DEPS += $(BUILD)/kernel-clang.elf $(BUILD)/kernel-pie.elf
