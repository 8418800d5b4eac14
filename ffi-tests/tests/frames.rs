//! Hostile frames: truncated, flipped, replayed, foreign, and authentic nonsense. A frame that is
//! not taken adds to exactly one counter and changes nothing else.

use bytemuck::Zeroable;
use ffi_tests::evidence::FIRST_MESH;
use ffi_tests::sim::forge::{Forger, beacon_of, parameters, plaintexts};
use ffi_tests::sim::world::{MESH, SimNode, config};
use weir::mesh::event::{Code, REFUSALS, Refusal};
use weir::mesh::frame::{Beacon, FrameKind};
use weir::mesh::neighbour::Neighbour;
use weir::random::Random;
use weir::record::rows::{Link, Load};
use weir::record::{Kind, Version};

const AT: u64 = 5000;
const COMMAND: &str = "cargo test --profile checked -p ffi-tests --test frames";

/// A node with room for notes, past its first poll.
fn node() -> SimNode {
    let mut config = config(1, 8);
    config.signed_records = 4;
    config.signed_bytes = 100;
    config.max_neighbours = 12;
    let mut node = SimNode::new(config, 7);
    node.poll(1000);
    node
}

/// All that a frame may change, counters apart.
fn image(node: &mut SimNode) -> (u64, Vec<(u16, u8, Version)>, Vec<Vec<u8>>) {
    let neighbours = {
        let node = node.node();
        node.neighbours()
            .table
            .iter()
            .map(|n| bytemuck::bytes_of(n).to_vec())
            .collect()
    };
    (node.digest(), node.versions(), neighbours)
}

fn refused(node: &mut SimNode) -> [u32; REFUSALS] {
    node.stats().refused
}

/// Gives one frame to a node; the reasons that were counted.
fn give(node: &mut SimNode, frame: Vec<u8>) -> Vec<Refusal> {
    give_at(node, frame, AT)
}

fn give_at(node: &mut SimNode, frame: Vec<u8>, at: u64) -> Vec<Refusal> {
    let before = refused(node);
    node.hear(frame);
    node.poll(at);
    let after = refused(node);
    let mut reasons = Vec::new();
    for (index, &reason) in Refusal::ALL.iter().enumerate() {
        reasons.extend((before[index]..after[index]).map(|_| reason));
    }
    reasons
}

/// One frame of every kind, each of which a fresh node takes.
fn good_frames() -> Vec<Vec<u8>> {
    let mut forger = Forger::new(2);
    let version = Version {
        boot: 1,
        counter: 1,
    };
    let mut frames = vec![
        forger.beacon(&beacon_of(parameters())),
        forger.load(
            2,
            version,
            Load {
                injected: 9,
                done: 4,
                capacity: 1,
                ..Load::default()
            },
        ),
        forger.links(
            2,
            version,
            &[Link {
                neighbour: 1,
                sent: 5,
                ..Link::default()
            }],
        ),
        forger.note(2, 2, version, b"hello"),
        forger.frame(FrameKind::Goodbye, &[]),
    ];
    for plain in plaintexts() {
        if plain.0 != FrameKind::Beacon {
            frames.push(forger.frame(plain.0, &plain.1));
        }
    }
    frames
}

#[test]
fn every_truncation_is_refused_and_changes_nothing() {
    let mut count = 0;
    for frame in good_frames() {
        for len in 0..frame.len() {
            let mut node = node();
            let before = image(&mut node);
            let reasons = give(&mut node, frame[..len].to_vec());
            assert_eq!(
                reasons.len(),
                1,
                "{len} of {} bytes: {reasons:?}",
                frame.len()
            );
            assert_eq!(
                before,
                image(&mut node),
                "{len} of {} bytes changed something",
                frame.len()
            );
            count += 1;
        }
    }
    FIRST_MESH.measured("frames: truncations, all refused", count, "", COMMAND);
}

#[test]
fn every_bit_flip_is_refused_and_changes_nothing() {
    let mut count = 0;
    for frame in good_frames() {
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let mut node = node();
            let before = image(&mut node);
            let reasons = give(&mut node, flipped);
            assert_eq!(reasons.len(), 1, "bit {bit}: {reasons:?}");
            assert_eq!(before, image(&mut node), "bit {bit} changed something");
            count += 1;
        }
    }
    FIRST_MESH.measured("frames: bit flips, all refused", count, "", COMMAND);
}

