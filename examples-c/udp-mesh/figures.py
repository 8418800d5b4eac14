"""From logs and audits to figures: what held, what it cost, and what a person wants to see."""
import json
import os
import re
from collections import Counter, defaultdict
from fractions import Fraction

import bounds
import check
import moves
import report

FORGED = 6                   # WEIR_EVENT_FORGED
WRONG_SIGNATURE = "is a signed record with a wrong signature"
NOTE = 16
HALF = Fraction(1, 2)
FRAME_MS = 500               # one picture of the report


def introduction(plan):
    total = sum(plan.arrived.values())
    hot = Counter(plan.arrived).most_common(1)[0]
    return (f"{len(plan.motes)} motes, {len(plan.links)} links within {plan.range_m:g} m, "
            f"{plan.loss_permille / 10:g} % loss; {len(plan.jobs)} jobs of {plan.trace}, {total} units.\n"
            f"Each mote does {plan.rate} units a second, so all together are used to "
            f"{total / (plan.rate * len(plan.motes) * plan.span_ms / 1000):.0%} while work arrives; mote "
            f"{hot[0]} alone gets {hot[1] / total:.0%} of it.\n"
            f"The map is cut at x = {plan.cut_x:g} m from {plan.cut_from_ms / 1000:g} to "
            f"{plan.cut_to_ms / 1000:g} s.")


def read_audits(folder, suffix):
    """{mote: Audit} of the audits with this suffix."""
    found = {}
    for name in os.listdir(folder):
        match = re.fullmatch(r"node-(\d+)-" + suffix + r"\.jsonl", name)
        if match:
            found[int(match.group(1))] = check.Audit(os.path.join(folder, name))
    return found


def news_after(logs, plan):
    """Milliseconds from the end of the cut until everybody knew what anybody had published by then;
    None if that never happened."""
    published = {}
    for mote, lines in logs.items():
        for ms, what, rest in lines:
            if what == "news" and ms <= plan.cut_to_ms:
                known = dict(map(int, pair.split(":")) for pair in rest)
                published[mote] = known.get(mote, 0)
    latest = plan.cut_to_ms
    for lines in logs.values():
        reached = None
        for ms, what, rest in lines:
            if what == "news" and ms > plan.cut_to_ms:
                known = dict(map(int, pair.split(":")) for pair in rest)
                if all(known.get(author, 0) >= counter for author, counter in published.items()):
                    reached = ms
                    break
        if reached is None:
            return None
        latest = max(latest, reached)
    return latest - plan.cut_to_ms


def last_agreement(logs, plan, digest):
    """Milliseconds from the end of all work until all digests were the final one for good."""
    latest = 0
    for lines in logs.values():
        since = None
        for ms, what, rest in lines:
            if what == "state":
                since = (ms if since is None else since) if rest[0] == digest else None
        if since is None:
            return None
        latest = max(latest, since)
    return max(0, latest - plan.work_until_ms)


def news_delay(logs):
    """Median and 95th percentile of the ms from a change of a LOAD row until another mote knew."""
    born, delays = {}, []
    for mote, lines in logs.items():
        for ms, what, rest in lines:
            if what == "news":
                own = next((pair for pair in rest if pair.startswith(f"{mote}:")), None)
                born.setdefault(own, ms)
    for mote, lines in logs.items():
        seen = set()
        for ms, what, rest in lines:
            if what == "news":
                for pair in rest:
                    if pair not in seen:
                        seen.add(pair)
                        if pair in born and not pair.startswith(f"{mote}:"):
                            delays.append(max(0, ms - born[pair]))
    if not delays:
        return None
    half, most = (bounds.percentile(delays, Fraction(n, 100)) for n in (50, 95))
    return {"median_ms": half, "p95_ms": most}


def restarts(logs, plan):
    """How the restarted motes came back."""
    found = []
    for mote in plan.restarted:
        starts = [ms for ms, what, _ in logs[mote] if what == "start"]
        again = [(ms, rest) for ms, what, rest in logs[mote] if what == "learned" and ms >= starts[-1]]
        before = [int(rest[1]) for ms, what, rest in logs[mote] if what == "tick" and ms < starts[-1]]
        found.append({
            "mote": mote, "snapshot": mote in plan.snapshots, "started_ms": starts[-1],
            "boots": len(starts), "ready_ms": again[0][0] - starts[-1] if again else None,
            "done_before": before[-1] if before else 0, "done_learned": int(again[0][1][1]) if again else None,
        })
    return found


