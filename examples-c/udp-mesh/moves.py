"""Replay the nodes' logs unit by unit, to know when the last unit of every job was done.

weir counts units and does not name them, so which unit moved is a matter of definition: a queue is
in order of job number (the order of arrival anywhere), the oldest units are worked on and shipped
first, and an edge delivers in the order in which it was loaded. docs/demo.md says what the lines of
a log mean. Whatever the logs claim and the replay cannot carry out is an error of the run.
"""
import heapq
import os
from collections import Counter, defaultdict, deque

import records


class Impossible(Exception):
    """The logs of the nodes contradict each other."""


class Queue:
    """Units by job, the oldest job first."""

    def __init__(self):
        self.units = {}
        self.order = []
        self.total = 0

    def put(self, parts):
        """Add [(job, units)]."""
        for job, units in parts:
            if job not in self.units:
                self.units[job] = 0
                heapq.heappush(self.order, job)
            self.units[job] += units
            self.total += units

    def take(self, amount):
        """The oldest `amount` units as [(job, units)]."""
        if amount > self.total:
            raise Impossible(f"{amount} units leave a queue of {self.total}")
        parts = []
        self.total -= amount
        while amount > 0:
            job = self.order[0]
            units = min(amount, self.units[job])
            parts.append((job, units))
            amount -= units
            self.units[job] -= units
            if self.units[job] == 0:
                del self.units[job]
                heapq.heappop(self.order)
        return parts

    def take_exactly(self, parts):
        """Remove [(job, units)] again: the way back of `put`."""
        for job, units in parts:
            if self.units.get(job, 0) < units:
                raise Impossible(f"job {job} is not here any more")
            self.units[job] -= units
            self.total -= units
            if self.units[job] == 0:
                del self.units[job]
                self.order.remove(job)
                heapq.heapify(self.order)


class Edge:
    """Units between two motes, in one direction, in order."""

    def __init__(self):
        self.parts = deque()
        self.total = 0

    def load(self, parts):
        self.parts.extend(parts)
        self.total += sum(units for _, units in parts)

    def unload(self, amount):
        self.total -= amount
        out = []
        while amount > 0:
            job, units = self.parts.popleft()
            taken = min(units, amount)
            out.append((job, taken))
            amount -= taken
            if taken < units:
                self.parts.appendleft((job, units - taken))
        return out

    def unread(self, parts):
        """Put back what was unloaded last."""
        self.parts.extendleft(reversed(parts))
        self.total += sum(units for _, units in parts)

    def unload_last(self, amount):
        """What was loaded last: for a shipment that a restart undid."""
        self.parts.reverse()
        out = self.unload(amount)
        self.parts.reverse()
        return out


def read_log(path):
    """[(ms, what, numbers)] of one node; a line that was cut short by a kill is dropped."""
    lines = []
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.endswith("\n"):
                what, ms, *rest = line.split()
                lines.append((int(ms), what, rest))
    return lines


def read_logs(folder, motes):
    """{mote: lines}."""
    return {mote: read_log(os.path.join(folder, f"log-{mote}.txt")) for mote in motes}


def with_rewinds(lines):
    """The same lines, with what the mesh remembered put where a mote started again.

    `learned` and `own` say what the ledger was when learning was over; what was received up to then
    is in it already. So before those receipts the ledger was: done as learned, and a gain (received
    less sent) that is smaller by them."""
    lines = list(lines)
    for at, (ms, what, rest) in enumerate(lines):
        if what != "start" or rest == ["1"]:
            continue
        received, done = 0, None
        for _, later, numbers in lines[at + 1:]:
            if later == "got":
                received += int(numbers[1])
            elif later == "learned":
                done = int(numbers[1])
            elif later == "own" and numbers[0] == str(records.LINKS):
                carried, entries = records.links(bytes.fromhex(numbers[1]))
                gain = carried + sum(acked - sent for _, _, sent, acked in entries) - received
                lines[at] = (ms, "rewind", [str(done), str(gain)])
                break
            elif later == "start":
                break
    return lines


