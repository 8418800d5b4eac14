#!/usr/bin/env bash
# Makes what is handed out: dist/weir-<version>/ and the same as .tar.gz, equal bytes from equal
# archives. It is an installed prefix that may lie anywhere: headers, every archive of the table,
# files for CMake and pkg-config, licences, and SHA256SUMS over all of them.
#
#     cmake/dist.sh [<folder>]     after `make archives`; the folder is dist unless given
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-dist}")
export LC_ALL=C
umask 022

while IFS=';' read -r triple _; do
    [ -f "dist/lib/$triple/libweir.a" ] || {
        echo "dist: no archive for $triple: make archives" >&2
        exit 1
    }
done < <(cmake/targets.sh archive)

version=$(sed -n 's/^version = "\(.*\)"/\1/p;/^version/q' Cargo.toml)
name=weir-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake -S . -B "$work/build" -DCMAKE_INSTALL_LIBDIR=lib >/dev/null
cmake --install "$work/build" --prefix "$work/$name" >/dev/null
cp CHANGELOG.md "$work/$name/share/doc/weir/"
(
    cd "$work/$name"
    find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum >"$work/SHA256SUMS"
    mv "$work/SHA256SUMS" .
)
# Nothing of when, where and by whom it was made. The date is the first that zip files can hold.
tar -C "$work" --sort=name --format=ustar --mtime='1980-01-01 00:00Z' --owner=0 --group=0 \
    --numeric-owner --mode=u=rwX,go=rX -cf "$work/$name.tar" "$name"
gzip -n -9 "$work/$name.tar"

mkdir -p "$out"
rm -rf "${out:?}/$name" "$out/$name.tar.gz"
mv "$work/$name" "$work/$name.tar.gz" "$out/"
echo "dist: $out/$name.tar.gz: $(wc -l <"$out/$name/SHA256SUMS") files," \
    "$(stat -c %s "$out/$name.tar.gz") bytes"
