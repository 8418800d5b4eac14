#!/usr/bin/env bash
# Says whether an archive may be shipped: one member, exactly the promised names, nothing undefined
# but what every C toolchain brings, no way to panic, no writable byte, no instruction that the
# table of targets forbids. One line per finding.
set -euo pipefail
archive=$(realpath "${1:?usage: cmake/check-archive.sh <archive> <triple>}")
triple=${2:?usage: cmake/check-archive.sh <archive> <triple>}
cd "$(dirname "$0")/.."
. cmake/target-tools.sh

export LC_ALL=C
names() { "$nm" "$@" "$archive" 2>/dev/null | awk 'NF >= 2 { print $NF }' | sort -u; }
# Names after a pattern that fits this triple.
allowed() {
    local pattern list
    while read -r pattern list; do
        # shellcheck disable=SC2053
        [[ $pattern == '#' || $triple != $pattern ]] || tr ' ' '\n' <<<"$list"
    done <docs/abi/allowed.txt | sort -u
}

found=0
finding() { # finding <what> <names...>: silent when there are no names
    [ -n "${2:-}" ] || return 0
    found=1
    echo "archive: $triple: $1: $(tr '\n' ' ' <<<"$2")" >&2
}

members=$("$ar" t "$archive")
[ "$(wc -l <<<"$members")" -eq 1 ] || finding "more than one member" "$members"

exported=$(names --extern-only --defined-only)
promised=$(sort -u docs/abi/symbols.txt)
finding "exported, but not in docs/abi/symbols.txt" \
    "$(comm -23 <(echo "$exported") <(echo "$promised"))"
finding "in docs/abi/symbols.txt, but not exported" \
    "$(comm -13 <(echo "$exported") <(echo "$promised"))"
[ "$(grep -c '^weir_' <<<"$exported")" -ge 20 ] || finding "too few names for weir" "$exported"

undefined=$(names --undefined-only)
finding "the panic path is reachable" "$(grep '^weir_panic' <<<"$undefined" || true)"
finding "undefined, but not in docs/abi/allowed.txt" \
    "$(comm -23 <(grep -v '^weir_panic' <<<"$undefined" || true) <(allowed))"
# Local names count too: a panic that only this object can reach is still a panic.
machinery='core9panicking|rust_begin_unwind|rust_eh_personality|rust_panic|__rust_'
finding "panic machinery" "$(names | grep -E "$machinery" || true)"

if [ "$prefix" = clang ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && "$ar" x "$archive")
    # The names of data segments come from the sections that rustc chose.
    writable=$("${nm/llvm-nm/obj2yaml}" "$work"/*.o |
        awk '/^    SegmentInfo:/ { inside = 1; next } /^  - |^    [A-Z]/ { inside = 0 }
             inside && $1 == "Name:" && $2 !~ /^\.rodata/ { print $2 }')
else
    # W without a relocation-only section: .data.rel.ro is constant once a hosted loader has run.
    writable=$("${prefix}readelf" -SW "$archive" | sed 's/\[ *[0-9]*\]//' |
        awk '$7 ~ /W/ && $5 !~ /^0+$/ && $1 !~ /^\.data\.rel\.ro/ { print $1 ":" $5 }')
fi
finding "writable sections" "$writable"

# One line per instruction: its mnemonic, and the same with its bytes in front.
instructions=$("$objdump" -d "$archive" | awk -F'\t' '
    /^ *[0-9a-f]+:/ && NF >= 2 {
        # GNU: address, bytes, mnemonic. LLVM: "address: bytes", mnemonic.
        bytes = NF >= 3 ? $2 : $1
        sub(/^[^:]*:/, "", bytes)
        gsub(/ /, "", bytes)
        split(NF >= 3 ? $3 : $2, word, /[ ;]/)
        if (word[1] !~ /^[.<(]/) { # data between functions is no instruction
            seen[word[1]]; seen[length(bytes) / 2 ":" word[1]]
        }
    }
    END { for (line in seen) print line }' | sort)
[ "$(wc -l <<<"$instructions")" -ge 40 ] || finding "hardly any instruction" "$instructions"
finding "forbidden instructions" "$(grep -xP -- "$forbidden" <<<"$instructions" || true)"

if [ $found -ne 0 ]; then
    exit 1
fi
size=$(stat -c %s "$archive")
if [ "$prefix" = clang ]; then
    size="$size bytes of file"
else
    size="$("${prefix}size" "$archive" | awk 'NR == 2 { print $1 }') bytes of text and constants"
fi
echo "archive: $triple: clean: $(wc -l <<<"$promised") names, $size"
