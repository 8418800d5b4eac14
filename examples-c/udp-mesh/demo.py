#!/usr/bin/env python3
"""The demonstration: 54 processes on a real map share observed work through a cut network.

Builds the node from the C sources beside this file, runs one process per mote, checks what every
one of them says, prints a table and writes build/demo/report.html. docs/demo.md explains every
figure. Exit status: 0 if everything held, 1 if anything did not, 2 for input that cannot be used.
"""
import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction

import bounds
import check
import figures
import meshrun
import rv32
import workload
from meshrun import HERE, ROOT, Failure

RANGE_M = 8.0
UTILISATION = 0.65       # of all motes together, while work arrives
SHARE = Fraction(95, 100)
BEGIN_MS, SPAN_MS = 6_000, 34_000
CUT_X, CUT_MS = 20.5, (20_000, 27_000)
WORK_UNTIL_MS, END_MS = 50_000, 54_000
WITH_SNAPSHOT, WITHOUT_SNAPSHOT, RECORDED = 13, 21, 30


@dataclass
class Plan:
    """One run, complete: what the processes get and what is expected of them."""
    motes: list
    positions: dict
    links: list
    jobs: list
    rate: int
    arrived: dict
    base: int
    seed: int
    loss_permille: int
    trace: str
    map_path: str = os.path.join(HERE, "motes.csv")
    range_m: float = RANGE_M
    cut_x: float = CUT_X
    cut_from_ms: int = CUT_MS[0]
    cut_to_ms: int = CUT_MS[1]
    begin_ms: int = BEGIN_MS
    span_ms: int = SPAN_MS
    work_until_ms: int = WORK_UNTIL_MS
    end_ms: int = END_MS
    tick_ms: int = 100
    audit_ms: int = 5_000
    snapshots: tuple = (WITH_SNAPSHOT,)
    restarted: tuple = (WITH_SNAPSHOT, WITHOUT_SNAPSHOT)
    power: tuple = ((13_000, WITH_SNAPSHOT, False), (14_000, WITH_SNAPSHOT, True),
                    (33_000, WITHOUT_SNAPSHOT, False), (34_000, WITHOUT_SNAPSHOT, True))
    recorded: int = RECORDED
    liar: int = 0
    victims: list = field(default_factory=list)


def make_plan(args):
    """Read map and trace and fix everything else."""
    positions = workload.read_map(os.path.join(HERE, "motes.csv"))
    motes = sorted(positions)
    links = workload.links(positions, RANGE_M)
    for half in ([m for m in motes if positions[m][0] < CUT_X],
                 [m for m in motes if positions[m][0] >= CUT_X]):
        if not workload.connected(half, links):
            raise Failure("a half of the map is not connected")
    jobs = workload.jobs_of(workload.read_events(args.trace), positions, BEGIN_MS, SPAN_MS)
    arrived = dict.fromkeys(motes, 0)
    for job in jobs:
        arrived[job.mote] += job.units
    rate = max(1, round(sum(arrived.values()) / (len(motes) * SPAN_MS / 1000 * UTILISATION)))
    plan = Plan(motes, positions, links, jobs, rate, arrived, args.base, args.seed,
                round(args.loss * 10), os.path.basename(args.trace))
    if args.liar:
        if args.liar not in motes or args.liar in plan.restarted:
            raise Failure(f"--liar takes a mote of the map that is not restarted, not {args.liar}")
        plan.liar = args.liar
        others = [m for m in motes if m != args.liar and m not in plan.restarted]
        plan.victims = random.Random(args.seed).sample(others, 8)
    return plan


