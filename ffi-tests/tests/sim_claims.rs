//! What the documentation claims of the mesh, one test each: liars, flapping links, silence,
//! balance, equal results from equal records.

use ffi_tests::evidence::FIRST_MESH;
use ffi_tests::sim::air::Faults;
use ffi_tests::sim::check;
use ffi_tests::sim::forge::Forger;
use ffi_tests::sim::maps::{LAB, within};
use ffi_tests::sim::planner::{Planner, execute};
use ffi_tests::sim::world::World;
use weir::mesh::Config;
use weir::mesh::event::{Code, Refusal};
use weir::record::Version;
use weir::record::rows::Load;

const COMMAND: &str = "cargo test --profile checked -p ffi-tests --test sim_claims";

fn lab(seed: u64, faults: Faults, tune: impl Fn(&mut Config)) -> World {
    let mut world = World::new(within(&LAB, 8.0), faults, seed, tune);
    (0..world.nodes.len()).for_each(|index| world.switch_on(index));
    world
}

fn run(world: &mut World, span: u64) {
    let until = world.now + span;
    world.run(until, |_| {});
}

/// Milliseconds until all that are on hold one digest.
fn agree(world: &mut World, limit: u64) -> u64 {
    let start = world.now;
    while check::one_digest(world).is_none() {
        assert!(world.now < start + limit, "no agreement within {limit} ms");
        run(world, 100);
    }
    world.now - start
}

fn sent(world: &mut World) -> u64 {
    world.nodes.iter_mut().map(|n| n.stats().bytes_sent).sum()
}

#[test]
fn an_equivocating_author_ends_in_one_digest_and_quiet() {
    let mut world = lab(1, Faults::ROUGH, |config| {
        config.heartbeat_max_ms = 3_600_000
    });
    run(&mut world, 60_000);
    world.switch_off(4);
    let newest = world.nodes[0]
        .versions()
        .into_iter()
        .filter(|v| v.0 == 5)
        .map(|v| v.2)
        .max();
    let version = Version {
        counter: newest.expect("rows of 5").counter + 1,
        ..newest.unwrap()
    };
    let mut liar = Forger {
        session: 9,
        ..Forger::new(5)
    };
    for index in (0..54).filter(|&index| index != 4) {
        let injected = 1000 + i64::from(index as u8 % 2) * 500;
        let frame = liar.load(
            5,
            version,
            Load {
                injected,
                capacity: 1,
                ..Load::default()
            },
        );
        world.inject(index, frame);
    }
    run(&mut world, 1);
    assert!(check::one_digest(&mut world).is_none(), "the lie is told");
    let took = agree(&mut world, 120_000);
    let reports = world.nodes.iter().flat_map(|n| &n.events);
    let reports = reports
        .filter(|e| e.code == Code::Equivocation && e.peer == 5)
        .count();
    assert!(reports > 0, "somebody noticed");
    run(&mut world, 3 * 3_600_000);
    let before = sent(&mut world);
    let hours = 2;
    run(&mut world, hours * 3_600_000);
    let per_hour = (sent(&mut world) - before) / hours / 53;
    assert!(check::one_digest(&mut world).is_some());
    assert!(
        per_hour <= 300,
        "{per_hour} bytes an hour and node are not quiet"
    );
    FIRST_MESH.figure(
        "equivocating author: digests in the end",
        1,
        "",
        "==",
        1,
        COMMAND,
    );
    FIRST_MESH.measured(
        "equivocating author: reports of the event",
        reports,
        "",
        COMMAND,
    );
    FIRST_MESH.measured("equivocating author: time to agree", took, "ms", COMMAND);
    let row = "equivocating author: bytes an hour and node afterwards";
    FIRST_MESH.figure(row, per_hour, "bytes", "<=", 300, COMMAND);
}

