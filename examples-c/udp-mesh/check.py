#!/usr/bin/env python3
"""Check what every process of a run claimed, from its own records, in exact arithmetic.

    python3 check.py FOLDER

FOLDER holds run.json and the audits node-<mote>-<audit>.jsonl. Nothing of weir is used here: the
hashes, the ledger, the graph and the plan are written again from docs/wire.md and
docs/reconciler.md. Exit status 0 if everything agrees, 1 if not, 2 if there is nothing to check.
"""
import glob
import hashlib
import json
import math
import os
import re
import sys
from functools import lru_cache

import ed25519
import exact
import records

SHOWN = 20


class Audit:
    """One process at one moment."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.records, self.signatures, self.neighbours = {}, {}, []
        self.node = self.state = self.load = self.plan = self.stats = None
        self.between = False       # an edge is between two incarnations
        self.problems = []
        with open(path, encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        if not lines or lines[-1] != {"what": "end"}:
            self.problem("is cut short")
        for line in lines:
            what = line.pop("what")
            if what == "record":
                self.add_record(line)
            elif what == "neighbour":
                self.neighbours.append(line)
            elif what == "plan":
                self.plan = line["ship"]
            elif what in ("node", "state", "load", "stats"):
                setattr(self, what, line)
        for part in ("node", "state", "load", "plan", "stats"):
            if getattr(self, part) is None:
                self.problem(f"has no {part}")

    def problem(self, text):
        self.problems.append(f"{self.name}: {text}")

    def add_record(self, line):
        key = line["author"], line["kind"], line["slot"]
        if key in self.records:
            self.problem(f"holds record {key} twice")
        self.records[key] = (line["boot"], line["counter"], int(line["hash"], 16),
                             bytes.fromhex(line["payload"]))
        self.signatures[key] = bytes.fromhex(line["signature"])

    def compare(self, name, said, found):
        if said != found:
            self.problem(f"says {name} {said}, its records give {found}")


@lru_cache(maxsize=None)
def hash_of(mesh_id, key, version, payload):
    return records.record_hash(mesh_id, *key, *version, payload)


def check_hashes(audit):
    """Every hash, and the digest as their sum."""
    mesh_id = int(audit.node["mesh_id"], 16)
    total = 0
    for key, (boot, counter, said, payload) in audit.records.items():
        found = hash_of(mesh_id, key, (boot, counter), payload)
        total += found
        if found != said:
            audit.problem(f"record {key} has hash {said:016x}, its bytes give {found:016x}")
    audit.compare("digest", audit.state["digest"], f"{total % 2 ** 64:016x}")
    audit.compare("records", audit.state["records"], len(audit.records))


def check_signatures(audit):
    """Every record of a signed kind carries a signature of its author and of nobody else. The demo
    derives keys from numbers, as sign_sodium.c does."""
    mesh_id = int(audit.node["mesh_id"], 16)
    for key, (boot, counter, _, payload) in audit.records.items():
        if key[1] != records.NOTE:
            continue
        seed = hashlib.blake2b(b"weir demo" + key[0].to_bytes(2, "little"), digest_size=32).digest()
        message = records.signed_message(mesh_id, *key, boot, counter, payload)
        if not ed25519.verify(ed25519.public_key(seed), message, audit.signatures[key]):
            audit.problem(f"holds a record {key} that its author did not sign")


class Ledger:
    """The two rows of every author, read from one set of records."""

    def __init__(self, rows):
        self.loads, self.carried, self.entries = {}, {}, {}
        for (author, kind, slot), (_, _, _, payload) in rows.items():
            if kind == records.LOAD and slot == 0:
                self.loads[author] = records.load(payload)
            elif kind == records.LINKS and slot == 0:
                self.carried[author], entries = records.links(payload)
                for neighbour, generation, sent, acked in entries:
                    self.entries[author, neighbour] = (generation, sent, acked)
        self.nodes = sorted({author for author, _, _ in rows})
        self.edges = sorted((a, b) for a, b in self.entries if a < b and self.up(a, b))

    def up(self, a, b):
        """Both ends list each other in the same incarnation, neither proposed nor frozen."""
        one, other = self.entries.get((a, b)), self.entries.get((b, a))
        return (one is not None and other is not None and one[0] == other[0]
                and one[0] % 2 == 0 and one[0] != 0)

    def queued(self, v):
        injected, done, _ = self.loads.get(v, (0, 0, 0))
        gain = sum(acked - sent for (a, _), (_, sent, acked) in self.entries.items() if a == v)
        return records.signed32(injected - done + self.carried.get(v, 0) + gain)

    def towards(self, u, v):
        """Units that u sent and v has not taken: what v would gain by closing its books on u."""
        mine, theirs = self.entries.get((u, v)), self.entries.get((v, u))
        if mine is None:
            return 0
        if theirs is None or mine[0] // 2 != theirs[0] // 2:
            return 0  # a proposal is generation 0, and no other generation halves to 0
        return records.signed32(mine[1] - theirs[2])

    def closing(self):
        """Edges of which one end has begun the next incarnation and the other one, in the row that
        is held here, has not closed its books: its newer row is still on its way."""
        return [(a, b) for (a, b), (generation, sent, acked) in self.entries.items()
                if (sent, acked) != (0, 0) and (b, a) in self.entries
                and self.entries[b, a][0] // 2 != generation // 2]

    def outstanding(self, v):
        """What v sent less what it took, over all incarnations."""
        gain = sum(acked - sent for (a, _), (_, sent, acked) in self.entries.items() if a == v)
        return records.signed32(-self.carried.get(v, 0) - gain)

    def net(self, a, b):
        """Units moved from a to b in this incarnation, as the two senders say."""
        return records.signed32(self.entries[a, b][1] - self.entries[b, a][1])


@lru_cache(maxsize=64)
def results_of(rows):
    """Everything that follows from a set of records (given as a frozenset of items)."""
    ledger = Ledger(dict(rows))
    nodes, edges = ledger.nodes, ledger.edges
    queued = {v: ledger.queued(v) for v in nodes}
    flying = {v: sum(ledger.towards(a, v) for a, b in ledger.entries if b == v) for v in nodes}
    load = {v: queued[v] + flying[v] for v in nodes}
    capacity = {v: ledger.loads.get(v, (0, 0, 0))[2] for v in nodes}
    ship, excess = exact.plan(nodes, edges, load, capacity)
    return {
        "queued": queued,
        "ship": ship,
        "loads": ledger.loads,
        "closing": ledger.closing(),
        "on edges": sum(flying.values()),
        "holes": exact.holes(tuple(nodes), tuple(edges)),
        "state": {
            "nodes": len(nodes),
            "edges": len(edges),
            "triangles": len(exact.triangles(edges)),
            "arrived": sum(row[0] for row in ledger.loads.values()),
            "done": sum(row[1] for row in ledger.loads.values()),
            "queued": sum(queued.values()),
            "in_flight": sum(ledger.outstanding(v) for v in nodes),
            "circulation_before": exact.circulation(edges, {e: ledger.net(*e) for e in edges}),
            "circulation_after": 0,
            "imbalance": max((math.ceil(abs(x)) for x in excess.values()), default=0),
        },
    }


def check_results(audit):
    """State, plan and load against the records of the same audit."""
    found = results_of(frozenset(audit.records.items()))
    for name, value in found["state"].items():
        audit.compare(name, audit.state[name], value)
    state = found["state"]
    if state["arrived"] != state["done"] + state["queued"] + state["in_flight"]:
        audit.problem(f"loses work: arrived {state['arrived']}, done {state['done']}, queued "
                      f"{state['queued']}, in flight {state['in_flight']}")
    # Edge by edge the same must be in flight, but where one end was heard closing its books on the
    # other, and the other one's newer row is still on its way.
    audit.between = found["on edges"] != state["in_flight"]
    if audit.between and not found["closing"]:
        audit.problem(f"has {state['in_flight']} in flight, but {found['on edges']} on its edges")
    me = audit.node["id"]
    if audit.state["learning"]:
        audit.compare("plan while learning", audit.plan, [])
        return
    if me in found["loads"]:
        # What it knows may be ahead of what it has told, by no more than the gate.
        told, knows = found["loads"][me], audit.load
        news = knows["injected"] - told[0] - (knows["done"] - told[1])
        audit.compare("queued of its own", knows["queued"], found["queued"][me] + news)
        if abs(news) > audit.node["gate"] or knows["injected"] < told[0] or knows["done"] < told[1]:
            audit.problem(f"keeps {news} units to itself, its gate is {audit.node['gate']}")
    left, wanted = max(0, audit.load["queued"]), {}
    for (source, to), units in sorted(found["ship"].items()):
        if source == me and left > 0:
            wanted[to] = min(units, left)
            left -= wanted[to]
    audit.compare("plan", dict(map(tuple, audit.plan)), wanted)


def check_end(audits, expected):
    """The last audit of all: one digest, one set of records, all work accounted for."""
    problems = []
    ends = {audit.node["id"]: audit for audit in audits if audit.name.endswith("-end.jsonl")}
    for mote in expected["motes"]:
        if mote not in ends:
            problems.append(f"mote {mote} left no final audit")
    digests = {}
    for mote, audit in sorted(ends.items()):
        digests.setdefault(audit.state["digest"], []).append(mote)
    if len(digests) > 1:
        groups = "; ".join(f"{digest}: {motes}" for digest, motes in digests.items())
        problems.append(f"final digests differ: {groups}")
    for mote, audit in sorted(ends.items()):
        arrived = {v: row[0] for v, row in results_of(frozenset(audit.records.items()))["loads"].items()}
        wrong = {v: (arrived.get(v, 0), units) for v, units in expected["arrived"].items()
                 if arrived.get(v, 0) != units}
        if wrong:
            problems.append(f"{audit.name}: arrivals differ from the trace (mote: said, trace): {wrong}")
    return problems


def check_folder(folder, only_end=False):
    """(problems, counts) for all audits of a folder."""
    with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
        expected = json.load(file)
    expected["arrived"] = {int(mote): units for mote, units in expected["arrived"].items()}
    pattern = "node-*-end.jsonl" if only_end else "node-*.jsonl"
    paths = sorted(glob.glob(os.path.join(folder, pattern)),
                   key=lambda p: [int(n) for n in re.findall(r"\d+", os.path.basename(p))])
    audits, problems = [], []
    for path in paths:
        audit = Audit(path)
        if not audit.problems:
            check_hashes(audit)
            check_signatures(audit)
        if not audit.problems:
            check_results(audit)
        problems += audit.problems
        if audit.node is not None and audit.state is not None:
            audits.append(audit)
    problems += check_end(audits, expected)
    counts = {"audits": len(paths), "records": sum(len(audit.records) for audit in audits),
              "between": sum(audit.between for audit in audits),
              "digests_at_end": len({a.state["digest"] for a in audits
                                     if a.name.endswith("-end.jsonl")})}
    return problems, counts


def main(argv):
    if len(argv) != 2 or not os.path.isfile(os.path.join(argv[1], "run.json")):
        print(__doc__, file=sys.stderr)
        return 2
    problems, counts = check_folder(argv[1])
    for text in problems[:SHOWN]:
        print(text)
    if len(problems) > SHOWN:
        print(f"and {len(problems) - SHOWN} more")
    print(f"checked {counts['audits']} audits with {counts['records']} records: "
          f"{'everything agrees' if not problems else f'{len(problems)} things do not agree'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
