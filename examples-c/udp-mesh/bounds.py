"""What would have happened without weir, and what nobody could have beaten.

Waiting time, everywhere in the demo: from the arrival of a job until its last unit is done.
"""
import bisect
from collections import defaultdict


def percentile(values, share):
    """The smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * share.numerator // share.denominator)
    return ordered[max(0, rank - 1)]


def one_server(jobs, rate):
    """First come, first served at `rate` units a second: ({job: waiting ms}, [(ms, queue in units)]
    just before and just after every arrival)."""
    waits, steps, free = {}, [], 0.0
    for job in sorted(jobs, key=lambda j: (j.ms, j.number)):
        backlog = max(0.0, (free - job.ms) * rate / 1000)
        steps += [(job.ms, backlog), (job.ms, backlog + job.units)]
        free = max(free, job.ms) + 1000 * job.units / rate
        waits[job.number] = free - job.ms
    steps.append((free, 0.0))
    return waits, steps


def queue_at(steps, rate, ms):
    """Queue of `one_server` at a time: it falls at `rate` after every step."""
    at = bisect.bisect_right(steps, (ms, float("inf"))) - 1
    if at < 0:
        return 0.0
    return max(0.0, steps[at][1] - (ms - steps[at][0]) * rate / 1000)


def without(jobs, motes, rate):
    """Every mote alone: ({job: waiting ms}, {mote: steps})."""
    own = defaultdict(list)
    for job in jobs:
        own[job.mote].append(job)
    waits, steps = {}, {}
    for mote in motes:
        mote_waits, steps[mote] = one_server(own[mote], rate)
        waits.update(mote_waits)
    return waits, steps


def all_but(jobs, left_out, limit_ms, rate):
    """Whether one server of `rate` can finish all but `left_out` jobs within `limit_ms` of their
    arrival. Deadlines are in the order of arrivals, so serving the kept jobs in that order is best,
    and best[d], the earliest end with d jobs left out so far, tells which choice to keep."""
    best = [0.0] + [float("inf")] * left_out
    for job in jobs:
        cost = 1000 * job.units / rate
        deadline = job.ms + limit_ms
        fresh = []
        for d in range(left_out + 1):
            end = max(best[d], job.ms) + cost
            kept = end if end <= deadline else float("inf")
            fresh.append(min(kept, best[d - 1] if d else float("inf")))
        best = fresh
    return min(best) < float("inf")


def clairvoyant(jobs, motes, rate, share):
    """Lower bounds for every scheduler, however well it is informed.

    95th percentile: all motes are one server of their total rate, work moves in no time, and which
    jobs to sacrifice is known in advance. Largest queue: a job arrives whole at one mote, so the
    queue there is at least that job; and at least the mean share of all work left by that one
    server, which never leaves more than another scheduler would. Gives (wait ms, queue units, and
    the waiting times of the one server without foresight)."""
    ordered = sorted(jobs, key=lambda j: (j.ms, j.number))
    total = rate * len(motes)
    fifo, steps = one_server(ordered, total)
    kept = -(-len(jobs) * share.numerator // share.denominator)
    left_out = len(jobs) - kept
    low, high = 0.0, float(percentile(fifo.values(), share))
    while high - low > 1.0:
        middle = (low + high) / 2
        low, high = (low, middle) if all_but(ordered, left_out, middle, total) else (middle, high)
    queue = max([job.units for job in jobs] + [backlog / len(motes) for _, backlog in steps])
    return high, queue, fifo
