# SPDX-License-Identifier: MIT
"""Tables that are indexed at build time, compiled and asked."""

import random
import subprocess

from support import ROOT, Bench, case, equal, expect

# Asks for every name of the file in argv[1], "name address" a line, then for some that are missing.
ASKER = r"""
#include <elfin/elfin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern const elfin_export_index elfin_exports;
static elfin_status reserve(void *ctx, const elfin_request *r, elfin_region *out)
{
    (void)ctx;
    out->edit = aligned_alloc(64, (r->size + 63) & ~63ull);
    out->size = r->size;
    return ELFIN_OK;
}
static void release(void *ctx, const elfin_region *r) { (void)ctx; free(r->edit); }
int main(int argc, char **argv)
{
    elfin_host host = ELFIN_HOST_INIT;
    elfin_space space;
    elfin_space_stats stats;
    elfin_export row, twice, late = { "late one", 7 };
    char name[256];
    unsigned long long want;
    uint64_t address, asked = 0;
    elfin_export_index other = elfin_exports;
    FILE *list = fopen(argv[1], "r");
    (void)argc;
    host.reserve = reserve, host.release = release, host.flags = ELFIN_HOST_NO_RIGHTS;
    if (elfin_space_init(&space, &host)) return 1;
    other.version++;
    if (elfin_space_export_indexed(&space, &other) != ELFIN_ERR_ARGUMENT) return 2;
    other.version--, other.entry_count--;
    if (elfin_space_export_indexed(&space, &other) != ELFIN_ERR_ARGUMENT) return 3;
    if (elfin_space_export_indexed(&space, NULL) != ELFIN_ERR_ARGUMENT) return 4;
    if (elfin_space_export_indexed(&space, &elfin_exports)) return 5;
    if (elfin_space_export_indexed(&space, &elfin_exports) != ELFIN_ERR_ARGUMENT) return 6;
    elfin_space_get_stats(&space, &stats);
    if (stats.exports != elfin_exports.count || stats.record_bytes) return 7;
    while (fscanf(list, "%255s %llx", name, &want) == 2) {
        if (elfin_lookup(&space, name, &address, NULL) || address != want) return 8;
        strcat(name, "?");
        if (elfin_lookup(&space, name, &address, NULL) != ELFIN_ERR_NOT_FOUND) return 9;
        if (!elfin_host_export(&space, asked, &row)) return 10;
        asked++;
    }
    if (asked != elfin_exports.count || elfin_host_export(&space, asked, &row)) return 11;
    twice = elfin_exports.rows[0];
    if (elfin_space_export(&space, &twice, 1) != ELFIN_ERR_DUPLICATE) return 12;
    if (elfin_space_export(&space, &late, 1)) return 13;
    if (elfin_lookup(&space, "late one", &address, NULL) || address != 7) return 14;
    if (elfin_space_destroy(&space)) return 15;
    /* Too late. */
    if (elfin_space_init(&space, &host) || elfin_space_export(&space, &late, 1)) return 16;
    if (elfin_space_export_indexed(&space, &elfin_exports) != ELFIN_ERR_ARGUMENT) return 17;
    elfin_space_destroy(&space);
    printf("%llu names\n", (unsigned long long)asked);
    return 0;
}
"""


def build(bench: Bench, *more: str) -> None:
    bench.write("asker.c", ASKER)
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "asker.c", "index.c",
                    *more, ROOT / "build/libelfin-inspect.a", ROOT / "build/libelfin-features.a", ROOT / "build/libelfin.a", "-o", "asker"],
                   cwd=bench.folder, check=True)


def ask(bench: Bench, names: dict[str, int]) -> None:
    bench.write("list", "".join(f"{name} {address:x}\n" for name, address in names.items()))
    result = subprocess.run(["./asker", "list"], cwd=bench.folder, stdout=subprocess.PIPE, text=True,
                            check=False)
    equal((result.returncode, result.stdout), (0, f"{len(names)} names\n"), "the asker")


@case
def addresses_of_a_table(bench: Bench) -> None:
    some = random.Random(1)
    for count in (1, 2, 3, 50, 3000):
        names = {f"{some.choice(['a', 'bc', 'def_'])}{'x' * some.randrange(90)}{i}":
                 some.randrange(1 << 64) for i in range(count)}
        bench.write("table", "".join(f"{name} 0x{address:x}\n" for name, address in names.items()))
        bench.write("index.c", bench.elfin("index", "--addresses", "table").out)
        build(bench)
        ask(bench, names)


@case
def odd_names(bench: Bench) -> None:
    names = {'quote"s': 1, "back\\slash": 2, "what??/": 3, "caf\u00e9": 4, "a" * 63: 5, "a" * 64: 6,
             "a" * 127: 7, "a" * 128: 8}
    bench.write("table", "".join(f"{name} 0x{address:x}\n" for name, address in names.items()))
    bench.write("index.c", bench.elfin("index", "--addresses", "table").out)
    build(bench)
    ask(bench, names)


@case
def symbols_are_filled_in_by_the_linker(bench: Bench) -> None:
    bench.write("kernel.s", ".globl one, two, memcpy\n.set one, 0x1000\n.set two, 0x2000\n"
                            ".set memcpy, 0x3000\n")
    bench.write("table", "two 0x0\none 0x0\nmemcpy 0x0\n")
    bench.write("index.c", bench.elfin("index", "table").out)
    bench.write("asker.c", ASKER)
    build(bench, "-no-pie", "kernel.s")
    ask(bench, {"one": 0x1000, "two": 0x2000, "memcpy": 0x3000})


@case
def one_source_for_one_table(bench: Bench) -> None:
    bench.write("table", "b 0x2\na 0x1\n")
    bench.write("again", "a 0x1\nb 0x2\n")
    text = bench.elfin("index", "--addresses", "--name", "mine", "table").out
    equal(bench.elfin("index", "--addresses", "--name", "mine", "again").out, text, "other order")
    expect("const elfin_export_index mine = {" in text, text)


@case
def what_is_no_table(bench: Bench) -> None:
    bench.write("empty", "# nothing\n")
    expect("no exports" in bench.elfin("index", "empty", status=1).err, "empty")
    bench.elfin("index", status=2)
    bench.elfin("index", "missing", status=1)
