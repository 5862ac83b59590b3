# SPDX-License-Identifier: MIT
"""elfin names: a program that names its own functions, and files that it refuses."""

import struct
import subprocess

from support import ROOT, Bench, case, equal, expect

PROGRAM = r"""
#include <elfin/debug.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((weak)) const elfin_symbol_table program_names = { .version = ELFIN_SYMBOL_TABLE_VERSION };
static __attribute__((noinline)) int hidden_one(int x) { __asm__ volatile(""); return x + 1; }
int open_one(int x) { return hidden_one(x) * 2; }
static elfin_status reserve(void *ctx, const elfin_request *r, elfin_region *out)
{
    (void)ctx, (void)r, (void)out;
    return ELFIN_ERR_MEMORY;
}
static void release(void *ctx, const elfin_region *r) { (void)ctx, (void)r; }
extern const char __executable_start[], etext[], code_begins[] __asm__("_init");
static void show(elfin_space *space, uint64_t address)
{
    elfin_location location;
    char text[200];
    elfin_status status = elfin_symbolize(space, address, &location);
    elfin_location_format(&location, text, sizeof(text));
    puts(status == ELFIN_OK ? text : "nothing");
}
int main(void)
{
    elfin_code_image image = { .name = "me", .base = (uint64_t)__executable_start, .size = etext - __executable_start,
                               .text = (uint64_t)code_begins, .symbols = &program_names };
    elfin_host host = ELFIN_HOST_INIT;
    elfin_space space;
    host.reserve = reserve, host.release = release, host.flags = ELFIN_HOST_NO_RIGHTS, host.code_images = &image;
    if (elfin_space_init(&space, &host)) return 1;
    show(&space, (uint64_t)hidden_one);
    show(&space, (uint64_t)open_one + 1);
    show(&space, image.base - 1);
    show(&space, image.base + image.size);
    return open_one(3) != 8;
}
"""


@case
def a_program_names_its_functions(bench: Bench) -> None:
    bench.write("main.c", PROGRAM)
    archives = [ROOT / f"build/libelfin{a}.a" for a in ("-debug", "-inspect", "-features", "-report", "-alloc", "")]
    subprocess.run([ROOT / "tools/link-named.sh", bench.program, "_init", f"gcc -I{ROOT}/include", "main",
                    "gcc", "-O1", f"-I{ROOT}/include", "main.c", *archives, "-o", "main"], cwd=bench.folder, check=True)
    done = subprocess.run(["./main"], cwd=bench.folder, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    equal((done.returncode, [line.split(" (")[0] for line in lines]), (0, ["hidden_one", "open_one", "nothing", "nothing"]), "names")
    expect(lines[0].startswith("hidden_one (me+0x"), lines[0])


@case
def a_program_that_moves_is_refused(bench: Bench) -> None:
    """Its table is before what it counts from the start of."""
    bench.write("main.c", PROGRAM.replace('__asm__("_init")', '__asm__("__executable_start")').replace(
        "extern const char __executable_start[], etext[]", "extern const char etext[]").replace("__executable_start, .size", "code_begins, .size")
        .replace("etext - __executable_start", "etext - code_begins"))
    bench.write("rodata.ld", "SECTIONS { .names_first : { *(.rodata*) } } INSERT BEFORE .init;")
    archives = [ROOT / f"build/libelfin{a}.a" for a in ("-debug", "-inspect", "-features", "-report", "-alloc", "")]
    done = subprocess.run([ROOT / "tools/link-named.sh", bench.program, "__executable_start", f"gcc -I{ROOT}/include", "main",
                           "gcc", "-O1", "-static", f"-I{ROOT}/include", "main.c", *archives, "-Wl,-T,rodata.ld", "-o", "main"],
                          cwd=bench.folder, check=False, stderr=subprocess.PIPE, text=True)
    expect(done.returncode != 0 and "have moved" in done.stderr and not (bench.folder / "main").exists(), done.stderr)


@case
def files_without_functions(bench: Bench) -> None:
    bench.write("main.c", "int main(void) { return 0; }")
    subprocess.run(["gcc", "main.c", "-o", "main"], cwd=bench.folder, check=True)
    whole = (bench.folder / "main").read_bytes()
    subprocess.run(["strip", "main", "-o", "stripped"], cwd=bench.folder, check=True)
    bench.write("text", "hello")
    (table,) = struct.unpack_from("<Q", whole, 40)
    for name, content in (("text", b"hello"), ("empty", b""), ("cut", whole[:table + 70]), ("header", whole[:64]),
                          ("object", whole[:16] + b"\1\0" + whole[18:])):
        bench.write(name, content)
        expect("not a linked" in bench.elfin("names", "--from", "main", name, status=1).err, name)
    expect("not a linked" in bench.elfin("names", "--from", "main", "stripped", status=1).err, "stripped")
    expect("no symbol nowhere" in bench.elfin("names", "--from", "nowhere", "main", status=1).err, "a symbol that is not there")
    expect("--from" in bench.elfin("names", "main", status=2).err, "no --from")
    expect("no file" in bench.elfin("names", "--from", "main", status=2).err, "no file")
    expect("one file" in bench.elfin("names", "--from", "main", "main", "main", status=2).err, "two files")


@case
def damaged_symbol_tables(bench: Bench) -> None:
    """Nothing is read outside of the file, whatever its tables say."""
    bench.write("main.c", "int main(void) { return 0; }")
    subprocess.run(["gcc", "main.c", "-o", "main"], cwd=bench.folder, check=True)
    whole = bytearray((bench.folder / "main").read_bytes())
    (table,) = struct.unpack_from("<Q", whole, 40)
    (count,) = struct.unpack_from("<H", whole, 60)
    for index in range(count):
        if struct.unpack_from("<I", whole, table + 64 * index + 4)[0] not in (2, 3):
            continue
        for field, form in ((24, "<Q"), (32, "<Q"), (40, "<I")):
            for value in (0, 1, 8, len(whole) - 1, len(whole) + 8, 0xfffffff0):
                bad = whole[:]
                struct.pack_into(form, bad, table + 64 * index + field, value)
                bench.write("bad", bytes(bad))
                bench.elfin("names", "--from", "main", "bad", status=None)
