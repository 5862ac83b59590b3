# SPDX-License-Identifier: MIT
"""Words that elfin understands, and those that it does not."""

from support import PLAIN, Bench, case, equal, expect, header_string

COMMANDS = ("link", "inspect", "check", "index")


@case
def nothing_given(bench: Bench) -> None:
    result = bench.elfin(status=2)
    equal(result.out, "", "standard output")
    for command in COMMANDS:
        expect(f"  {command} " in result.err, f"{command} is not listed")


@case
def version(bench: Bench) -> None:
    want = header_string("ELFIN_VERSION_STRING")
    equal(bench.elfin("--version").out, f"elfin {want}\n", "output")


@case
def help_in_every_form(bench: Bench) -> None:
    overview = bench.elfin("help").out
    equal(bench.elfin("--help").out, overview, "--help")
    equal(bench.elfin("-h").out, overview, "-h")
    for command in COMMANDS:
        text = bench.elfin("help", command).out
        expect(text.startswith(f"Usage: elfin {command} "), text)
        expect("Exit status:" in text, "no exit status")
        equal(bench.elfin(command, "--help").out, text, f"{command} --help")
        equal(bench.elfin(command, "-h").out, text, f"{command} -h")


@case
def help_names_every_option(bench: Bench) -> None:
    wanted = {"link": ["--at", "--exports", "--image", "--map"], "inspect": ["--json"],
              "check": ["--exports"], "index": ["--addresses", "--name"]}
    for command, options in wanted.items():
        text = bench.elfin("help", command).out
        for option in options:
            expect(f"  {option} " in text, f"{command}: {option} is not explained")


@case
def help_lines_fit_a_terminal(bench: Bench) -> None:
    for words in ([], *[[command] for command in COMMANDS]):
        for line in bench.elfin("help", *words).out.splitlines():
            expect(len(line) <= 90, line)


def refuse(bench: Bench, *words: object, say: str) -> None:
    result = bench.elfin(*words, status=2)
    equal(result.out, "", "standard output")
    expect(say in result.err, f"{say!r} is not in {result.err!r}")
    expect("Try 'elfin help" in result.err, f"no hint in {result.err!r}")


@case
def unknown_words(bench: Bench) -> None:
    refuse(bench, "lnk", say="'lnk'")
    refuse(bench, "help", "lnk", say="'lnk'")
    refuse(bench, "--bogus", say="'--bogus'")
    for command in COMMANDS:
        refuse(bench, command, "--bogus", say="'--bogus'")
        refuse(bench, command, "-x", say="'-x'")
        refuse(bench, command, "-xh", say="'-x'")
    refuse(bench, "inspect", "--json=yes", "a.o", say="'--json=yes'")


@case
def missing_words(bench: Bench) -> None:
    for command in COMMANDS:
        refuse(bench, command, say="no file")
    for option in ("--at", "--exports", "--image", "--map"):
        refuse(bench, "link", option, say=f"'{option}' needs a value")
    refuse(bench, "link", "a.o", "--at", "0x1000", say="--at")


@case
def addresses(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    for text in ("", "x", "0x", "0xg", "12ab", "-4096", "+4096", " 4096", "4096 ", "0x1000,", "1e4",
                 "0x10000000000000000", "18446744073709551616"):
        refuse(bench, "link", "--at", text, "a.o", say="is no address")
    for text in ("0x1001", "1", "0xfffffffffffffff8"):
        refuse(bench, "link", "--at", text, "a.o", say="4096")


@case
def options_may_follow_files(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    bench.elfin("link", "--at=0x100000", "a.o", "--map=one")
    bench.elfin("link", "--map", "two", "--at", "1048576", "a.o")
    equal((bench.folder / "two").read_bytes(), (bench.folder / "one").read_bytes(), "map")


@case
def files_that_look_like_options(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    (bench.folder / "a.o").rename(bench.folder / "--json")
    expect("module" in bench.elfin("inspect", "--", "--json").out, "not taken as a file")
    bench.elfin("inspect", "--json", status=2)


@case
def unreadable_files_are_all_named(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    (bench.folder / "folder").mkdir(exist_ok=True)
    try:
        for command in (["link", "--at", "0x1000"], ["check"], ["inspect"]):
            result = bench.elfin(*command, "missing.o", "a.o", "folder", "other.o", status=1)
            for name, reason in (("missing.o", "No such file"), ("folder", "directory"),
                                 ("other.o", "No such file")):
                expect(any(name in line and reason in line for line in result.err.splitlines()),
                       f"{command}: {name} in {result.err!r}")
        result = bench.elfin("check", "--exports", "none", "a.o", "missing.o", status=1)
        expect("none" in result.err and "missing.o" in result.err, result.err)
    finally:
        (bench.folder / "folder").rmdir()


@case
def outputs_that_cannot_be_written(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    for option in ("--image", "--map"):
        for path in ("/dev/full", "missing/out"):
            result = bench.elfin("link", "--at", "0x1000", option, path, "a.o", status=1)
            expect(f"cannot write {path}" in result.err, result.err)
    with open("/dev/full", "wb") as full:
        result = bench.elfin("inspect", "a.o", status=1, stdout=full)
        expect("standard output" in result.err, result.err)
        bench.elfin("help", status=1, stdout=full)


@case
def failure_leaves_outputs_alone(bench: Bench) -> None:
    bench.compile("a.o", "extern int nobody; int *p = &nobody;")
    for name in ("image", "map"):
        bench.write(name, "before")
    bench.elfin("link", "--at", "0x1000", "--image", "image", "--map", "map", "a.o", status=1)
    for name in ("image", "map"):
        equal((bench.folder / name).read_text(), "before", name)


@case
def success_is_silent(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;", PLAIN)
    for words in (["link", "--at", "0x1000"], ["link", "--at", "0x1000", "--map", "m"], ["check"]):
        result = bench.elfin(*words, "a.o")
        equal(result.out + result.err, "", "output")
