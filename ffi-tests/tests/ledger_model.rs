//! The two-ended ledger against its law: a few nodes, rows that arrive late or never, links that
//! come and go, fewer places than neighbours. At every step arrived = queued + in flight, and
//! nothing that is in flight is negative.

use bytemuck::Zeroable;
use ffi_tests::evidence::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use weir::mesh::ledger::{Ledger, LedgerHead, View};
use weir::record::rows::{Link, Load};

const ARRIVED: i64 = 1000;

/// A node: its ledger, whom it wants, and the newest rows of the others that it holds.
struct Party {
    id: u16,
    head: LedgerHead,
    entries: Vec<Link>,
    wanted: Vec<bool>,
    held: Vec<Option<Vec<Link>>>,
}

impl Party {
    fn new(index: usize, count: usize, degree: usize) -> Self {
        let mut head = LedgerHead::zeroed();
        head.load = Load {
            injected: ARRIVED,
            capacity: 1,
            ..Load::default()
        };
        let (wanted, held) = (vec![false; count], vec![None; count]);
        Self {
            id: index as u16 + 1,
            head,
            entries: vec![Link::zeroed(); degree],
            wanted,
            held,
        }
    }

    fn ledger(&mut self) -> Ledger<'_> {
        Ledger::new(&mut self.head, &mut self.entries)
    }

    fn view(held: &[Option<Vec<Link>>], own: u16, other: u16) -> View {
        match &held[usize::from(other) - 1] {
            None => View::Unknown,
            Some(row) => row
                .iter()
                .find(|l| l.neighbour == own)
                .map_or(View::Unlisted, |l| View::Listed(*l)),
        }
    }

    fn review(&mut self) {
        let (own, wanted, held) = (self.id, self.wanted.clone(), self.held.clone());
        let candidates = (1..=wanted.len() as u16).filter(|&id| wanted[usize::from(id) - 1]);
        let wants = |id: u16| wanted[usize::from(id) - 1];
        self.ledger()
            .review(wants, |id| Self::view(&held, own, id), candidates);
    }

    fn hear(&mut self, other: u16, row: Vec<Link>) {
        self.held[usize::from(other) - 1] = Some(row);
        if let View::Listed(theirs) = Self::view(&self.held, self.id, other) {
            self.ledger().take(&theirs, other);
        }
    }

    /// Ships part of what waits, if the edge is up as far as this node knows.
    fn ship(&mut self, other: u16, share: u8) {
        let view = Self::view(&self.held, self.id, other);
        let mut ledger = self.ledger();
        let queued = ledger.queued().max(0) as u32;
        let Some(link) = ledger.link_mut(other) else {
            return;
        };
        if matches!(view, View::Listed(theirs) if link.up(&theirs)) {
            link.sent = link.sent.wrapping_add(queued * u32::from(share) / 255);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Ship(usize, usize, u8),
    Hear(usize, usize),
    Review(usize),
    Want(usize, usize, bool),
}

fn op(count: usize) -> impl Strategy<Value = Op> {
    let pair = (0..count, 1..count).prop_map(move |(a, step)| (a, (a + step) % count));
    prop_oneof![
        3 => (pair.clone(), any::<u8>()).prop_map(|((a, b), share)| Op::Ship(a, b, share)),
        4 => pair.clone().prop_map(|(a, b)| Op::Hear(a, b)),
        4 => (0..count).prop_map(Op::Review),
        2 => (pair, any::<bool>()).prop_map(|((a, b), on)| Op::Want(a, b, on)),
    ]
}

struct World(Vec<Party>);

impl World {
    fn new(count: usize, degree: usize) -> Self {
        Self(
            (0..count)
                .map(|index| Party::new(index, count, degree))
                .collect(),
        )
    }

    fn apply(&mut self, op: Op) -> Result<(), TestCaseError> {
        match op {
            Op::Ship(a, b, share) => self.0[a].ship(b as u16 + 1, share),
            Op::Hear(a, b) => {
                let row = self.0[b].ledger().links().to_vec();
                self.0[a].hear(b as u16 + 1, row);
            }
            Op::Review(a) => self.0[a].review(),
            Op::Want(a, b, on) => self.0[a].wanted[b] = on,
        }
        self.law()
            .map(|_| ())
            .map_err(|why| TestCaseError::fail(format!("after {op:?}: {why}")))
    }

    fn row(&mut self, from: usize, to: usize) -> Option<Link> {
        self.0[from].ledger().link(to as u16 + 1).copied()
    }

    /// What is in flight; the law.
    fn law(&mut self) -> Result<i64, String> {
        let queued: i64 = self
            .0
            .iter_mut()
            .map(|p| i64::from(p.ledger().queued()))
            .sum();
        let mut flying = 0;
        for a in 0..self.0.len() {
            for b in (0..self.0.len()).filter(|&b| b != a) {
                if let (Some(own), Some(theirs)) = (self.row(a, b), self.row(b, a))
                    && own.ahead_of(&theirs) == 0
                {
                    let units = i64::from(own.sent.wrapping_sub(theirs.acked) as i32);
                    if units < 0 {
                        return Err(format!("{units} in flight: {own:?} {theirs:?}"));
                    }
                    flying += units;
                }
            }
        }
        let arrived = ARRIVED * self.0.len() as i64;
        if queued + flying == arrived {
            Ok(flying)
        } else {
            Err(format!(
                "{queued} queued and {flying} in flight of {arrived}"
            ))
        }
    }
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn no_unit_is_lost_and_the_edge_comes_up_again(ops in vec(op(2), 0..120)) {
        let mut world = World::new(2, 1);
        for op in ops {
            world.apply(op)?;
        }
        for _ in 0..8 {
            for (a, b) in [(0, 1), (1, 0)] {
                world.apply(Op::Want(a, b, true))?;
                world.apply(Op::Hear(a, b))?;
                world.apply(Op::Review(a))?;
            }
        }
        prop_assert_eq!(world.law(), Ok(0), "at rest nothing is in flight");
        let rows = (world.row(0, 1), world.row(1, 0));
        let up = matches!(rows, (Some(a), Some(b)) if a.up(&b));
        prop_assert!(up, "the edge is up again: {:?}", rows);
    }

    #[test]
    fn an_end_that_is_not_heard_comes_to_rest_until_it_is(ops in vec(op(2), 0..120)) {
        let mut world = World::new(2, 1);
        for op in ops {
            world.apply(op)?;
        }
        let mut rows = Vec::new();
        for (heard, rounds) in [(false, 12), (true, 8)] {
            rows.clear();
            for _ in 0..rounds {
                for (a, b, wanted) in [(0, 1, true), (1, 0, heard)] {
                    world.apply(Op::Want(a, b, wanted))?;
                    world.apply(Op::Hear(a, b))?;
                    world.apply(Op::Review(a))?;
                }
                rows.push((world.row(0, 1), world.row(1, 0)));
            }
            prop_assert_eq!(rows[rounds - 1], rows[rounds - 4], "it changes for ever");
        }
        let up = matches!(rows.last(), Some((Some(a), Some(b))) if a.up(b));
        prop_assert!(up, "heard, and not up: {:?}", rows.last());
    }

    #[test]
    fn no_unit_is_lost_when_places_are_fewer_than_neighbours(ops in vec(op(4), 0..200)) {
        let mut world = World::new(4, 2);
        for op in ops {
            world.apply(op)?;
        }
    }
}

#[test]
fn what_a_neighbour_took_is_restored_after_a_restart_that_lost_it() {
    let mut party = Party::new(0, 2, 1);
    let mine = Link {
        neighbour: 2,
        generation: 2,
        sent: 40,
        ..Link::zeroed()
    };
    let load = Load {
        injected: 100,
        capacity: 1,
        ..Load::default()
    };
    party.ledger().learn(load, 0, [mine].into_iter());
    let theirs = Link {
        neighbour: 1,
        generation: 2,
        acked: 50,
        ..Link::zeroed()
    };
    assert_eq!(party.ledger().queued(), 60);
    assert_eq!(
        party.ledger().restore_sent(
            &Link {
                generation: 4,
                ..theirs
            },
            2
        ),
        0
    );
    assert_eq!(party.ledger().restore_sent(&theirs, 2), 10);
    assert_eq!(
        (
            party.ledger().queued(),
            party.ledger().restore_sent(&theirs, 2)
        ),
        (50, 0)
    );
}
