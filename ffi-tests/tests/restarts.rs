//! What a restart may and may not bring back: snapshots, learning, clocks, keys.

use ffi_tests::sim::air::Faults;
use ffi_tests::sim::check;
use ffi_tests::sim::world::{KEY, World, config};
use weir::mesh::Restore;
use weir::mesh::event::Code;

fn triangle(seed: u64) -> World {
    let range = vec![vec![1, 2], vec![0, 2], vec![0, 1]];
    let mut world = World::new(range, Faults::NONE, seed, |config| {
        config.link_hold_ms = 1000
    });
    (0..3).for_each(|index| world.switch_on(index));
    world.run(30_000, |_| {});
    world
}

fn snapshot(world: &mut World, index: usize) -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    let len = world.nodes[index]
        .node()
        .snapshot(&mut bytes)
        .expect("at most a kilobyte");
    bytes.truncate(len);
    bytes
}

#[test]
fn damaged_snapshots_are_refused_and_change_nothing() {
    let mut world = triangle(1);
    let good = snapshot(&mut world, 0);
    let mut fresh = ffi_tests::sim::world::SimNode::new(config(1, 3), 5);
    for len in 0..good.len() {
        assert_eq!(
            fresh.node().restore(&good[..len]),
            Err(Restore::Bad),
            "{len} bytes"
        );
    }
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(fresh.node().restore(&bad), Err(Restore::Bad), "bit {bit}");
    }
    let of_another = snapshot(&mut world, 1);
    assert_eq!(fresh.node().restore(&of_another), Err(Restore::Bad));
    assert_eq!(fresh.digest(), 0);
    assert_eq!(fresh.node().restore(&good), Ok(()));
    assert_eq!(fresh.node().restore(&good), Err(Restore::Late));
    fresh.poll(1000);
    assert_eq!(fresh.node().restore(&good), Err(Restore::Late));
}

#[test]
fn a_snapshot_that_does_not_fit_is_refused() {
    let mut world = triangle(2);
    let len = snapshot(&mut world, 0).len();
    let mut short = vec![0; len - 1];
    assert!(world.nodes[0].node().snapshot(&mut short).is_err());
}

#[test]
fn a_node_without_memory_learns_what_it_published_and_goes_on_from_there() {
    let mut world = triangle(3);
    world.arrive(0, 500);
    world.run(40_000, |_| {});
    assert!(world.ship(0, 2, 200));
    world.run(50_000, |_| {});
    let before = world.nodes[0].books().clone();
    world.restart(0, false);
    assert!(
        world.nodes[0].node().set_load(7).is_err(),
        "nothing is published while learning"
    );
    world.run(70_000, |_| {});
    assert!(
        world.nodes[0]
            .events
            .iter()
            .any(|e| e.code == Code::Learned)
    );
    let after = world.nodes[0].books().clone();
    assert_eq!((after.load.injected, after.queued), (500, before.queued));
    check::conservation(&mut world).expect("conservation");
    assert!(check::one_digest(&mut world).is_some());
}

#[test]
fn a_node_alone_without_memory_waits_rather_than_invent_a_past() {
    let mut world = triangle(4);
    world.arrive(0, 500);
    world.run(40_000, |_| {});
    world.air.group = vec![1, 0, 0];
    world.restart(0, false);
    world.run(400_000, |_| {});
    assert!(world.nodes[0].node().learning());
    world.air.group.fill(0);
    world.run(500_000, |_| {});
    assert_eq!(world.nodes[0].books().load.injected, 500);
}

#[test]
fn a_node_alone_with_a_snapshot_goes_on_after_the_learning_time() {
    let mut world = triangle(5);
    world.arrive(0, 500);
    world.run(40_000, |_| {});
    world.air.group = vec![1, 0, 0];
    world.restart(0, true);
    world.run(46_000, |_| {});
    assert!(!world.nodes[0].node().learning());
    assert_eq!(world.nodes[0].books().load.injected, 500);
}

#[test]
fn time_may_stand_still_go_back_and_start_anew_after_deep_sleep() {
    let mut world = triangle(6);
    let node = &mut world.nodes[0];
    let (due, _) = node.poll(30_500);
    node.poll(10);
    assert_eq!(node.node().backwards(), 1);
    let (same, _) = node.poll(30_500);
    assert!(same.next_ms >= 30_500 && due.next_ms >= 30_500);
    node.node().resume(5);
    let (after, _) = node.poll(5);
    assert!(
        after.next_ms - 5 <= 60_000,
        "deadlines moved with the origin"
    );
    let (far, _) = node.poll(u64::from(u32::MAX) * 3);
    assert!(
        far.next_ms >= u64::from(u32::MAX) * 3,
        "a span beyond 2^31 ms is cut, not wrapped"
    );
}