#[test]
fn replays_are_refused_within_the_window_and_behind_it() {
    let mut node = node();
    let mut forger = Forger::new(2);
    let frames: Vec<_> = (0..200_u32)
        .map(|counter| {
            forger.load(
                2,
                Version {
                    boot: 1,
                    counter: counter + 1,
                },
                Load::default(),
            )
        })
        .collect();
    let mut order: Vec<usize> = (0..frames.len()).collect();
    // Neighbouring frames overtake each other; all are new.
    order.chunks_mut(7).for_each(<[usize]>::reverse);
    for &index in &order {
        assert_eq!(
            give(&mut node, frames[index].clone()),
            [],
            "frame {index} is new"
        );
    }
    let before = image(&mut node);
    for (index, frame) in frames.iter().enumerate() {
        assert_eq!(
            give(&mut node, frame.clone()),
            [Refusal::Replayed],
            "frame {index}"
        );
    }
    assert_eq!(before, image(&mut node));
}

#[test]
fn replays_of_an_earlier_boot_are_refused() {
    let mut node = node();
    let mut old = Forger::new(2);
    let earlier = old.beacon(&beacon_of(parameters()));
    let mut young = Forger {
        session: 2,
        ..Forger::new(2)
    };
    assert_eq!(give(&mut node, young.beacon(&beacon_of(parameters()))), []);
    assert_eq!(give(&mut node, earlier), [Refusal::Replayed]);
}

#[test]
fn a_member_in_a_later_session_of_another_does_not_silence_it() {
    let mut node = node();
    let mut honest = Forger::new(2);
    let beacon = beacon_of(parameters());
    assert_eq!(give(&mut node, honest.beacon(&beacon)), []);
    for (round, session) in (1..).zip([2, 9, 1 << 40]) {
        let at = AT + 100 * round;
        let mut liar = Forger {
            session,
            ..Forger::new(2)
        };
        assert_eq!(give_at(&mut node, liar.beacon(&beacon), at), []);
        let frame = honest.beacon(&beacon);
        assert_eq!(
            give_at(&mut node, frame.clone(), AT + 20),
            [],
            "session 1 is still heard"
        );
        assert_eq!(give_at(&mut node, frame, at + 30), [Refusal::Replayed]);
    }
}

#[test]
fn a_sender_that_lost_its_place_cannot_be_replayed() {
    let mut node = node();
    let places = usize::from(node.config.max_neighbours);
    let mut first = Forger::new(100);
    let frame = first.beacon(&beacon_of(parameters()));
    assert_eq!(give(&mut node, frame.clone()), []);
    for id in 0..places as u16 {
        let mut other = Forger::new(200 + id);
        let beacon = other.beacon(&beacon_of(parameters()));
        assert_eq!(
            give_at(&mut node, beacon, AT + 1 + u64::from(id)),
            [],
            "{id} finds a place"
        );
    }
    assert!(
        node.node().neighbours().find(100).is_none(),
        "the longest silent one went"
    );
    assert_eq!(give_at(&mut node, frame, AT + 100), [Refusal::Replayed]);
}

#[test]
fn frames_of_another_mesh_key_or_version_are_refused_with_their_reason() {
    let mut node = node();
    let before = image(&mut node);
    let mut foreign = Forger {
        mesh_id: MESH + 1,
        ..Forger::new(2)
    };
    let reasons = give(&mut node, foreign.beacon(&beacon_of(parameters())));
    assert!(
        [[Refusal::Mesh], [Refusal::Unauthentic]]
            .iter()
            .any(|r| r == reasons.as_slice())
    );
    let good = Forger::new(2).beacon(&beacon_of(parameters()));
    let mut other = good.clone();
    other[1] ^= 0x40;
    assert_eq!(give(&mut node, other), [Refusal::Key]);
    let mut later = good.clone();
    later[0] ^= 0x20;
    assert_eq!(give(&mut node, later), [Refusal::Version]);
    let mut unknown = good.clone();
    unknown[0] = (unknown[0] & 0xe0) | 15;
    assert_eq!(
        give(&mut node, unknown.clone()),
        [Refusal::Kind],
        "may be ignored"
    );
    unknown[0] |= 16;
    assert_eq!(
        give(&mut node, unknown),
        [Refusal::Version],
        "must be understood"
    );
    assert_eq!(before, image(&mut node));
    assert_eq!(
        give(&mut node, Forger::new(1).beacon(&beacon_of(parameters()))),
        [Refusal::Echo]
    );
}

