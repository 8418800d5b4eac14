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
    llvm() {
        local version
        for version in -14 -15 -16 -17 -18 -19 ''; do
            command -v "$1$version" && return
        done
        echo "weir: no $1: make setup" >&2
        return 1
    }
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
