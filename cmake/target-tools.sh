# Sourced: what works with $triple. Sets prefix, cc (an array: compiler and flags of the ABI), ar, nm,
# objcopy, objdump, ld and forbidden (a Perl regex of instructions). Stops if there is no such row.
row=$(cmake/targets.sh archive "$triple") || {
    echo "weir: no row for $triple in cmake/targets.txt; there are:" >&2
    cmake/targets.sh archive | sed 's/;.*//; s/^/  /' >&2
    exit 1
}
IFS=';' read -r _ prefix abi forbidden _ <<<"$row"
forbidden=${forbidden// /}
read -r -a abi <<<"$abi"
case $prefix in
clang)
    # Debian's names carry the version; the first that is there serves.
    llvm() { command -v "$1-14" "$1-15" "$1-16" "$1-17" "$1-18" "$1-19" "$1" | head -1; }
    cc=("$(llvm clang)" "${abi[@]}")
    ar=$(llvm llvm-ar) nm=$(llvm llvm-nm) objcopy=$(llvm llvm-objcopy)
    objdump=$(llvm llvm-objdump) ld=$(llvm wasm-ld)
    ;;
*)
    [ "$prefix" != - ] || prefix=
    cc=("${prefix}gcc" "${abi[@]}")
    ar=${prefix}ar nm=${prefix}nm objcopy=${prefix}objcopy objdump=${prefix}objdump ld=${prefix}ld
    ;;
esac
