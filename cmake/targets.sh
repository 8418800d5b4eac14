#!/usr/bin/env bash
# Prints rows of the table of targets: one line each, continued lines joined, $names replaced, no
# blanks around the fields.
#
#     cmake/targets.sh archive              every archive
#     cmake/targets.sh machine              every machine
#     cmake/targets.sh archive <triple>     one row; fails if there is none
set -euo pipefail
kind=${1:?usage: cmake/targets.sh archive|machine [<triple or name>]}
awk -v kind="$kind" -v wanted="${2:-}" '
    function finish(   at, name) {
        if (row == "") return
        gsub(/[ \t]*;[ \t]*/, ";", row)
        sub(/[ \t]+$/, "", row)
        for (name in text) {
            while ((at = index(row, "$" name)) > 0)
                row = substr(row, 1, at - 1) text[name] substr(row, at + length(name) + 1)
        }
        split(row, field, ";")
        if (field[1] == "let") {
            text[field[2]] = substr(row, length(field[1] field[2]) + 3)
        } else if (field[1] == kind && (wanted == "" || field[2] == wanted)) {
            print substr(row, length(kind) + 2)
            found = 1
        }
        row = ""
    }
    /^#/ || /^[ \t]*$/ { next }
    /^[ \t]/ { sub(/^[ \t]+/, " "); row = row $0; next }
    { finish(); row = $0 }
    END { finish(); exit wanted != "" && !found }
' "$(dirname "$0")/targets.txt"