#[test]
fn a_member_that_forges_all_others_is_reclaimed_and_no_signed_record_is_believed() {
    let mut world = lab(2, Faults::ROUGH, |config| {
        config.signed_records = 54;
        config.signed_bytes = 32;
    });
    run(&mut world, 60_000);
    for index in 0..54 {
        assert!(world.nodes[index].note(0, b"honest").is_ok());
    }
    run(&mut world, 30_000);
    agree(&mut world, 120_000);
    let true_loads: Vec<_> = world.nodes.iter_mut().map(|n| n.books().load).collect();
    let versions = world.nodes[0].versions();
    world.nodes.iter_mut().for_each(|n| n.events.clear());
    let liar = 16;
    world.switch_off(liar);
    let mut forger = Forger {
        session: 9,
        ..Forger::new(17)
    };
    let start = world.now;
    for &(author, kind, version) in versions.iter().filter(|v| v.0 != 17) {
        let version = Version {
            counter: version.counter + 7,
            ..version
        };
        let frame = match kind {
            1 => forger.load(
                author,
                version,
                Load {
                    injected: 666,
                    capacity: 9,
                    ..Load::default()
                },
            ),
            2 => forger.links(author, version, &[]),
            _ => forger.note(author, 17, version, b"forged"),
        };
        for index in world.air.range[liar].clone() {
            world.inject(index, frame.clone());
        }
    }
    let signed_refused: u32 = {
        run(&mut world, 1);
        let stats = world.nodes.iter_mut().map(|n| n.stats());
        stats.map(|s| s.refused[Refusal::Signature as usize]).sum()
    };
    let mut reclaimed = vec![None; 54];
    while reclaimed
        .iter()
        .enumerate()
        .any(|(i, r)| i != liar && r.is_none())
    {
        run(&mut world, 50);
        assert!(world.now < start + 120_000, "not reclaimed: {reclaimed:?}");
        for (index, node) in world.nodes.iter().enumerate() {
            let noticed = node.events.iter().any(|e| e.code == Code::Forged);
            reclaimed[index] = reclaimed[index].or(noticed.then_some(world.now - start));
        }
    }
    let last = reclaimed.iter().flatten().max().copied().unwrap_or(0);
    let agreed = agree(&mut world, 120_000);
    run(&mut world, 60_000);
    agree(&mut world, 120_000);
    for (index, load) in true_loads
        .iter()
        .enumerate()
        .filter(|&(index, _)| index != liar)
    {
        let mut node = world.nodes[1].node();
        let held = node.store_mut().load(index as u16 + 1).expect("a row");
        assert_eq!(
            held.injected,
            load.injected,
            "row of {} is its author's",
            index + 1
        );
    }
    let mut node = world.nodes[1].node();
    let store = node.store_mut();
    let notes = (0..store.slots().len()).filter_map(|i| store.get(i));
    let forged = notes.filter(|r| r.payload == b"forged").count();
    assert_eq!(forged, 0, "no signed record of the liar is believed");
    assert!(signed_refused > 0);
    // Heartbeats are a minute apart here; a forgery is noticed when its row arrives.
    FIRST_MESH.figure(
        "member forging 53 authors: signed records believed",
        forged,
        "",
        "==",
        0,
        COMMAND,
    );
    FIRST_MESH.measured(
        "member forging 53 authors: signed records refused",
        signed_refused,
        "",
        COMMAND,
    );
    let row = "member forging 53 authors: last author reclaims, one beacon is 60000 ms";
    FIRST_MESH.figure(row, last, "ms", "<=", 60_000, COMMAND);
    FIRST_MESH.measured(
        "member forging 53 authors: time to agree",
        agreed,
        "ms",
        COMMAND,
    );
    assert!(last <= 60_000, "within one beacon");
}