#[test]
fn a_member_with_other_parameters_is_refused_and_reported_once() {
    let mut node = node();
    let mut forger = Forger::new(2);
    for _ in 0..3 {
        let beacon = beacon_of(parameters() ^ 1);
        assert_eq!(
            give(&mut node, forger.beacon(&beacon)),
            [Refusal::Parameters]
        );
    }
    let load = forger.load(
        2,
        Version {
            boot: 1,
            counter: 1,
        },
        Load::default(),
    );
    assert_eq!(give(&mut node, load), [Refusal::Parameters]);
    let reports = node
        .events
        .iter()
        .filter(|e| e.code == Code::Parameters)
        .count();
    assert_eq!(reports, 1);
    assert_eq!(
        give(&mut node, forger.beacon(&beacon_of(parameters()))),
        [],
        "it may mend its ways"
    );
}

#[test]
fn a_full_store_refuses_new_authors_and_keeps_the_old_ones() {
    let mut node = node();
    let mut forger = Forger::new(2);
    let version = Version {
        boot: 1,
        counter: 1,
    };
    for author in 2..=9 {
        assert_eq!(
            give(&mut node, forger.load(author, version, Load::default())),
            []
        );
    }
    let before = node.versions();
    assert_eq!(
        give(&mut node, forger.load(10, version, Load::default())),
        [Refusal::Full]
    );
    assert_eq!(before, node.versions());
    let newer = Version {
        boot: 1,
        counter: 2,
    };
    assert_eq!(
        give(&mut node, forger.load(9, newer, Load::default())),
        [],
        "old authors go on"
    );
    assert!(
        node.events
            .iter()
            .any(|e| e.code == Code::Full && e.peer == 10)
    );
    for author in 2..=5 {
        assert_eq!(
            give(&mut node, forger.note(author, author, version, b"n")),
            []
        );
    }
    assert_eq!(
        give(&mut node, forger.note(6, 6, version, b"n")),
        [Refusal::Full]
    );
}

#[test]
fn a_full_table_of_live_neighbours_refuses_the_next() {
    let mut node = node();
    let places = node.config.max_neighbours;
    for ordinal in 1..=3 {
        for id in 0..places {
            let mut other = Forger {
                sequence: u32::from(ordinal),
                ..Forger::new(50 + id)
            };
            let beacon = Beacon {
                ordinal,
                ..beacon_of(parameters())
            };
            assert_eq!(give(&mut node, other.beacon(&beacon)), []);
        }
    }
    let mut late = Forger::new(300);
    assert_eq!(
        give(&mut node, late.beacon(&beacon_of(parameters()))),
        [Refusal::Neighbours]
    );
    assert!(
        node.events
            .iter()
            .any(|e| e.code == Code::Full && e.peer == 300)
    );
}

#[test]
fn leaping_versions_are_refused() {
    let mut node = node();
    let mut forger = Forger::new(2);
    let mut try_version = |node: &mut SimNode, boot, counter| {
        let version = Version { boot, counter };
        give(node, forger.load(3, version, Load::default()))
    };
    assert_eq!(try_version(&mut node, 1, 10), []);
    assert_eq!(
        try_version(&mut node, 1, 10 + (1 << 16) + 300),
        [Refusal::Leap]
    );
    assert_eq!(try_version(&mut node, 2 + (1 << 8), 11), [Refusal::Leap]);
    assert_eq!(try_version(&mut node, u32::MAX, u32::MAX), [Refusal::Leap]);
    assert_eq!(try_version(&mut node, 1 + (1 << 8), 10 + (1 << 16)), []);
}

/// Whatever others may have taken in its name, however long it was unheard, the author tops it.
#[test]
fn an_author_tops_every_version_that_others_take() {
    let mut config = config(1, 8);
    config.learn_ms = 4;
    let mut author = SimNode::new(config, 7);
    let mut forger = Forger::new(3);
    let empty = Beacon {
        digest: 0,
        count: 0,
        ..beacon_of(parameters())
    };
    author.poll(1000);
    give_at(&mut author, forger.beacon(&empty), 2000);
    author.poll(3000);
    let row = |node: &mut SimNode| {
        let held = node
            .versions()
            .into_iter()
            .find(|v| (v.0, v.1) == (1, Kind::Load as u8));
        held.expect("a row").2
    };
    let own = row(&mut author);
    let hour = 3000 + 3_600_000;
    let far = Version {
        counter: own.counter + (1 << 16) + 64 * 3500,
        ..own
    };
    author.poll(hour);
    give_at(&mut author, forger.load(1, far, Load::default()), hour);
    assert!(author.events.iter().any(|e| e.code == Code::Forged));
    author.poll(hour + 10_000);
    assert!(
        row(&mut author) > far,
        "{:?} is not above {far:?}",
        row(&mut author)
    );
}

