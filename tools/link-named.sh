#!/bin/sh
# SPDX-License-Identifier: MIT
# Links a program so that it can name its own functions: once, then again with a table of them.
#
# usage: link-named.sh ELFIN FROM COMPILER FILE LINKER...
#
# LINKER... writes FILE; FROM is the symbol that the table counts from. What is in front of it and
# all code must have the same size both times; that it had is checked.
set -eu

elfin=$1 from=$2 compiler=$3 file=$4
shift 4

"$@"
"$elfin" names --from "$from" --name program_names "$file" >"$file.names.c"
$compiler -c "$file.names.c" -o "$file.names.o"
"$@" "$file.names.o"
if ! "$elfin" names --from "$from" --name program_names "$file" | cmp -s - "$file.names.c"; then
    rm -f "$file"
    echo "link-named.sh: functions of $file have moved" >&2
    exit 1
fi
