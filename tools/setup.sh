#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that building and testing need and that are missing; says which.
set -eu

packages="
    gcc g++ clang-14 clang-19 lld-14 lld-19 llvm-19 rustc binutils make libc6-dev libclang-rt-14-dev
    qemu-system-x86 ovmf gnu-efi mtools gdb
    python3 python3-pyelftools python3-capstone
    zlib1g-dev libbz2-dev liblua5.4-dev grub-efi-amd64-bin
"

missing=
for package in $packages; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
echo "setup: missing packages:$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then
    as_root=sudo
else
    echo "setup: neither root nor sudo here; run this as root, then call make again:" >&2
    echo "    apt-get update && $install" >&2
    exit 1
fi
echo "setup: installing them: $as_root $install"
# A source that does not answer matters only if a package is not found without it.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q ||
    echo "setup: apt-get update failed; going on with the lists that are there"
$as_root env DEBIAN_FRONTEND=noninteractive $install
