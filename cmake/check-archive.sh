#!/usr/bin/env bash
# Says whether an archive may be shipped: one member, exactly the promised names, nothing undefined
# but what every C toolchain brings, no way to panic, no writable byte. One line per finding.
set -euo pipefail
archive=$(realpath "${1:?usage: cmake/check-archive.sh <archive> <triple>}")
triple=${2:?usage: cmake/check-archive.sh <archive> <triple>}
cd "$(dirname "$0")/.."

read -r _ prefix _ <<<"$(grep "^$triple " cmake/targets.txt)"
[ "$prefix" != - ] || prefix=
export LC_ALL=C
names() { "${prefix}nm" "$@" "$archive" 2>/dev/null | awk 'NF >= 2 { print $NF }' | sort -u; }
# Lists may carry comments and, after the name, a reason.
listed() { sed 's/[[:space:]]*#.*//; /^$/d' "$1" | sort -u; }

found=0
finding() { # finding <what> <names...>: silent when there are no names
    [ -n "${2:-}" ] || return 0
    found=1
    echo "archive: $triple: $1: $(tr '\n' ' ' <<<"$2")" >&2
}

members=$("${prefix}ar" t "$archive")
[ "$(wc -l <<<"$members")" -eq 1 ] || finding "more than one member" "$members"

exported=$(names --extern-only --defined-only)
promised=$(listed docs/abi/symbols.txt)
finding "exported, but not in docs/abi/symbols.txt" \
    "$(comm -23 <(echo "$exported") <(echo "$promised"))"
finding "in docs/abi/symbols.txt, but not exported" \
    "$(comm -13 <(echo "$exported") <(echo "$promised"))"

undefined=$(names --undefined-only)
finding "the panic path is reachable" "$(grep '^weir_panic' <<<"$undefined" || true)"
finding "undefined, but not in docs/abi/$triple.undefined.txt" \
    "$(comm -23 <(grep -v '^weir_panic' <<<"$undefined" || true) \
        <(listed "docs/abi/$triple.undefined.txt"))"
# Local names count too: a panic that only this object can reach is still a panic.
machinery='core9panicking|rust_begin_unwind|rust_eh_personality|rust_panic|__rust_'
finding "panic machinery" "$(names | grep -E "$machinery" || true)"

# W without a relocation-only section: .data.rel.ro is constant once a hosted loader has run.
writable=$("${prefix}readelf" -SW "$archive" | sed 's/\[ *[0-9]*\]//' |
    awk '$7 ~ /W/ && $5 !~ /^0+$/ && $1 !~ /^\.data\.rel\.ro/ { print $1 ":" $5 }')
finding "writable sections" "$writable"

if [ $found -ne 0 ]; then
    exit 1
fi
echo "archive: $triple: clean: $(wc -l <<<"$promised") names," \
    "$("${prefix}size" "$archive" | awk 'NR == 2 { print $1 " bytes of text and constants" }')"