#[test]
fn a_mesh_changes_its_key_under_traffic_without_losing_a_frame() {
    let mut world = triangle(7);
    let second = *b"the second key !";
    for (step, index) in [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 2),
        (1, 0),
        (1, 1),
        (2, 1),
        (2, 2),
        (2, 0),
    ] {
        let mut node = world.nodes[index].node();
        match step {
            0 => assert!(node.keys_mut().set(1, &second, 16)),
            1 => assert!(node.keys_mut().send_with(1)),
            _ => assert!(node.keys_mut().remove(0)),
        }
        world.arrive(index, 10);
        let until = world.now + 3000;
        world.run(until, |_| {});
    }
    let until = world.now + 30_000;
    world.run(until, |_| {});
    assert!(check::one_digest(&mut world).is_some());
    for node in &mut world.nodes {
        let refused = node.stats().refused;
        assert_eq!(refused.iter().sum::<u32>(), 0, "{refused:?}");
        assert!(!node.node().keys_mut().set(2, &KEY, 7) && !node.node().keys_mut().remove(1));
        assert!(node.node().keys_mut().set(2, &KEY, 8), "two may be live");
        assert!(!node.node().keys_mut().set(3, &KEY, 8), "three may not");
    }
}

#[test]
fn a_node_that_leaves_or_is_blocked_loses_its_links_at_once() {
    let mut world = triangle(8);
    world.nodes[0].node().leave();
    world.nodes[0].due = Some(world.now);
    let until = world.now + 3000;
    world.run(until, |_| {});
    let downs = world.nodes[1]
        .events
        .iter()
        .filter(|e| e.code == Code::LinkDown && e.peer == 1);
    assert_eq!(downs.count(), 1);
    let mut world = triangle(9);
    assert!(world.nodes[1].node().edge_up(3) && world.nodes[1].node().block(3, true));
    world.nodes[1].due = Some(world.now);
    let until = world.now + 10_000;
    world.run(until, |_| {});
    assert!(
        !world.nodes[1].node().edge_up(3),
        "down on the blocked side"
    );
    assert!(world.nodes[1].node().block(3, false));
    let until = world.now + 300_000;
    world.run(until, |_| {});
    assert!(world.nodes[1].node().edge_up(3), "up again");
    check::conservation(&mut world).expect("conservation");
}

#[test]
fn edges_of_a_restarted_node_do_not_wait_for_heartbeats() {
    let mut worst = 0;
    for seed in 20..40 {
        let mut range: Vec<Vec<usize>> = vec![Vec::new(); 6];
        for (index, near) in range.iter_mut().enumerate() {
            near.extend((0..6).filter(|&other| other != index));
        }
        let mut world = World::new(range, Faults::NONE, seed, |config| {
            config.link_hold_ms = 1000
        });
        (0..6).for_each(|index| world.switch_on(index));
        world.run(1_000_000, |_| {});
        world.restart(0, true);
        let start = world.now;
        let up = |world: &mut World| (2..=6).all(|id| world.nodes[0].node().edge_up(id));
        // Its neighbours still know the edges, until its first review says that it hears nobody.
        world.run(start + 6000, |_| {});
        while !up(&mut world) {
            let until = world.now + 100;
            world.run(until, |_| {});
        }
        worst = worst.max(world.now - start);
    }
    assert!(worst <= 20_000, "{worst} ms: a heartbeat is 60 s");
}

#[test]
fn links_follow_the_air_after_a_month_without_a_change() {
    let range = vec![vec![1, 2], vec![0, 2], vec![0, 1]];
    let mut world = World::new(range, Faults::NONE, 9, |config| {
        config.link_hold_ms = 1000;
        // Beacons every three days, so that a month is short here.
        (config.heartbeat_max_ms, config.trickle_doublings) = (1 << 28, 24);
    });
    (0..3).for_each(|index| world.switch_on(index));
    world.run(60_000, |_| {});
    let incarnation = |world: &mut World| {
        let mut node = world.nodes[0].node();
        let link = node.ledger_mut().link(3).copied();
        link.map(|link| link.generation)
    };
    let open = incarnation(&mut world);
    assert!(world.nodes[0].node().edge_up(3));
    let month = 60_000 + 30 * 86_400_000;
    world.run(month, |_| {});
    assert_eq!(incarnation(&mut world), open, "nothing changed");
    world.nodes[2].node().leave();
    world.nodes[2].due = Some(month);
    world.run(month + 60_000, |_| {});
    assert_ne!(incarnation(&mut world), open, "the goodbye was heard");
}