class Replay:
    """The whole mesh, one unit at a time."""

    def __init__(self, jobs, logs):
        self.logs = {mote: with_rewinds(lines) for mote, lines in logs.items()}
        self.coming = defaultdict(deque)
        for job in sorted(jobs, key=lambda j: (j.ms, j.number)):
            self.coming[job.mote].append((job.number, job.units))
        self.left = {job.number: job.units for job in jobs}
        self.queue = defaultdict(Queue)
        self.edge = defaultdict(Edge)
        self.arrived = Counter()
        self.done = Counter()
        self.worked = defaultdict(list)    # (job, units) done by a mote, newest last
        self.moved = defaultdict(list)     # shipments and receipts of a mote, newest last
        self.finished = {}                 # job: ms of its last unit
        self.steps = []                    # (ms, mote, queue)
        self.flow = []                     # (ms, from, to, units), on departure

    def run(self):
        """Play all lines in order of time; a receipt waits for the shipment it needs."""
        position = dict.fromkeys(self.logs, 0)
        ready = [(lines[0][0], mote) for mote, lines in self.logs.items() if lines]
        heapq.heapify(ready)
        waiting = defaultdict(list)
        while ready:
            ms, mote = heapq.heappop(ready)
            _, what, rest = self.logs[mote][position[mote]]
            if what == "got" and self.edge[int(rest[0]), mote].total < int(rest[1]):
                waiting[int(rest[0]), mote].append((ms, mote))
                continue
            self.line(ms, mote, what, rest)
            if what == "sent":
                for blocked in waiting.pop((mote, int(rest[0])), []):
                    heapq.heappush(ready, (max(ms, blocked[0]), blocked[1]))
            position[mote] += 1
            if position[mote] < len(self.logs[mote]):
                heapq.heappush(ready, (max(ms, self.logs[mote][position[mote]][0]), mote))
        for (source, target), blocked in waiting.items():
            if blocked:
                raise Impossible(f"mote {target} received from {source} at {blocked[0][0]} ms what was "
                                 "never sent")

    def line(self, ms, mote, what, rest):
        if what == "tick":
            self.arrive(mote, int(rest[0]))
            self.work(ms, mote, int(rest[1]))
            self.steps.append((ms, mote, self.queue[mote].total))
        elif what == "sent":
            parts = self.queue[mote].take(int(rest[1]))
            self.edge[mote, int(rest[0])].load(parts)
            self.moved[mote].append((int(rest[0]), parts, "sent"))
            self.flow.append((ms, mote, int(rest[0]), int(rest[1])))
        elif what == "got":
            self.receive(mote, int(rest[0]), int(rest[1]))
        elif what == "rewind":
            self.rewind_work(mote, int(rest[0]))
            self.rewind_moves(mote, int(rest[1]))

    def receive(self, mote, peer, amount):
        """Units taken from an edge; a negative amount goes back to it, because the sender restarted
        without its last words."""
        if amount >= 0:
            parts = self.edge[peer, mote].unload(amount)
            self.queue[mote].put(parts)
        else:
            parts = [(job, -units) for job, units in self.queue[mote].take(-amount)]
            self.edge[peer, mote].unread([(job, -units) for job, units in parts])
        self.moved[mote].append((peer, parts, "got"))

    def arrive(self, mote, total):
        while self.arrived[mote] < total:
            job, units = self.coming[mote].popleft()
            self.arrived[mote] += units
            self.queue[mote].put([(job, units)])
        if self.arrived[mote] != total:
            raise Impossible(f"mote {mote} took in {total} units, which is not a whole number of jobs")

    def work(self, ms, mote, total):
        parts = self.queue[mote].take(total - self.done[mote])
        self.done[mote] = total
        self.worked[mote] += parts
        for job, units in parts:
            self.left[job] -= units
            if self.left[job] == 0:
                self.finished[job] = ms

    def rewind_work(self, mote, total):
        """After a restart the mesh remembers the last `done` that left the node; what was done
        since is done once more."""
        again = self.done[mote] - total
        self.done[mote] = min(self.done[mote], total)
        while again > 0:
            job, units = self.worked[mote].pop()
            back = min(units, again)
            again -= back
            if back < units:
                self.worked[mote].append((job, units - back))
            self.left[job] += back
            self.finished.pop(job, None)
            self.queue[mote].put([(job, back)])

    def rewind_moves(self, mote, wanted):
        """The same for shipments and receipts: undo the newest until the ledger agrees."""
        gain = sum(sum(units for _, units in parts) * (1 if way == "got" else -1)
                   for _, parts, way in self.moved[mote])
        while (gain - wanted) % 2 ** 32 != 0:
            if not self.moved[mote]:
                raise Impossible(f"mote {mote} came back with a ledger it never had")
            peer, parts, way = self.moved[mote].pop()
            amount = sum(units for _, units in parts)
            gain += amount if way == "sent" else -amount
            if way == "got":
                self.queue[mote].take_exactly(parts)
                self.edge[peer, mote].unread(parts)
            elif self.edge[mote, peer].total >= amount:
                self.queue[mote].put(self.edge[mote, peer].unload_last(amount))
            # Otherwise it had arrived: its receiver will say so, and the ledger will follow.

    def waits(self, jobs):
        """{job: ms from arrival to its last unit}, for the jobs that ended."""
        return {job.number: self.finished[job.number] - job.ms
                for job in jobs if job.number in self.finished}
