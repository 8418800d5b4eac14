#!/usr/bin/env python3
"""Merges target/evidence/*.json into docs/evidence.json.

Each of those files holds a row, or an array of rows, or an object whose `evidence` is such an array
(the demo's report): {topic, row, value, unit, op, target, command}, op one of <= >= == measured.
A row that was measured replaces the one of the same topic and name; its `reason` stays while the
target is still missed. Rows that were not measured this time are left alone.
"""
import glob
import json
import operator
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOOK = os.path.join(ROOT, "docs", "evidence.json")
FIELDS = ["topic", "row", "value", "unit", "op", "target", "command", "reason"]
COMPARE = {"<=": operator.le, ">=": operator.ge, "==": operator.eq,
           "measured": lambda value, target: True}


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    if isinstance(found, dict):
        found = found.get("evidence", [found] if "row" in found else [])
    return found


def merge(book, found):
    rows = {(row["topic"], row["row"]): row for row in book}
    for row in found:
        key = (row["topic"], row["row"])
        reason = row.get("reason") or rows.get(key, {}).get("reason")
        row = {field: row[field] for field in FIELDS if field in row and field != "reason"}
        if not COMPARE[row["op"]](row["value"], row["target"]) and reason:
            row["reason"] = reason
        rows[key] = row
    return list(rows.values())


def main():
    book = rows_of(BOOK) if os.path.exists(BOOK) else []
    found = []
    for path in sorted(glob.glob(os.path.join(ROOT, "target", "evidence", "*.json"))):
        found += rows_of(path)
    book = merge(book, found)
    # One row per line, so that a changed figure is a changed line.
    lines = [json.dumps(row, ensure_ascii=False) for row in book]
    with open(BOOK, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join("  " + line for line in lines) + "\n]\n" if lines else "[]\n")
    missed = [row for row in book if not COMPARE[row["op"]](row["value"], row["target"])]
    for row in missed:
        print(f"missed: {row['row']}: {row['value']} {row['op']} {row['target']}: "
              f"{row.get('reason', 'NO REASON GIVEN')}")
    print(f"{len(found)} figures of this run, {len(book)} rows, {len(missed)} missed")
    return 1 if any(not row.get("reason") for row in missed) else 0


if __name__ == "__main__":
    sys.exit(main())
