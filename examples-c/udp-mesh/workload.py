"""The map and the work: read both, refuse what is not usable, give every job a mote."""
import csv
import math
from dataclasses import dataclass

UNITS_PER_SIZE = 100        # work is counted in integers: one unit is 1/100 of a job of size 1
MOST_JOBS = 200_000
MOST_UNITS = 2 ** 30        # far below what a 32-bit counter of an edge can carry


class BadInput(Exception):
    """A file that cannot be used; the text says which line and why."""


@dataclass(frozen=True)
class Job:
    """`units` of work that arrive at `mote` at `ms` of run time."""
    number: int
    ms: int
    mote: int
    units: int


def plain_lines(path):
    """(line number, text) without comments and empty lines."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for number, line in enumerate(file, 1):
                text = line.strip()
                if text and not text.startswith("#"):
                    yield number, text
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error


def read_map(path):
    """{mote: (x, y)} in metres."""
    motes = {}
    for number, text in plain_lines(path):
        if text == "mote,x,y":
            continue
        try:
            mote, x, y = text.split(",")
            motes[int(mote)] = (float(x), float(y))
        except ValueError as error:
            raise BadInput(f"{path}, line {number}: expected mote,x,y, found {text!r}") from error
    return motes


def links(motes, metres):
    """Pairs of motes that hear each other, the lower number first."""
    ids = sorted(motes)
    return [(a, b) for i, a in enumerate(ids) for b in ids[i + 1:]
            if math.dist(motes[a], motes[b]) <= metres]


def connected(ids, edges):
    """Whether `edges` join all of `ids`."""
    ids = set(ids)
    if not ids:
        return False
    reached, todo = set(), [min(ids)]
    while todo:
        v = todo.pop()
        if v in reached:
            continue
        reached.add(v)
        todo += [b if a == v else a for a, b in edges if v in (a, b)]
        todo = [w for w in todo if w in ids]
    return reached == ids


def number_in(path, line, name, text):
    """A finite number, or a refusal that names the column."""
    try:
        value = float(text)
    except ValueError as error:
        raise BadInput(f"{path}, line {line}: {name} is not a number: {text!r}") from error
    if not math.isfinite(value):
        raise BadInput(f"{path}, line {line}: {name} is not finite: {text!r}")
    return value


def size_of(path, line, kind, value):
    """Units of work of one event, at least 1."""
    if kind == "magnitude" and not -10 <= value <= 12:
        raise BadInput(f"{path}, line {line}: magnitude {value:g} is outside -10..12")
    if kind == "size" and value <= 0:
        raise BadInput(f"{path}, line {line}: size {value:g} is not positive")
    size = 10 ** (value / 2) if kind == "magnitude" else value
    if size * UNITS_PER_SIZE > MOST_UNITS:
        raise BadInput(f"{path}, line {line}: a job of size {size:g} is too large for the demo")
    return max(1, round(size * UNITS_PER_SIZE))


def read_events(path):
    """[(time_s, x, y, units)] of a trace: header `time_s,x,y,magnitude` or `time_s,x,y,size`, then
    one event per line in order of time."""
    lines = plain_lines(path)
    first, header = next(lines, (1, ""))
    kind = header.rpartition(",")[2]
    if header not in ("time_s,x,y,magnitude", "time_s,x,y,size"):
        raise BadInput(f"{path}, line {first}: the header must be time_s,x,y,magnitude or "
                       f"time_s,x,y,size, found {header!r}")
    events, total = [], 0
    for line, text in lines:
        fields = next(csv.reader([text]))
        if len(fields) != 4:
            raise BadInput(f"{path}, line {line}: expected 4 columns, found {len(fields)}")
        time, x, y, value = (number_in(path, line, name, field) for name, field
                             in zip(("time_s", "x", "y", kind), fields))
        if time < 0:
            raise BadInput(f"{path}, line {line}: time_s {time:g} is negative")
        if events and time < events[-1][0]:
            raise BadInput(f"{path}, line {line}: time_s {time:g} is before the line above")
        units = size_of(path, line, kind, value)
        total += units
        if total > MOST_UNITS or len(events) == MOST_JOBS:
            raise BadInput(f"{path}, line {line}: more work than the demo can count "
                           f"({MOST_UNITS} units in {MOST_JOBS} jobs)")
        events.append((time, x, y, units))
    if not events:
        raise BadInput(f"{path}, line {first}: no event below the header")
    return events


def place(value, low, high, to_low, to_high):
    """`value` scaled from low..high to to_low..to_high; the middle if there is only one value."""
    return (to_low + to_high) / 2 if low == high else \
        to_low + (to_high - to_low) * (value - low) / (high - low)


def jobs_of(events, motes, begin_ms, span_ms):
    """The jobs of a run: positions scaled to the rectangle of the map, times to `span_ms`."""
    spans = []
    for axis in (0, 1):
        from_values = [event[1 + axis] for event in events]
        to_values = [position[axis] for position in motes.values()]
        spans.append((min(from_values), max(from_values), min(to_values), max(to_values)))
    first, last = events[0][0], events[-1][0]
    jobs = []
    for number, (time, x, y, units) in enumerate(events):
        here = (place(x, *spans[0]), place(y, *spans[1]))
        mote = min(sorted(motes), key=lambda m: math.dist(motes[m], here))
        share = 0 if first == last else (time - first) / (last - first)
        jobs.append(Job(number, begin_ms + int(share * span_ms), mote, units))
    return jobs
