#!/usr/bin/env python3
"""Tests of the demo's own arithmetic: none of them needs weir or a network."""
import itertools
import os
import tempfile
import unittest
from fractions import Fraction

import bounds
import ed25519
import exact
import moves
import records
import workload

HERE = os.path.dirname(os.path.abspath(__file__))


def refusal(text):
    """What the trace reader says to a file with this text."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            workload.read_events(file.name)
        except workload.BadInput as error:
            return str(error).removeprefix(file.name)
    return None


class Traces(unittest.TestCase):
    """Bad files are refused with line and reason."""

    def test_refusal_names_line_and_reason(self):
        head = "# note\ntime_s,x,y,size\n"
        for text, said in (
                ("", ", line 1: the header must be"),
                ("a,b\n", ", line 1: the header must be"),
                (head, ", line 2: no event"),
                (head + "0,1,2\n", ", line 3: expected 4 columns, found 3"),
                (head + "0,1,2,3\n\n0,north,2,3\n", ", line 5: x is not a number: 'north'"),
                (head + "0,1,inf,3\n", ", line 3: y is not finite"),
                (head + "5,1,2,3\n4,1,2,3\n", ", line 4: time_s 4 is before the line above"),
                (head + "-1,1,2,3\n", ", line 3: time_s -1 is negative"),
                (head + "0,1,2,0\n", ", line 3: size 0 is not positive"),
                (head + "0,1,2,1e12\n", ", line 3: a job of size 1e+12 is too large"),
                ("time_s,x,y,magnitude\n0,1,2,40\n", ", line 2: magnitude 40 is outside")):
            self.assertTrue(refusal(text).startswith(said), (text, refusal(text)))
        self.assertIn("No such file", self.missing())

    @staticmethod
    def missing():
        try:
            workload.read_events("/nowhere/at/all.csv")
        except workload.BadInput as error:
            return str(error)
        return ""

    def test_committed_trace_and_map_are_whole(self):
        motes = workload.read_map(os.path.join(HERE, "motes.csv"))
        events = workload.read_events(os.path.join(HERE, "earthquakes.csv"))
        links = workload.links(motes, 8)
        self.assertEqual((len(motes), len(links), len(exact.triangles(links)), len(events)),
                         (54, 153, 151, 1707))
        jobs = workload.jobs_of(events, motes, 6000, 34000)
        self.assertEqual(sum(job.units for job in jobs), sum(event[3] for event in events))
        self.assertTrue(all(6000 <= job.ms <= 40000 for job in jobs))


class Bounds(unittest.TestCase):
    """The lower bound is the best that any choice of jobs to leave out can do."""

    def test_clairvoyant_is_the_best_of_all_choices(self):
        jobs = [workload.Job(i, ms, 1, units) for i, (ms, units) in enumerate(
            [(0, 50), (10, 900), (20, 30), (25, 400), (600, 10), (650, 70), (700, 5), (900, 300)])]
        for share in (Fraction(3, 4), Fraction(1, 2), Fraction(1)):
            kept = -(-len(jobs) * share.numerator // share.denominator)
            best = min(max(bounds.one_server(list(some), 1000)[0].values())
                       for some in itertools.combinations(jobs, kept))
            found = bounds.clairvoyant(jobs, [1], 1000, share)[0]
            self.assertAlmostEqual(found, best, delta=1.1)

    def test_percentile_is_a_value_that_enough_reach(self):
        self.assertEqual(bounds.percentile(range(1, 101), Fraction(95, 100)), 95)
        self.assertEqual(bounds.percentile([7], Fraction(95, 100)), 7)

    def test_queue_falls_at_the_rate(self):
        _, steps = bounds.one_server([workload.Job(0, 100, 1, 500)], 1000)
        self.assertEqual([bounds.queue_at(steps, 1000, ms) for ms in (99, 100, 350, 600, 900)],
                         [0, 500, 250, 0, 0])


class Exact(unittest.TestCase):
    """Plans and holes of small graphs, by hand."""

    def test_plan_of_two_is_half(self):
        ship, excess = exact.plan([1, 2], [(1, 2)], {1: 100, 2: 0}, {1: 1, 2: 1})
        self.assertEqual((ship, excess), ({(1, 2): 50}, {1: 50, 2: -50}))

    def test_node_without_capacity_sheds_everything(self):
        ship, _ = exact.plan([1, 2, 3], [(1, 2), (1, 3)], {1: 7, 2: 0, 3: 0}, {1: 0, 2: 1, 3: 1})
        self.assertEqual(ship, {(1, 2): 4, (1, 3): 3})

    def test_plan_levels_up_to_the_degree(self):
        nodes, edges = [1, 2, 3, 4, 7], [(1, 2), (1, 3), (2, 3), (3, 4)]
        load = {1: 1000, 2: 3, 3: 77, 4: -5, 7: 11}
        ship, excess = exact.plan(nodes, edges, load, {1: 1, 2: 2, 3: 1, 4: 3, 7: 1})
        targets = {v: load[v] - excess[v] for v in nodes}
        for (a, b), units in ship.items():
            load[a] -= units
            load[b] += units
        self.assertTrue(all(abs(load[v] - targets[v]) <= 3 for v in nodes), (load, targets))

    def test_holes_count_unfilled_cycles(self):
        square = ((1, 2), (2, 3), (3, 4), (1, 4))
        self.assertEqual(exact.holes((1, 2, 3, 4), square), 1)
        self.assertEqual(exact.holes((1, 2, 3, 4), tuple(sorted(square + ((1, 3),)))), 0)

    def test_circulation_is_what_goes_round(self):
        edges = [(1, 2), (1, 3), (2, 3)]
        self.assertEqual(exact.circulation(edges, {(1, 2): 5, (2, 3): 5, (1, 3): -2}), 12)
        self.assertEqual(exact.circulation(edges, {(1, 2): 5, (2, 3): 5, (1, 3): 10}), 0)


class Moves(unittest.TestCase):
    """Units are followed job by job."""

    JOBS = [workload.Job(0, 0, 1, 100), workload.Job(1, 50, 2, 10)]

    def play(self, logs):
        replay = moves.Replay(self.JOBS, logs)
        replay.run()
        return replay

    def test_job_ends_with_its_last_unit_wherever_that_is(self):
        replay = self.play({
            1: [(100, "tick", ["100", "0"]), (100, "sent", ["2", "60"]), (200, "tick", ["100", "40"])],
            2: [(100, "tick", ["10", "10"]), (150, "got", ["1", "60"]), (300, "tick", ["10", "70"])],
        })
        self.assertEqual(replay.waits(self.JOBS), {0: 300, 1: 50})

    def test_receipt_waits_for_its_shipment(self):
        replay = self.play({
            1: [(101, "tick", ["100", "0"]), (101, "sent", ["2", "60"])],
            2: [(100, "got", ["1", "60"]), (300, "tick", ["10", "70"])],
        })
        self.assertEqual(replay.queue[1].total, 40)

    def test_restart_does_the_forgotten_work_again(self):
        replay = self.play({
            1: [(100, "tick", ["100", "0"]), (200, "tick", ["100", "100"]), (300, "start", ["2"]),
                (400, "learned", ["100", "90"]), (400, "own", ["2", bytes(4).hex()]),
                (500, "tick", ["100", "100"])],
            2: [],
        })
        self.assertEqual(replay.waits(self.JOBS), {0: 500})

    def test_restart_takes_back_what_never_left(self):
        own = (0).to_bytes(4, "little")
        replay = self.play({
            1: [(100, "tick", ["100", "0"]), (100, "sent", ["2", "60"]), (300, "start", ["2"]),
                (400, "learned", ["100", "0"]), (400, "own", ["2", own.hex()]),
                (500, "tick", ["100", "100"])],
            2: [],
        })
        self.assertEqual((replay.edge[1, 2].total, replay.waits(self.JOBS)), (0, {0: 500}))

    def test_receipt_that_was_forgotten_is_received_again(self):
        own = (60).to_bytes(4, "little")
        replay = self.play({
            1: [(100, "tick", ["100", "0"]), (100, "sent", ["2", "60"]), (200, "tick", ["100", "40"])],
            2: [(100, "tick", ["10", "10"]), (150, "got", ["1", "60"]), (300, "start", ["2"]),
                (400, "got", ["1", "60"]), (400, "learned", ["10", "10"]), (400, "own", ["2", own.hex()]),
                (500, "tick", ["10", "70"])],
        })
        self.assertEqual((replay.queue[2].total, replay.waits(self.JOBS)), (0, {0: 500, 1: 50}))

    def test_work_from_nowhere_is_an_error(self):
        with self.assertRaises(moves.Impossible):
            self.play({1: [(100, "tick", ["100", "101"])], 2: []})
        with self.assertRaises(moves.Impossible):
            self.play({1: [], 2: [(100, "got", ["1", "5"])]})


class Records(unittest.TestCase):
    """The record formats."""

    def test_links_are_read_as_written(self):
        payload = bytes.fromhex("ffffffff" "0500" "02" "0a000000" "07000000")
        self.assertEqual(records.links(payload), (2 ** 32 - 1, [(5, 2, 10, 7)]))
        self.assertEqual(records.signed32(2 ** 32 - 1), -1)

    def test_signature_of_the_standard_is_valid_and_another_is_not(self):
        # RFC 8032, section 7.1, test 2.
        seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
        signature = bytes.fromhex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        self.assertTrue(ed25519.verify(ed25519.public_key(seed), b"\x72", signature))
        self.assertFalse(ed25519.verify(ed25519.public_key(seed), b"\x73", signature))


if __name__ == "__main__":
    unittest.main()
