//! Tests of the border for an interpreter that watches every pointer: `make miri`. They also run
//! with all others, where they check results only.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use super::complex::*;
use super::config::*;
use super::flows::*;
use super::inbox::{self, Ring};
use super::mesh::*;
use super::port::*;
use super::report::*;
use super::*;

/// What the callbacks of a node know: the node itself, to call it from inside, and the air.
struct Host {
    mesh: *mut weir_mesh,
    air: Vec<Vec<u8>>,
    inside: u32,
}

/// Every kind of call on a handle that is in a call already.
unsafe fn call_from_inside(host: *mut Host) {
    // SAFETY: the context is the host of this node, which nobody holds a reference to.
    unsafe {
        let mesh = (*host).mesh;
        (*host).inside += 1;
        assert_eq!(weir_mesh_poll(mesh, 0, null_mut()), WEIR_ERR_BUSY);
        assert_eq!(weir_mesh_reset(mesh, 9), WEIR_ERR_BUSY);
        assert_eq!(weir_mesh_deinit(mesh), WEIR_ERR_BUSY);
        assert_eq!(weir_mesh_ship(mesh, 2, 1), WEIR_ERR_BUSY);
        let mut len = 7;
        let status = weir_mesh_snapshot(mesh, null_mut(), 0, &raw mut len);
        assert_eq!((status, len), (WEIR_ERR_BUSY, 7));
        // An interrupt may come at any moment, here in the middle of a call.
        let frame = [0x5a_u8; 20];
        let status = weir_mesh_receive_isr(mesh, frame.as_ptr(), 20, -50);
        assert!(status == WEIR_OK || status == WEIR_ERR_FULL);
    }
}

unsafe extern "C" fn transmit(ctx: *mut c_void, frame: *const u8, len: usize) -> weir_status {
    // SAFETY: called by the library with its own frame and our context.
    unsafe {
        call_from_inside(ctx.cast());
        let bytes = core::slice::from_raw_parts(frame, len).to_vec();
        (*ctx.cast::<Host>()).air.push(bytes);
    }
    WEIR_OK
}

unsafe extern "C" fn entropy(ctx: *mut c_void, out: *mut u8, len: usize) -> weir_status {
    // SAFETY: as above; `out` has `len` bytes.
    unsafe {
        call_from_inside(ctx.cast());
        out.write_bytes(0x3c, len);
    }
    WEIR_OK
}

static PORT: weir_mesh_port = weir_mesh_port {
    size: size_of::<weir_mesh_port>() as u32,
    transmit: Some(transmit),
    entropy: Some(entropy),
    sign: None,
    verify: None,
};

fn small(id: u16, host: *mut Host) -> weir_mesh_config {
    weir_mesh_config {
        id,
        boot: 1,
        max_nodes: 2,
        max_degree: 1,
        fill: 1,
        max_neighbours: 1,
        inbox_frames: 2,
        frame_max: 80,
        trickle_min_ms: 100,
        heartbeat_max_ms: 400,
        link_hold_ms: 100,
        learn_ms: 100,
        port: &raw const PORT,
        ctx: host.cast(),
        ..DEFAULT
    }
}

/// Memory of exactly so many bytes, none of them written.
fn lent(bytes: usize) -> Vec<MaybeUninit<u64>> {
    vec![MaybeUninit::uninit(); bytes / 8]
}

struct Node {
    mesh: *mut weir_mesh,
    map: *mut weir_complex,
    host: *mut Host,
    _storage: Vec<MaybeUninit<u64>>,
    _map_storage: Vec<MaybeUninit<u64>>,
}

