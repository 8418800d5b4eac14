//! The steps of one node, for any numbers: shares of a tree add up to the unit, diffusion is total
//! and never grows what it levels, predictions grow with what is asked.

use ffi_tests::evidence::cases;
use proptest::prelude::*;
use weir::complex::cost::{Method, Sizes, cheapest};
use weir::complex::diffusion::{Channel, Ends, told};
use weir::complex::forest::Forest;
use weir::complex::spectrum::{Pace, Spectrum};
use weir::complex::sweep::{Down, Up, flow, newer};

/// A tree as the parents of its nodes; node 0 is the root.
fn tree() -> impl Strategy<Value = Vec<(usize, i32, u16)>> {
    let load = prop_oneof![any::<i32>(), Just(i32::MIN), Just(i32::MAX), -9..9];
    let capacity = prop_oneof![Just(0_u16), Just(u16::MAX), 1..9_u16, any::<u16>()];
    proptest::collection::vec((any::<prop::sample::Index>(), load, capacity), 1..40).prop_map(
        |nodes| {
            let place = |(v, (index, load, capacity)): (usize, (prop::sample::Index, i32, u16))| {
                (index.index(v.max(1)), load, capacity)
            };
            nodes.into_iter().enumerate().map(place).collect()
        },
    )
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn a_sweep_of_any_tree_conserves_and_ends_below_one_unit(nodes in tree(), turn in 1..u32::MAX) {
        let n = nodes.len();
        let children: Vec<Vec<usize>> =
            (0..n).map(|v| (1..n).filter(|c| nodes[*c].0 == v).collect()).collect();
        let mut up = vec![Up::default(); n];
        for v in (0..n).rev() {
            let below: Vec<Up> = children[v].iter().map(|c| up[*c]).collect();
            up[v] = Up::gather(turn, nodes[v].1, nodes[v].2, &below).unwrap();
        }
        let mut down = vec![Down::root(up[0]); n];
        let mut held: Vec<i128> = nodes.iter().map(|node| i128::from(node.1)).collect();
        for v in 0..n {
            let below: Vec<Up> = children[v].iter().map(|c| up[*c]).collect();
            for (index, child) in children[v].iter().enumerate() {
                down[*child] = down[v].pass(nodes[v].2, &below, index).unwrap();
                let carried = flow(up[*child], down[*child]).unwrap();
                held[*child] -= i128::from(carried);
                held[v] += i128::from(carried);
            }
            prop_assert_eq!(down[v].pass(nodes[v].2, &below, below.len()), None);
        }
        let total: i128 = nodes.iter().map(|node| i128::from(node.1)).sum();
        let capacity: i128 = nodes.iter().map(|node| i128::from(node.2)).sum();
        prop_assert_eq!(held.iter().sum::<i128>(), total);
        if capacity == 0 {
            let still = held.iter().zip(&nodes).all(|(held, node)| *held == i128::from(node.1));
            prop_assert!(still, "nobody may take anything");
        } else {
            for (v, held) in held.iter().enumerate() {
                let off = held * capacity - total * i128::from(nodes[v].2);
                prop_assert!(off.abs() < capacity, "{v}: {off} / {capacity}");
            }
        }
    }

    #[test]
    fn messages_of_another_turn_or_beyond_bounds_are_refused(
        up in (any::<u32>(), any::<u32>(), any::<i64>()),
        down in (any::<u32>(), any::<u32>(), any::<u32>(), any::<i64>()),
        load in any::<i32>(), own in any::<u16>(),
    ) {
        let up = Up { turn: up.0, capacity: up.1, load: up.2 };
        let (turn, capacity, before, total) = down;
        let down = Down { turn, capacity, before, reserved: 0, total };
        if up.turn != down.turn {
            prop_assert_eq!(flow(up, down), None);
        }
        let same = Down { turn: up.turn, ..down };
        let _ = (flow(up, same), same.pass(own, &[up], 0), Up::gather(up.turn, load, own, &[up]));
        prop_assert_eq!(Up::gather(up.turn.wrapping_add(1), load, own, &[up]), None);
    }

    #[test]
    fn diffusion_is_total_and_both_ends_agree(
        loads in any::<(i32, i32)>(), capacities in any::<(u16, u16)>(), more in any::<u16>(),
        pace in any::<(i32, i32, i32, i32)>(), rounds in 1..20,
    ) {
        let capacity = capacities.0.max(capacities.1).max(more);
        let pace = Pace { first: pace.0, gain: pace.1, momentum: pace.2, factor: pace.3 };
        let ends = Ends {
            low: loads.0,
            high: loads.1,
            low_capacity: capacities.0,
            high_capacity: capacities.1,
        };
        let (mut one, mut other) = (Channel::default(), Channel::default());
        for _ in 0..rounds {
            let moved = one.step(ends, capacity, pace);
            prop_assert_eq!(moved, other.step(ends, capacity, pace));
            prop_assert_eq!(one, other);
            if capacities.0 == 0 || capacities.1 == 0 {
                prop_assert_eq!((moved, one), (0, Channel::default()));
            }
        }
    }

    /// Two nodes: the flow tends to what levels them, at every pace that bounds may give.
    #[test]
    fn two_nodes_of_any_capacities_level(
        loads in any::<(i32, i32)>(), a in 1..=u16::MAX, b in 1..=u16::MAX,
    ) {
        let capacity = a.max(b);
        let rate = |c: u16| f64::from(capacity) / f64::from(c);
        let value = ((rate(a) + rate(b)) * 2_f64.powi(32)) as u64;
        let spectrum = Spectrum { high: value + 2, low: value, capacity };
        // Halved, so that neither end is told less than it holds.
        let (mut x, mut y) = (i64::from(loads.0 >> 1), i64::from(loads.1 >> 1));
        let total = x + y;
        let mut channel = Channel::default();
        for _ in 0..60 {
            let ends = Ends { low: told(x), high: told(y), low_capacity: a, high_capacity: b };
            let moved = i64::from(channel.step(ends, capacity, spectrum.pace()));
            (x, y) = (x - moved, y + moved);
            prop_assert_eq!(x + y, total);
        }
        let target = total as f64 * f64::from(a) / (f64::from(a) + f64::from(b));
        // A node of relative capacity c feels a difference through its level only.
        prop_assert!((x as f64 - target).abs() < 3.0, "{x} {target}");
    }

    #[test]
    fn predictions_grow_with_what_is_asked(
        branches in 1..1000_u16, extra in 0..3000_u16, depth in 1..60_u16, changed in 1..1000_u16,
        bits in 1..30_u8, low in 1..1_000_000_u64,
    ) {
        let forest = Forest { branches, links: branches + extra, depth, width: depth };
        let pace = |low: u64| Spectrum { high: 8 << 32, low: low << 12, capacity: 1 }.pace();
        let cost = |method: Method, changed, bits, low| {
            method.cost(forest, pace(low), changed, bits, Sizes::LEAST)
        };
        for method in [Method::Flood, Method::Plan, Method::Sweep, Method::Diffusion] {
            let asked = cost(method, changed, bits, low);
            prop_assert!(cost(method, changed + 1, bits, low).bytes >= asked.bytes);
            prop_assert!(cost(method, changed, bits + 1, low).rounds >= asked.rounds);
            prop_assert!(cost(method, changed, bits, low * 2).rounds <= asked.rounds);
            prop_assert_eq!(cost(method, 0, bits, low).bytes, 0);
            let best = cheapest(|m| cost(m, changed, bits, low), 15).unwrap();
            prop_assert!(cost(best, changed, bits, low).bytes <= asked.bytes);
            let alone = cheapest(|m| cost(m, changed, bits, low), 1 << method as u32);
            prop_assert_eq!(alone, Some(method));
        }
        prop_assert_eq!(cheapest(|m| cost(m, changed, bits, low), 16), None);
    }
}