#[test]
fn links_that_flap_every_second_change_the_topology_at_most_twice_a_minute() {
    let mut world = lab(3, Faults::ROUGH, |_| {});
    run(&mut world, 120_000);
    let edges = world.air.range.iter().enumerate().flat_map(|(i, range)| {
        range
            .iter()
            .filter(move |&&j| j > i)
            .map(move |&j| (i, j))
            .collect::<Vec<_>>()
    });
    let edges: Vec<(usize, usize)> = edges.step_by(3).collect();
    let before: Vec<_> = world
        .nodes
        .iter_mut()
        .map(|n| n.stats().link_changes)
        .collect();
    let minutes = 10;
    for second in 0..minutes * 60 {
        world.air.silent = if second % 2 == 0 {
            edges.clone()
        } else {
            Vec::new()
        };
        run(&mut world, 1000);
        check::conservation(&mut world).expect("conservation");
    }
    let after = world.nodes.iter_mut().map(|n| n.stats().link_changes);
    let most = after.zip(before).map(|(a, b)| a - b).max().unwrap_or(0);
    let per_minute = f64::from(most) / f64::from(minutes);
    assert!(per_minute <= 2.0, "{per_minute} changes a minute");
    world.air.silent.clear();
    let took = agree(&mut world, 300_000);
    let row = "links flapping at 1 Hz: topology changes a minute and node";
    FIRST_MESH.figure(row, per_minute, "", "<=", 2, COMMAND);
    FIRST_MESH.measured(
        "links flapping at 1 Hz: time to agree afterwards",
        took,
        "ms",
        COMMAND,
    );
}

#[test]
fn a_mesh_at_rest_says_at_most_300_bytes_an_hour_and_node() {
    let mut world = lab(4, Faults::ROUGH, |config| {
        config.heartbeat_max_ms = 3_600_000
    });
    run(&mut world, 3_600_000);
    agree(&mut world, 600_000);
    run(&mut world, 4 * 3_600_000);
    let stats: Vec<_> = world.nodes.iter_mut().map(|n| n.stats()).collect();
    let hours = 10;
    run(&mut world, hours * 3_600_000);
    let later: Vec<_> = world.nodes.iter_mut().map(|n| n.stats()).collect();
    let spent = later
        .iter()
        .zip(&stats)
        .map(|(l, s)| l.bytes_sent - s.bytes_sent);
    let beacons = later
        .iter()
        .zip(&stats)
        .map(|(l, s)| u64::from(l.beacons_sent - s.beacons_sent));
    let (mean, most) = (
        spent.clone().sum::<u64>() / 54 / hours,
        spent.max().unwrap_or(0) / hours,
    );
    let beacons = beacons.sum::<u64>() as f64 / 54.0 / hours as f64;
    let row = "at rest, heartbeat 1 h, 30 % loss: most bytes an hour of any node";
    FIRST_MESH.figure(row, most, "bytes", "<=", 300, COMMAND);
    FIRST_MESH.measured(
        "at rest: mean bytes an hour and node",
        mean,
        "bytes",
        COMMAND,
    );
    FIRST_MESH.measured(
        "at rest: beacons of 37 bytes an hour and node",
        beacons,
        "",
        COMMAND,
    );
    assert!(most <= 300, "{most} bytes an hour");
    assert!(check::one_digest(&mut world).is_some());
}