def write_inputs(plan, folder):
    """Arrivals of every mote, and what the checker should find."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for mote in plan.motes:
        with open(os.path.join(folder, f"arrivals-{mote}.csv"), "w", encoding="ascii") as file:
            file.writelines(f"{job.ms},{job.units}\n" for job in plan.jobs if job.mote == mote)
    with open(os.path.join(folder, "run.json"), "w", encoding="ascii") as file:
        json.dump({"motes": plan.motes, "arrived": plan.arrived}, file)


def check_one_bit(folder):
    """Whether the checker notices one flipped bit in one store."""
    flipped = os.path.join(folder, "one-bit")
    os.makedirs(flipped)
    shutil.copy(os.path.join(folder, "run.json"), flipped)
    for name in os.listdir(folder):
        if name.endswith("-end.jsonl"):
            shutil.copy(os.path.join(folder, name), flipped)
    victim = os.path.join(flipped, sorted(n for n in os.listdir(flipped) if n.endswith(".jsonl"))[0])
    with open(victim, encoding="ascii") as file:
        lines = [json.loads(line) for line in file]
    record = next(line for line in lines if line["what"] == "record" and line["kind"] == 1)
    payload = bytearray.fromhex(record["payload"])
    payload[0] ^= 1
    record["payload"] = payload.hex()
    with open(victim, "w", encoding="ascii") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return bool(check.check_folder(flipped)[0])


def replay(plan, folder, program):
    """Run the recorded node again; gives (host line, RV32 line or reason why not, its digest)."""
    journal = os.path.join(folder, f"journal-{plan.recorded}.bin")
    with open(os.path.join(folder, f"node-{plan.recorded}-end.jsonl"), encoding="ascii") as file:
        digest = next(line["digest"] for line in map(json.loads, file) if line["what"] == "state")
    host = rv32.run_host(program, journal)
    target = rv32.run_rv32(journal, os.path.dirname(folder))
    return host, target, digest


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--trace", default=os.path.join(HERE, "earthquakes.csv"), metavar="FILE",
                        help="work: CSV with the header time_s,x,y,magnitude or time_s,x,y,size")
    parser.add_argument("--liar", type=int, default=0, metavar="MOTE", help="let this mote forge others")
    parser.add_argument("--loss", type=float, default=10.0, metavar="PERCENT", help="frames lost (10)")
    parser.add_argument("--seed", type=int, default=1, help="of the losses (1)")
    parser.add_argument("--base", type=int, default=47000, metavar="PORT", help="UDP ports from here")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "demo"), metavar="FOLDER",
                        help="where everything is written (build/demo)")
    args = parser.parse_args(argv)
    if not 0 <= args.loss < 100 or not 1024 <= args.base <= 65000 or not 0 <= args.seed < 2 ** 32:
        parser.error("--loss is 0 to below 100, --base 1024 to 65000, --seed a 32-bit number")
    return args


def demo(args):
    """Everything, in order; gives the failures."""
    plan = make_plan(args)
    started = time.monotonic()
    node, replayer = meshrun.build(args.out, meshrun.host_archive())
    seconds = {"build": time.monotonic() - started}
    folder = os.path.join(args.out, "run")
    write_inputs(plan, folder)
    meshrun.check_ports(plan.base, plan.motes)
    print(figures.introduction(plan), flush=True)
    seconds["run"] = meshrun.Mesh(node, plan, folder).run()
    started = time.monotonic()
    problems, counts = check.check_folder(folder)
    result = figures.collect(plan, folder, bounds.clairvoyant(plan.jobs, plan.motes, plan.rate, SHARE),
                             SHARE)
    result["check"] = {**counts, "problems": len(problems), "one_bit_noticed": check_one_bit(folder)}
    failures = figures.judge(plan, result) + [f"checker: {text}" for text in problems[:10]]
    if len(problems) > 10:
        failures.append(f"checker: and {len(problems) - 10} more")
    if not result["check"]["one_bit_noticed"]:
        failures.append("the checker did not notice a flipped bit")
    result["replay"], replay_failures = rv32.compare(*replay(plan, folder, replayer))
    seconds["check"] = time.monotonic() - started
    result["seconds"] = seconds
    failures += replay_failures
    print(figures.table(plan, result))
    figures.write_report(plan, result, os.path.join(args.out, "report.html"))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(figures.for_evidence(plan, result), file, indent=2)
            file.write("\n")
    return failures


def main(argv):
    args = arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        failures = demo(args)
    except workload.BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except Failure as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; every process was ended.", file=sys.stderr)
        return 1
    for text in failures:
        print(f"FAILED: {text}", file=sys.stderr)
    print(f"report: {os.path.relpath(os.path.join(args.out, 'report.html'))}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