fn node(id: u16) -> Node {
    let host = Box::into_raw(Box::new(Host {
        mesh: null_mut(),
        air: vec![],
        inside: 0,
    }));
    let config = small(id, host);
    let mut wanted = MaybeUninit::<weir_complex_config>::uninit();
    let (mut mesh, mut map) = (null_mut(), null_mut());
    // SAFETY: every pointer is to memory of the stated length that lives as long as the node.
    unsafe {
        let bytes = weir_mesh_storage_size(&raw const config);
        let mut storage = lent(bytes);
        let memory = storage.as_mut_ptr();
        let made = weir_mesh_init(&raw mut mesh, memory.cast(), bytes, &raw const config);
        assert_eq!(made, WEIR_OK);
        (*host).mesh = mesh;
        let status = weir_mesh_complex_config(&raw const config, wanted.as_mut_ptr());
        assert_eq!(status, WEIR_OK);
        let bytes = weir_complex_storage_size(wanted.as_ptr());
        let mut map_storage = lent(bytes);
        let memory = map_storage.as_mut_ptr();
        let made = weir_complex_init(&raw mut map, memory.cast(), bytes, wanted.as_ptr());
        assert_eq!(made, WEIR_OK);
        assert_eq!(weir_mesh_set_key(mesh, 0, [7; 16].as_ptr(), 8), WEIR_OK);
        assert_eq!(weir_mesh_attach_complex(mesh, map), WEIR_OK);
        Node {
            mesh,
            map,
            host,
            _storage: storage,
            _map_storage: map_storage,
        }
    }
}

#[test]
fn nodes_that_are_called_from_inside_agree_and_end() {
    let nodes = [node(1), node(2)];
    let mut state = weir_mesh_state {
        size: size_of::<weir_mesh_state>() as u32,
        ..all_zero()
    };
    // SAFETY: handles of this test, one thread; the hosts are reached by raw pointers only.
    unsafe {
        // An interpreter is slow; a few beacons each are enough for it.
        for step in 0..if cfg!(miri) { 8 } else { 40 } {
            for (index, node) in nodes.iter().enumerate() {
                assert_eq!(weir_mesh_poll(node.mesh, step * 50, null_mut()), WEIR_OK);
                let said = core::mem::take(&mut (*node.host).air);
                let other = &nodes[1 - index];
                for frame in said {
                    let (bytes, len) = (frame.as_ptr(), frame.len());
                    let status = weir_mesh_receive_isr(other.mesh, bytes, len, -40);
                    assert!(status == WEIR_OK || status == WEIR_ERR_FULL);
                }
            }
        }
        for node in &nodes {
            assert!((*node.host).inside > 3, "nothing was called from inside");
            assert_eq!(weir_mesh_settle(node.mesh, &raw mut state), WEIR_OK);
            assert_eq!(weir_complex_reset(node.map), WEIR_ERR_STATE, "attached");
            let (mut cursor, mut record) = (0, all_zero::<weir_record>());
            record.size = size_of::<weir_record>() as u32;
            while weir_mesh_next_record(node.mesh, &raw mut cursor, &raw mut record) == WEIR_OK {
                let payload = core::slice::from_raw_parts(record.payload, record.len.into());
                assert!(payload.len() >= 4);
            }
            assert_eq!(weir_mesh_deinit(node.mesh), WEIR_OK);
            assert_eq!(weir_mesh_poll(node.mesh, 0, null_mut()), WEIR_ERR_STATE);
            assert_eq!(weir_complex_deinit(node.map), WEIR_OK);
            drop(Box::from_raw(node.host));
        }
    }
}