/// The seven nodes and eight edges of the predecessor's benchmark: two triangles that share a node,
/// and a tail. One node has 150, the others 100; a unit is 2^-16.
#[test]
fn balancing_fixture_levels_a_spike() {
    let edges = [
        (0, 1),
        (1, 2),
        (0, 2),
        (2, 3),
        (3, 4),
        (2, 4),
        (4, 5),
        (5, 6),
    ];
    let mut range = vec![Vec::new(); 7];
    for (a, b) in edges {
        range[a].push(b);
        range[b].push(a);
    }
    let mut world = World::new(range, Faults::NONE, 5, |config| config.max_degree = 4);
    (0..7).for_each(|index| world.switch_on(index));
    run(&mut world, 120_000);
    let mut planners: Vec<_> = world
        .nodes
        .iter()
        .map(|n| Planner::new(&n.config))
        .collect();
    let one = 1_i64 << 16;
    (0..7).for_each(|index| world.arrive(index, 100 * one));
    run(&mut world, 60_000);
    assert_eq!(
        execute(&mut world, &mut planners, 0),
        0,
        "level loads stay where they are"
    );
    let count = |world: &mut World| {
        let stats = world.nodes.iter_mut().map(|n| n.stats());
        stats.fold((0, 0, 0), |(frames, beacons, bytes), s| {
            (
                frames + s.frames_sent,
                beacons + s.beacons_sent,
                bytes + s.bytes_sent,
            )
        })
    };
    let (frames, beacons, bytes) = count(&mut world);
    world.arrive(0, 50 * one);
    let mean = (700 + 50) * one / 7;
    let (mut rounds, mut shipments, mut moved) = (0, 0, 0_u64);
    loop {
        // A round: a change crosses one edge. Frames take up to 5 ms, own rows wait for 250 ms.
        run(&mut world, 300);
        rounds += 1;
        let before: Vec<i64> = world
            .nodes
            .iter_mut()
            .map(|n| i64::from(n.books().queued))
            .collect();
        shipments += execute(&mut world, &mut planners, 8);
        let after: Vec<i64> = world
            .nodes
            .iter_mut()
            .map(|n| i64::from(n.books().queued))
            .collect();
        moved += before
            .iter()
            .zip(&after)
            .map(|(b, a)| (b - a).unsigned_abs())
            .sum::<u64>();
        let off = after.iter().map(|q| (q - mean).abs()).max().unwrap_or(0);
        if off < one / 1000 {
            break;
        }
        assert!(rounds < 100, "not level: {after:?}");
    }
    let (frames_end, beacons_end, bytes_end) = count(&mut world);
    check::conservation(&mut world).expect("conservation");
    let fixture = |what: &str| format!("balancing fixture, spike of 50 over 100: {what}");
    let messages = frames_end - frames;
    let spent = bytes_end - bytes;
    FIRST_MESH.figure(&fixture("rounds"), rounds, "", "<=", 4, COMMAND);
    FIRST_MESH.measured(&fixture("shipments"), shipments, "", COMMAND);
    FIRST_MESH.measured(&fixture("frames, sealed, all kinds"), messages, "", COMMAND);
    FIRST_MESH.measured(
        &fixture("of those beacons"),
        beacons_end - beacons,
        "",
        COMMAND,
    );
    FIRST_MESH.measured(&fixture("bytes of those frames"), spent, "bytes", COMMAND);
    FIRST_MESH.measured(
        &fixture("work moved, optimum 107.14"),
        moved as f64 / one as f64,
        "",
        COMMAND,
    );
    assert!(rounds <= 4, "{rounds} rounds, the prototype took 4");
}

#[test]
fn equal_records_give_equal_plans_and_the_plan_levels_the_laboratory() {
    let mut world = lab(6, Faults::ROUGH, |config| {
        config.link_hold_ms = 2000;
        config.heartbeat_max_ms = 20_000;
    });
    run(&mut world, 60_000);
    let mut planners: Vec<_> = world
        .nodes
        .iter()
        .map(|n| Planner::new(&n.config))
        .collect();
    for index in 0..54 {
        world.arrive(index, if index % 9 == 0 { 100_000 } else { 1000 });
    }
    for round in 0..120 {
        run(&mut world, 1000);
        if round < 100 {
            execute(&mut world, &mut planners, 20);
        }
        check::conservation(&mut world).expect("conservation");
    }
    agree(&mut world, 120_000);
    let first = planners[0].settle(&mut world.nodes[0]);
    let flows = planners[0].flows(&mut world.nodes[0]);
    for (planner, node) in planners.iter_mut().zip(&mut world.nodes) {
        assert_eq!(planner.settle(node), first);
        assert_eq!(planner.flows(node), flows);
    }
    assert_eq!(first.arrived, first.done + first.queued + first.in_flight);
    assert_eq!(
        (first.in_flight, first.circulation_after, first.flags),
        (0, 0, 0)
    );
    assert_eq!(first.nodes, 54);
    assert!(first.imbalance < 400, "{} units off", first.imbalance);
    let lab = |what: &str| format!("laboratory map, 54 nodes with plans: {what}");
    FIRST_MESH.figure(&lab("edges"), first.edges, "", "==", 153, COMMAND);
    FIRST_MESH.figure(&lab("triangles"), first.triangles, "", "==", 151, COMMAND);
    FIRST_MESH.measured(
        &lab("largest distance from the level"),
        first.imbalance,
        "units",
        COMMAND,
    );
    FIRST_MESH.measured(
        &lab("circulation in the raw flows"),
        first.circulation_before,
        "units",
        COMMAND,
    );
    FIRST_MESH.figure(
        &lab("circulation reconciled"),
        first.circulation_after,
        "units",
        "==",
        0,
        COMMAND,
    );
}