#[test]
fn notes_need_the_signature_of_their_author() {
    let mut node = node();
    let mut forger = Forger::new(2);
    let version = Version {
        boot: 1,
        counter: 1,
    };
    assert_eq!(
        give(&mut node, forger.note(3, 2, version, b"lie")),
        [Refusal::Signature]
    );
    assert_eq!(give(&mut node, forger.note(3, 3, version, b"truth")), []);
    assert_eq!(node.versions(), [(3, Kind::Note as u8, version)]);
}

/// Authentic frames from a member that says anything: no panic, no broken invariant, and whatever
/// is refused is refused for a counted reason with the store as before.
#[test]
fn a_million_mutations_of_plaintext_do_no_harm() {
    let mut random = Random::new(2026);
    let seeds = plaintexts();
    let mut node = node();
    let mut forger = Forger::new(2);
    let (mut taken, mut seen) = (0_u32, [0_u32; REFUSALS]);
    let total = 1_000_000_u32;
    for round in 0..total {
        let (kind, mut body) = seeds[random.below(seeds.len() as u32) as usize].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut body, &mut random, &seeds);
        }
        body.truncate(220);
        let before = refused(&mut node);
        let digest = node.digest();
        node.hear(forger.frame(kind, &body));
        node.poll(AT + u64::from(round / 50));
        let after = refused(&mut node);
        let counted: u32 = after.iter().zip(before).map(|(a, b)| a - b).sum();
        assert!(counted <= 1, "one frame, one counter");
        taken += 1 - counted;
        for (sum, (a, b)) in seen.iter_mut().zip(after.iter().zip(before)) {
            *sum += a - b;
        }
        if counted == 1 && kind != FrameKind::Records {
            assert_eq!(digest, node.digest(), "refused, yet the store changed");
        }
        if round % 5000 == 0 {
            assert_eq!(node.node().store_mut().broken(), None);
            node.events.clear();
        }
    }
    assert_eq!(node.node().store_mut().broken(), None);
    for reason in [
        Refusal::Malformed,
        Refusal::Payload,
        Refusal::Signature,
        Refusal::Part,
    ] {
        assert!(seen[reason as usize] > 0, "{reason:?} was never reached");
    }
    for reason in [
        Refusal::Parameters,
        Refusal::Leap,
        Refusal::Full,
        Refusal::Kind,
    ] {
        assert!(seen[reason as usize] > 0, "{reason:?} was never reached");
    }
    assert!(taken > 10_000, "some nonsense has meaning");
    FIRST_MESH.figure(
        "frames: authentic mutations",
        total,
        "",
        ">=",
        1_000_000,
        COMMAND,
    );
    FIRST_MESH.measured("frames: mutations that mean something", taken, "", COMMAND);
    FIRST_MESH.figure("frames: invariants broken", 0, "", "==", 0, COMMAND);
}

fn mutate(body: &mut Vec<u8>, random: &mut Random, seeds: &[(FrameKind, Vec<u8>)]) {
    let len = body.len() as u32;
    let at = random.below(len.max(1)) as usize;
    match random.below(9) {
        0 if len > 0 => body[at] ^= 1 << random.below(8),
        1 if len > 0 => body[at] = random.next() as u8,
        2 => body.truncate(at),
        3 => body.extend((0..random.below(20)).map(|_| 0xff)),
        4 if len > 0 => body[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5) as usize],
        5 if len >= 4 => {
            let at = at.min(body.len() - 4);
            let edge = [0, 1, i32::MAX as u32, 1 << 31, u32::MAX][random.below(5) as usize];
            body[at..at + 4].copy_from_slice(&edge.to_le_bytes());
        }
        6 => {
            let (_, other) = &seeds[random.below(seeds.len() as u32) as usize];
            body.extend_from_slice(other);
        }
        7 if len > 2 => {
            let end = (at + random.below(16) as usize).min(body.len());
            let piece = body[at..end].to_vec();
            body.extend_from_slice(&piece);
        }
        _ if len > 0 => {
            body.remove(at);
        }
        _ => {}
    }
}

#[test]
fn neighbours_are_plain_memory_of_a_stated_size() {
    assert_eq!(size_of::<Neighbour>(), 72);
    assert_eq!(Neighbour::zeroed().flags, 0);
}