#[test]
fn turns_go_round() {
    assert!(newer(1, 0) && !newer(0, 0) && !newer(0, 9) && !newer(5, 5));
    assert!(newer(6, 5) && !newer(5, 6));
    assert!(newer(3, u32::MAX) && !newer(u32::MAX, 3));
}

#[test]
fn a_load_of_two_to_the_47_is_refused_and_one_less_is_shared() {
    let bound = 1_i64 << 47;
    for load in [bound, -bound] {
        let inside = load - load.signum();
        let child = |load| Up {
            turn: 1,
            capacity: 1,
            load,
        };
        assert_eq!(Up::gather(1, 0, 1, &[child(load)]), None);
        let root = Up::gather(1, 0, 1, &[child(inside)]).unwrap();
        assert_eq!((root.load, root.capacity), (inside, 2));
        assert_eq!(Down::root(child(load)).share(1), None);
        assert_eq!(Down::root(child(inside)).share(1), Some(inside));
        let down = Down::root(root).pass(1, &[child(inside)], 0).unwrap();
        assert_eq!(flow(child(load), down), None);
        // The root keeps the floor of one half.
        assert_eq!(
            flow(child(inside), down),
            Some(inside.div_euclid(2)),
            "{inside}"
        );
    }
}

#[test]
fn rounds_of_diffusion_are_those_of_the_recurrence() {
    // One component of an imbalance under the pace of high = 4, low = 0.0096 (a ring of 64).
    let spectrum = Spectrum {
        high: 4 << 32,
        low: 41_364_000,
        capacity: 1,
    };
    let pace = spectrum.pace();
    let forest = Forest {
        branches: 63,
        links: 64,
        depth: 32,
        width: 32,
    };
    let said = Method::Diffusion
        .cost(forest, pace, 1, 16, Sizes::LEAST)
        .rounds;
    let one = f64::from(1 << 30);
    let (first, momentum) = (f64::from(pace.first) / one, f64::from(pace.momentum) / one);
    let worst = |t: u32| {
        let low = 41_364_000.0 / 2_f64.powi(32);
        let values = [0.8 * low, low, 0.02, 0.5, 2.0, 4.0];
        values.map(|value| {
            let m = 1.0 - first * value;
            let (mut last, mut now) = (1.0, m);
            for _ in 1..t {
                (last, now) = (now, (1.0 + momentum) * m * now - momentum * last);
            }
            now.abs()
        })
    };
    assert!(
        worst(said).iter().all(|left| *left <= 1.02 / 65536.0),
        "{said}"
    );
    assert!(worst(said - 3).iter().any(|left| *left > 1.0 / 65536.0));
}
