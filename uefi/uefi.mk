# SPDX-License-Identifier: MIT
# elfin.efi and the example application, with GNU-EFI's headers and relocator.

GNUEFI_INCLUDE ?= /usr/include/efi
GNUEFI_LIB     ?= /usr/lib

# What any application with uefi/host.c needs, and what elfin.efi has besides.
UEFI_HOST_SOURCES := uefi/host.c uefi/cpus.c uefi/rights.c uefi/firmware.c monitor/call.c \
                     monitor/control.c monitor/call_asm.S uefi/start_asm.S
UEFI_SOURCES := $(UEFI_HOST_SOURCES) uefi/boot_asm.S uefi/contain_asm.S $(PICTURE_SOURCES) \
                $(filter-out $(UEFI_HOST_SOURCES) uefi/example.c,$(wildcard uefi/*.c monitor/*.c))

# Interrupt handlers of the firmware run on our stack (no red zone); they and the timer event do not
# save vector registers for us.
UEFI_CFLAGS := -std=c11 $(WARNINGS) $(INCLUDES) -isystem $(GNUEFI_INCLUDE) \
               -isystem $(GNUEFI_INCLUDE)/x86_64 -DGNU_EFI_USE_MS_ABI -ffreestanding -fpic \
               -fvisibility=hidden -fshort-wchar -mno-red-zone -mgeneral-regs-only \
               -fno-stack-protector -fno-strict-aliasing -fasynchronous-unwind-tables -Os -g
UEFI_LDFLAGS := -nostdlib -shared --eh-frame-hdr -Bsymbolic -znocombreloc -znoexecstack --no-undefined \
                -T linker-scripts/uefi.ld

uefi_objects = $(patsubst %,$(BUILD)/uefi/obj/%.o,$(basename $(1)))

$(BUILD)/uefi/obj/%.o: %.c Makefile uefi/uefi.mk
	@mkdir -p $(@D)
	$(CC) $(UEFI_CFLAGS) $(DEPS) -c $< -o $@

$(BUILD)/uefi/obj/%.o: %.S Makefile uefi/uefi.mk
	@mkdir -p $(@D)
	$(CC) $(UEFI_CFLAGS) -c $< -o $@

$(BUILD)/uefi/elfin.so: $(call uefi_objects,$(UEFI_SOURCES))
$(BUILD)/uefi/example.so: $(call uefi_objects,$(UEFI_HOST_SOURCES) uefi/files.c uefi/example.c)

$(BUILD)/uefi/elfin.so: NAMED = tools/link-named.sh $(BUILD)/elfin ImageBase '$(CC) $(UEFI_CFLAGS)' $@
$(BUILD)/uefi/elfin.so: tools/link-named.sh $(BUILD)/elfin

$(BUILD)/uefi/%.so: $(call archives) $(BUILD)/libmini.a linker-scripts/uefi.ld linker-scripts/exports.ld
	$(NAMED) $(LD) $(UEFI_LDFLAGS) $(filter %.o,$^) \
		$(call archives) $(BUILD)/libmini.a $(GNUEFI_LIB)/libgnuefi.a -o $@

$(BUILD)/%.efi: $(BUILD)/uefi/%.so
	$(OBJCOPY) -j .text -j .reloc -j .data -j .eh_frame_hdr -j .eh_frame -j .dynamic -j .rela -j .dynsym -j .dynstr \
		--rename-section .eh_frame_hdr=.unwind --rename-section .eh_frame=.frames \
		--target=efi-app-x86_64 --subsystem=10 $< $@

# The same with its symbols, for debuggers: an address in it is a distance from the image's base.
$(BUILD)/elfin.efi: $(BUILD)/elfin.efi.debug
$(BUILD)/elfin.efi.debug: $(BUILD)/uefi/elfin.so
	cp $< $@

.PRECIOUS: $(BUILD)/uefi/%.so $(BUILD)/uefi/obj/%.o
-include $(wildcard $(BUILD)/uefi/obj/*/*.d)

ALL += $(BUILD)/elfin.efi $(BUILD)/elfin.efi.debug $(BUILD)/example.efi