def lies(logs, plan, ends):
    """What the liar achieved."""
    told = [(ms, int(rest[0])) for ms, what, rest in logs[plan.liar] if what == "forge"]
    noticed = {mote: [ms for ms, what, rest in lines
                      if what == "event" and int(rest[0]) == FORGED and int(rest[2]) == 1]
               for mote, lines in logs.items()}
    delays, unanswered = [], 0
    for ms, victim in told:
        later = [at - ms for at in noticed[victim] if at >= ms]
        if later:
            delays.append(min(later))
        else:
            unanswered += 1
    accepted = sum(1 for audit in ends.values() for (author, kind, _), row in audit.records.items()
                   if kind == NOTE and row[3] != f"mote {author} signed this".encode())
    refused = sum(audit.stats["refused"].get(WRONG_SIGNATURE, 0) for mote, audit in ends.items()
                  if mote != plan.liar)
    return {"told": len(told), "victims": plan.victims, "reclaimed": len(delays), "unanswered": unanswered,
            "reclaimed_median_ms": sorted(delays)[len(delays) // 2] if delays else None,
            "reclaimed_worst_ms": max(delays, default=None), "signed_accepted": accepted,
            "signed_refused": refused}


def traffic(logs):
    """Frames and bytes of every mote on the air, one broadcast counted once; each start of a process
    counts from zero and ends with a line of its own, unless it was killed."""
    return {mote: (int(rest[0]), int(rest[1])) for mote, lines in logs.items()
            for _, what, rest in lines if what == "end"}


def collect(plan, folder, bound, share):
    """All figures of a run."""
    logs = moves.read_logs(folder, plan.motes)
    ends = read_audits(folder, "end")
    replay = moves.Replay(plan.jobs, logs)
    replay_problem = None
    try:
        replay.run()
    except moves.Impossible as error:
        replay_problem = str(error)
    waits = replay.waits(plan.jobs)
    alone, alone_steps = bounds.without(plan.jobs, plan.motes, plan.rate)
    states = [(ms, mote, rest) for mote, lines in logs.items() for ms, what, rest in lines if what == "state"]
    first = ends[min(ends)].state
    air = traffic(logs)
    result = {
        "books": {name: first[name] for name in ("arrived", "done", "queued", "in_flight")},
        "audits_unbalanced": sum(1 for _, _, r in states if int(r[5]) != sum(map(int, r[6:9]))),
        "audits_lived": len(states),
        "trace_units": sum(plan.arrived.values()),
        "jobs": len(plan.jobs), "jobs_done": len(waits), "replay_problem": replay_problem,
        "wait_p95_ms": {"without": bounds.percentile(alone.values(), share),
                        "weir": bounds.percentile(waits.values(), share) if waits else None,
                        "clairvoyant": bound[0],
                        "pooled": bounds.percentile(bound[2].values(), share)},
        "wait_median_ms": {"without": bounds.percentile(alone.values(), HALF),
                           "weir": bounds.percentile(waits.values(), HALF) if waits else None,
                           "pooled": bounds.percentile(bound[2].values(), HALF)},
        "queue_max": {"without": max(q for steps in alone_steps.values() for _, q in steps),
                      "weir": max((int(r[2]) for lines in logs.values() for _, what, r in lines
                                   if what == "tick"), default=0),
                      "clairvoyant": bound[1]},
        "circulation": {"most": max((int(r[2]) for _, _, r in states), default=0),
                        "end": first["circulation_before"],
                        "after": max((int(r[3]) for _, _, r in states), default=0)},
        "air": {"frames_per_node": sum(f for f, _ in air.values()) / max(1, len(air)),
                "bytes_per_node": sum(b for _, b in air.values()) / max(1, len(air)),
                "bytes_most": max((b for _, b in air.values()), default=0),
                "nodes": len(air)},
        "heal_to_agreement_ms": news_after(logs, plan),
        "rest_to_equal_ms": last_agreement(logs, plan, first["digest"]),
        "news": news_delay(logs),
        "digests": Counter(audit.state["digest"] for audit in ends.values()),
        "ends": len(ends),
        "restarts": restarts(logs, plan),
        "lies": lies(logs, plan, ends) if plan.liar else None,
        "graph": {name: first[name] for name in ("nodes", "edges", "triangles")},
    }
    result["pictures"] = pictures(plan, replay, logs, alone_steps)
    result["curves"] = {"weir": sorted(waits.values()), "without": sorted(alone.values()),
                        "pooled": sorted(bound[2].values())}
    return result


def pictures(plan, replay, logs, alone_steps):
    """The run in steps of FRAME_MS: queues with and without weir, net flows."""
    count = plan.end_ms // FRAME_MS + 1
    queue = {mote: [0] * count for mote in plan.motes}
    running = {mote: [0] * count for mote in plan.motes}
    for mote, lines in logs.items():
        ticks = [(ms, int(rest[2])) for ms, what, rest in lines if what == "tick"]
        at = 0
        for i in range(count):
            while at < len(ticks) and ticks[at][0] <= i * FRAME_MS:
                at += 1
            queue[mote][i] = ticks[at - 1][1] if at else 0
            running[mote][i] = int(at > 0 and i * FRAME_MS - ticks[at - 1][0] < 800)
    flow = defaultdict(Counter)
    for ms, source, target, units in replay.flow:
        low, high = min(source, target), max(source, target)
        flow[min(count - 1, ms // FRAME_MS)][low, high] += units if source == low else -units
    return {
        "step_ms": FRAME_MS,
        "queue": queue,
        "running": running,
        "alone": {mote: [round(bounds.queue_at(alone_steps[mote], plan.rate, i * FRAME_MS))
                         for i in range(count)] for mote in plan.motes},
        "flow": [[[a, b, units] for (a, b), units in sorted(flow[i].items()) if units]
                 for i in range(count)],
    }


def judge(plan, result):
    """Every promise that did not hold, as a sentence."""
    books, failures = result["books"], []
    if books["arrived"] != result["trace_units"]:
        failures.append(f"{books['arrived']} units arrived, the trace has {result['trace_units']}")
    if books["arrived"] != books["done"] + books["queued"] + books["in_flight"]:
        failures.append("arrived is not done + queued + in flight")
    if result["audits_unbalanced"]:
        failures.append(f"{result['audits_unbalanced']} of {result['audits_lived']} states do not balance")
    if len(result["digests"]) != 1 or result["ends"] != len(plan.motes):
        failures.append(f"{result['ends']} motes ended with {len(result['digests'])} different digests")
    if result["replay_problem"]:
        failures.append(f"the logs cannot be replayed: {result['replay_problem']}")
    if result["jobs_done"] != result["jobs"]:
        failures.append(f"{result['jobs'] - result['jobs_done']} jobs were not done by the end")
    if result["circulation"]["after"] != 0:
        failures.append("reconciled flows still go round a triangle")
    if result["heal_to_agreement_ms"] is None:
        failures.append("after the cut the two halves did not come to agree")
    for back in result["restarts"]:
        if back["boots"] != 2 or back["ready_ms"] is None:
            failures.append(f"mote {back['mote']} did not come back")
    told = result["lies"]
    if told and (told["unanswered"] or told["signed_accepted"] or not told["signed_refused"] or
                 not told["told"]):
        failures.append(f"of {told['told']} lies {told['unanswered']} were not reclaimed; forged signed records "
                        f"accepted {told['signed_accepted']}, refused {told['signed_refused']}")
    return failures


def seconds(ms):
    return "never" if ms is None else f"{ms / 1000:.2f} s"


def rows(plan, result):
    """(label, text) of the table, also used in the report."""
    books, wait, queue = result["books"], result["wait_p95_ms"], result["queue_max"]
    work = {name: value / plan.rate for name, value in queue.items()}
    air, most = result["air"], result["digests"].most_common(1)[0]
    lines = [
        ("work", f"arrived {books['arrived']} = done {books['done']} + queued {books['queued']} + in flight "
                 f"{books['in_flight']}; the trace has {result['trace_units']}"),
        ("states that balance", f"{result['audits_lived'] - result['audits_unbalanced']} of "
                                f"{result['audits_lived']}"),
        ("jobs done", f"{result['jobs_done']} of {result['jobs']}"),
        ("95th percentile wait", f"without weir {seconds(wait['without'])}, with {seconds(wait['weir'])}, "
                                 f"clairvoyant bound {seconds(wait['clairvoyant'])} "
                                 f"(one big server, in order: {seconds(wait['pooled'])})"),
        ("largest queue", f"without weir {work['without']:.1f} s of work, with {work['weir']:.1f} s, "
                          f"clairvoyant bound {work['clairvoyant']:.1f} s"),
        ("circulation", f"at most {result['circulation']['most']} units in the raw writes "
                        f"({result['circulation']['end']} at the end), after reconciling "
                        f"{result['circulation']['after']}"),
        ("radio", f"{air['frames_per_node']:.0f} frames and {air['bytes_per_node'] / 1000:.1f} kB per node in "
                  f"{plan.end_ms / 1000:.0f} s"),
        ("from heal to agreement", seconds(result["heal_to_agreement_ms"])),
        ("from rest to equal digests", seconds(result["rest_to_equal_ms"])),
        ("digests", f"{most[1]} of {len(plan.motes)} are {most[0]}"),
        ("graph", "{nodes} nodes, {edges} edges up, {triangles} triangles"
         .format(**result["graph"])),
    ]
    if result["news"]:
        lines.insert(8, ("news reach another mote in", f"{seconds(result['news']['median_ms'])} (median), "
                                                       f"{seconds(result['news']['p95_ms'])} (95 %)"))
    for back in result["restarts"]:
        how = "from its snapshot" if back["snapshot"] else "from its neighbours"
        lines.append((f"mote {back['mote']} restarted", f"came back {how} after {seconds(back['ready_ms'])}: "
                      f"done {back['done_learned']} (it had done {back['done_before']})"))
    if result["lies"]:
        told = result["lies"]
        lines += [
            ("member records", f"{told['told']} LOAD rows forged in the names of {len(told['victims'])} motes; "
             f"{told['reclaimed']} reclaimed by their authors, median {seconds(told['reclaimed_median_ms'])}, "
             f"worst {seconds(told['reclaimed_worst_ms'])}"),
            ("signed records", f"forged ones accepted {told['signed_accepted']}, refused "
             f"{told['signed_refused']}"),
        ]
    if "check" in result:
        checked = result["check"]
        lines += [
            ("independent checker", f"{checked['audits']} audits, {checked['records']} records, "
             f"{checked['problems']} disagree; one flipped bit "
             f"{'is noticed' if checked['one_bit_noticed'] else 'IS NOT NOTICED'}"),
            (f"mote {plan.recorded} replayed", f"this machine: {result['replay']['host']}; "
             f"RV32IMAC: {result['replay']['rv32']}"),
            ("seconds", ", ".join(f"{name} {value:.1f}" for name, value in result["seconds"].items())),
        ]
    return lines


def table(plan, result):
    lines = rows(plan, result)
    width = max(len(label) for label, _ in lines)
    return "\n" + "\n".join(f"{label:{width}}  {text}" for label, text in lines) + "\n"


def evidence(plan, result):
    """Rows for docs/evidence.json."""
    def row(name, value, unit, op="measured", target=None):
        return {"topic": "first-mesh", "row": f"demo: {name}", "value": value, "unit": unit, "op": op,
                "target": target, "command": "make demo"}
    wait, queue, books = result["wait_p95_ms"], result["queue_max"], result["books"]
    unbalanced = result["audits_unbalanced"] + abs(
        books["arrived"] - books["done"] - books["queued"] - books["in_flight"])
    found = [
        row("run", round(result["seconds"]["run"], 1), "s", "<=", 60),
        row("states where arrived is not done + queued + in flight", unbalanced, "states", "==", 0),
        row("audits that saw one end of a link retired before the other", result["check"]["between"], "audits"),
        row("units arrived less those of the trace", books["arrived"] - result["trace_units"], "units", "==", 0),
        row("motes with the most common digest at the end", max(result["digests"].values()), "motes", "==",
            len(plan.motes)),
        row("disagreements found by the independent checker", result["check"]["problems"], "", "==", 0),
        row("one flipped bit is noticed", int(result["check"]["one_bit_noticed"]), "", "==", 1),
    ]
    found += [row(f"95th percentile wait, {name}", value if value is None else round(value / 1000, 2), "s")
              for name, value in wait.items()]
    found += [row(f"largest queue, {name}", round(value / plan.rate, 1), "s of work")
              for name, value in queue.items()]
    found += [
        row("circulation in the raw writes, most", result["circulation"]["most"], "units"),
        row("circulation after reconciling", result["circulation"]["after"], "units", "==", 0),
        row("frames per node", round(result["air"]["frames_per_node"]), "frames"),
        row("bytes per node", round(result["air"]["bytes_per_node"]), "bytes"),
        row("from heal to agreement", result["heal_to_agreement_ms"], "ms"),
    ]
    if result["lies"]:
        told = result["lies"]
        found += [
            row("lies about LOAD that were not reclaimed", told["unanswered"], "rows", "==", 0),
            row("forged LOAD reclaimed within, worst", told["reclaimed_worst_ms"], "ms"),
            row("forged signed records accepted", told["signed_accepted"], "records", "==", 0),
        ]
    return found


def for_evidence(plan, result):
    """The figures without pictures and curves, and the rows for docs/evidence.json."""
    kept = {name: value for name, value in result.items() if name not in ("pictures", "curves")}
    return {"evidence": evidence(plan, result), "rate": plan.rate, "motes": len(plan.motes), **kept}


def write_report(plan, result, path):
    report.write(plan, result, rows(plan, result), path)