#[test]
fn what_a_node_says_of_itself_is_so() {
    let range = vec![vec![1, 2], vec![0, 2], vec![0, 1]];
    let mut world = World::new(range, Faults::NONE, 6, |config| {
        config.link_hold_ms = 1000;
        config.gate = 10;
    });
    (0..3).for_each(|index| world.switch_on(index));
    assert!(!world.nodes[0].node().agreed(), "it heard nobody");
    run(&mut world, 60_000);
    for node in &mut world.nodes {
        assert!(node.node().agreed() && node.node().quiet());
    }
    // Work that left is in flight until the other end says that it took it.
    world.arrive(0, 500);
    run(&mut world, 5000);
    assert!(world.ship(0, 2, 200));
    let work = world.nodes[0].node().work();
    assert_eq!((work.queued, work.in_flight), (300, 200));
    run(&mut world, 30_000);
    let work = world.nodes[0].node().work();
    assert_eq!((work.queued, work.in_flight), (300, 0));
    assert_eq!(world.nodes[1].node().work().queued, 200);
    // A queue is told when it changed by more than the gate, a capacity always.
    let told = world.nodes[0].digest();
    let mut set = |load: i32, capacity: u16| {
        let mut node = world.nodes[0].node();
        node.set_load(load).unwrap();
        node.set_capacity(capacity).unwrap();
        node.commit_urgent();
        (world.nodes[0].digest(), world.nodes[0].node().quiet())
    };
    let capacity = work.load.capacity;
    assert_eq!(set(310, capacity), (told, true));
    let (next, quiet) = set(311, capacity);
    assert!(next != told && !quiet);
    let (last, _) = set(311, capacity + 1);
    assert!(last != next);
    run(&mut world, 30_000);
    assert_eq!(check::one_digest(&mut world), Some(last));
    assert!(world.nodes[0].node().quiet());
    // Silence is counted from the last frame.
    world.switch_off(1);
    let silent = |world: &mut World| {
        world.poll(0);
        let node = world.nodes[0].node();
        let neighbour = *node.neighbours().get(2).unwrap();
        node.silent_ms(&neighbour)
    };
    let before = silent(&mut world);
    run(&mut world, 7000);
    assert_eq!(silent(&mut world) - before, 7000);
}

#[test]
fn a_record_longer_than_a_frame_crosses_the_mesh_in_parts() {
    let range = vec![vec![1], vec![0, 2], vec![1]];
    let mut world = World::new(range, Faults::NONE, 8, |config| {
        config.frame_max = 96;
        config.signed_records = 4;
        config.signed_bytes = 400;
    });
    (0..3).for_each(|index| world.switch_on(index));
    run(&mut world, 60_000);
    for (slot, len) in [(1, 400), (2, 150)] {
        let note: Vec<u8> = (0..len).map(|byte| byte as u8 ^ slot).collect();
        world.nodes[0].note(slot, &note).unwrap();
    }
    run(&mut world, 60_000);
    let told = world.nodes[0].rows_of(1);
    assert_eq!(told.len(), 4, "LOAD, LINKS and two notes");
    assert_eq!(world.nodes[2].rows_of(1), told);
    assert!(check::one_digest(&mut world).is_some());
}