/// All bytes zero, for structs whose fields are numbers and pointers.
fn all_zero<T>() -> T {
    // SAFETY: only used for structs of the C surface, for which zero is a value of every field.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

#[test]
fn storage_that_is_refused_is_not_touched() {
    let config = small(1, null_mut());
    // SAFETY: lengths are those of the arrays.
    unsafe {
        let bytes = weir_mesh_storage_size(&raw const config);
        let mut memory = vec![0xa5_u8; bytes + 16];
        let mut mesh = null_mut();
        for (offset, len) in [(0, bytes - 1), (1, bytes), (4, bytes), (7, bytes), (0, 0)] {
            let skew = memory.as_ptr().align_offset(8) + offset;
            let at = memory.as_mut_ptr().add(skew).cast();
            let status = weir_mesh_init(&raw mut mesh, at, len, &raw const config);
            assert_eq!(status, WEIR_ERR_STORAGE);
        }
        let status = weir_mesh_init(&raw mut mesh, null_mut(), bytes, &raw const config);
        assert_eq!(status, WEIR_ERR_NULL);
        assert!(mesh.is_null() && memory.iter().all(|&byte| byte == 0xa5));
    }
}

/// A config as callers of another age would pass it: `size` bytes and not one more.
fn config_of(size: usize, from: &weir_mesh_config) -> Vec<MaybeUninit<u64>> {
    let mut memory = vec![MaybeUninit::new(u64::MAX); size.div_ceil(8)];
    let known = size.min(size_of::<weir_mesh_config>());
    let source = core::ptr::from_ref(from).cast::<u8>();
    // SAFETY: both sides are at least that long.
    unsafe {
        core::ptr::copy_nonoverlapping(source, memory.as_mut_ptr().cast::<u8>(), known);
        let place = memory.as_mut_ptr().cast::<weir_mesh_config>();
        (&raw mut (*place).size).write(size as u32);
    }
    memory
}

#[test]
fn structs_of_other_sizes_are_read_and_written_within_their_size() {
    let whole = size_of::<weir_mesh_config>();
    let config = small(1, null_mut());
    // SAFETY: each struct is as long as it says.
    unsafe {
        let expected = weir_mesh_storage_size(&raw const config);
        for size in [16, whole - 8, whole, whole + 8, whole + 64] {
            let memory = config_of(size, &config);
            let bytes = weir_mesh_storage_size(memory.as_ptr().cast());
            assert_eq!(bytes, if size < whole { 0 } else { expected });
        }
        assert_eq!(weir_mesh_storage_size(null()), 0);
        let node = node(1);
        let due = size_of::<weir_mesh_due>();
        for size in [4, due - 4, due, due + 4, due + 32] {
            let mut memory = vec![0xa5a5_a5a5_u32; size.div_ceil(8) * 2 + 1];
            // Aligned as a struct with 64-bit fields must be.
            let skew = memory.as_ptr().align_offset(8);
            let place = memory.as_mut_ptr().add(skew);
            place.write(size as u32);
            let status = weir_mesh_poll(node.mesh, 5, place.cast());
            let written = if size < due { 4 } else { due };
            assert_eq!(status, if size < due { WEIR_ERR_ABI } else { WEIR_OK });
            assert_eq!(place.read(), size as u32, "the caller's size stays");
            let rest = &memory[skew + written / 4..];
            assert!(rest.iter().all(|&word| word == 0xa5a5_a5a5), "{size}");
        }
        assert_eq!(weir_mesh_deinit(node.mesh), WEIR_OK);
        assert_eq!(weir_complex_deinit(node.map), WEIR_OK);
        drop(Box::from_raw(node.host));
    }
}

#[test]
fn empty_arrays_may_be_null_and_others_may_not() {
    let config = weir_complex_config {
        max_nodes: 3,
        max_edges: 3,
        max_triangles: 1,
        fill: 1,
        ..complex_default()
    };
    // SAFETY: every array has the stated length.
    unsafe {
        let bytes = weir_complex_storage_size(&raw const config);
        let (mut storage, mut map) = (lent(bytes), null_mut());
        let memory = storage.as_mut_ptr().cast();
        let made = weir_complex_init(&raw mut map, memory, bytes, &raw const config);
        assert_eq!(made, WEIR_OK);
        assert_eq!(
            weir_complex_settle(map, null(), null_mut(), 0, null_mut()),
            WEIR_OK
        );
        for (a, b) in [(1, 2), (2, 3), (1, 3)] {
            assert_eq!(weir_complex_add_node(map, a), WEIR_OK);
            assert_eq!(weir_complex_add_node(map, b), WEIR_OK);
            assert_eq!(weir_complex_add_edge(map, a, b), WEIR_OK);
        }
        let (flow, mut out) = ([4, 0, 2], [0; 3]);
        let nothing = weir_complex_settle(map, null(), out.as_mut_ptr(), 3, null_mut());
        assert_eq!(nothing, WEIR_ERR_NULL);
        let settled = weir_complex_settle(map, flow.as_ptr(), out.as_mut_ptr(), 3, null_mut());
        assert_eq!((settled, out[0] + out[2] - out[1]), (WEIR_OK, 0));
        assert_eq!(weir_complex_deinit(map), WEIR_OK);
        assert!(storage.iter().all(|word| word.assume_init() == 0));
        assert_eq!(
            weir_complex_reset(map),
            WEIR_ERR_STATE,
            "no handle any more"
        );
    }
}

fn complex_default() -> weir_complex_config {
    let mut config = MaybeUninit::uninit();
    // SAFETY: written whole by the call.
    unsafe {
        weir_complex_config_default(config.as_mut_ptr());
        config.assume_init()
    }
}

/// A ring and its memory, each reached as the library does it.
struct Wire {
    ring: Ring,
    frames: *mut u8,
}

// SAFETY: one thread pushes and one pops; all that is shared are atomics and the places between.
unsafe impl Sync for Wire {}

const FRAMES: u16 = 3;
const FRAME_MAX: u16 = 5;

fn with_wire(body: impl FnOnce(&Wire)) {
    let mut memory = vec![0_u64; inbox::words(FRAMES, FRAME_MAX)];
    body(&Wire {
        ring: Ring::new(FRAMES, FRAME_MAX),
        frames: memory.as_mut_ptr().cast(),
    });
}

/// The frame number `count`: its length and bytes follow from the number.
fn frame(count: u8) -> Vec<u8> {
    vec![count; 1 + usize::from(count % 5)]
}

#[test]
fn a_ring_gives_what_was_put_in_whatever_the_order_of_calls() {
    // Every order of twelve pushes and pops, a bit each.
    let orders = if cfg!(miri) { 1 << 6 } else { 1 << 12 };
    for order in 0_u32..orders {
        with_wire(|wire| {
            let (mut sent, mut taken, mut lost) = (vec![], vec![], 0);
            for step in 0..12_u8 {
                let mut out = [0; FRAME_MAX as usize];
                // SAFETY: the memory is that of the ring; one thread.
                unsafe {
                    if order >> (step % orders.ilog2() as u8) & 1 == 1 {
                        let kept = sent.len() - taken.len() < usize::from(FRAMES);
                        let bytes = frame(step);
                        assert_eq!(wire.ring.push(wire.frames, &bytes, -5), kept);
                        if kept {
                            sent.push(bytes);
                        } else {
                            wire.ring.drop_one();
                            lost += 1;
                        }
                    } else if let Some((len, rssi)) = wire.ring.pop(wire.frames, &mut out) {
                        assert_eq!(rssi, -5);
                        taken.push(out[..len].to_vec());
                    } else {
                        assert_eq!(sent.len(), taken.len());
                    }
                }
            }
            assert_eq!(sent[..taken.len()], taken);
            assert_eq!(wire.ring.dropped(), lost);
        });
    }
}

#[test]
fn a_ring_between_two_threads_loses_and_invents_nothing() {
    let rounds = if cfg!(miri) { 20 } else { 200 };
    with_wire(|wire| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for count in 0..rounds {
                    // SAFETY: the only producer.
                    while !unsafe { wire.ring.push(wire.frames, &frame(count), 1) } {
                        std::thread::yield_now();
                    }
                }
            });
            let mut expected = 0;
            while expected < rounds {
                let mut out = [0; FRAME_MAX as usize];
                // SAFETY: the only consumer.
                match unsafe { wire.ring.pop(wire.frames, &mut out) } {
                    Some((len, _)) => {
                        assert_eq!(out[..len], frame(expected)[..]);
                        expected += 1;
                    }
                    None => std::thread::yield_now(),
                }
            }
        });
    });
}
