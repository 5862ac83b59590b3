# SPDX-License-Identifier: MIT
# The host tool elfin: hosted C on top of the library that is compiled for the host.

ELFIN_SOURCES := $(addprefix tools/elfin/, check.c command.c draw.c draw_collect.c \
                 draw_json.c draw_svg.c draw_svg_blocks.c \
                 exports.c files.c findings.c host.c image.c index.c inputs.c inspect.c inspect_json.c inspect_text.c json.c link.c linking.c \
                 main.c map.c members.c memory.c names.c prepare.c report.c svg.c text.c threads.c) $(PICTURE_SOURCES)

# Their objects are made by the rules of the library's variants, which fit any source.
$(BUILD)/elfin: $(ELFIN_SOURCES:%.c=$(BUILD)/host/obj/%.o) $(call archives,host)
	$(CC) $(HOST_CFLAGS) -pthread -o $@ $^
$(BUILD)/asan/elfin: $(ELFIN_SOURCES:%.c=$(BUILD)/asan/obj/%.o) $(call archives,asan)
	$(CC) $(ASAN_CFLAGS) -pthread -o $@ $^
-include $(ELFIN_SOURCES:%.c=$(BUILD)/host/obj/%.d) $(ELFIN_SOURCES:%.c=$(BUILD)/asan/obj/%.d)

ALL       += $(BUILD)/elfin
TEST_DEPS += $(BUILD)/asan/elfin
TESTS     += tests/tool/run
