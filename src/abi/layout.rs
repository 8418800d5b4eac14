//! Does Rust see the same bytes behind every public struct as C?
//!
//! Written by `WEIR_BLESS=1 cargo test -p ffi-tests --test conformance_layout` from what C prints
//! on every machine; a test compares. Part of every archive and of no other build, so that a
//! changed struct stops archives but not the tools that bring this file up to date.

use core::mem::{align_of, offset_of, size_of};

/// The size of a field, from a function that is never called.
const fn field_size<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// A struct, its size and alignment; its fields with offset and size.
macro_rules! claim {
    ($name:ty, $size:literal, $align:literal $(; $field:ident $at:literal $bytes:literal)+) => {
        const _: () = {
            assert!(size_of::<$name>() == $size && align_of::<$name>() == $align);
            $(
                assert!(offset_of!($name, $field) == $at);
                assert!(field_size(|this: &$name| &this.$field) == $bytes);
            )+
        };
    };
}

claim!(super::balance::weir_seat, 8, 2; parent 0 2; depth 2 2; root 4 2; reach 6 2);

claim!(super::balance::weir_forest, 12, 4; size 0 4; branches 4 2; links 6 2; depth 8 2;
    width 10 2);

claim!(super::balance::weir_pace, 24, 4; size 0 4; first 4 4; gain 8 4; momentum 12 4;
    factor 16 4; capacity 20 2; reserved 22 2);

claim!(super::balance::weir_sizes, 8, 2; entry 0 2; sum 2 2; value 4 2; reserved 6 2);

claim!(super::balance::weir_cost, 24, 8; messages 0 8; bytes 8 8; steps 16 4; reserved 20 4);

claim!(super::balance::weir_sweep_up, 16, 8; turn 0 4; capacity 4 4; load 8 8);

claim!(super::balance::weir_sweep_down, 24, 8; turn 0 4; capacity 4 4; before 8 4;
    reserved 12 4; total 16 8);

claim!(super::balance::weir_channel, 16, 8; last 0 8; rest 8 4; begun 12 4);

claim!(super::balance::weir_ends, 12, 4; load 0 8; capacity 8 4);

#[cfg(target_pointer_width = "32")]
claim!(super::complex::weir_complex_config, 20, 4; abi 0 4; size 4 4; max_nodes 8 2;
    max_edges 10 2; max_triangles 12 2; fill 14 2; flags 16 4);
#[cfg(target_pointer_width = "64")]
claim!(super::complex::weir_complex_config, 24, 8; abi 0 8; size 8 4; max_nodes 12 2;
    max_edges 14 2; max_triangles 16 2; fill 18 2; flags 20 4);

claim!(super::complex::weir_complex_report, 24, 4; size 0 4; nodes 4 2; edges 6 2;
    triangles 8 2; cycles 10 2; curl_before 12 4; passes 16 4; flags 20 4);

#[cfg(target_pointer_width = "32")]
claim!(super::port::weir_mesh_port, 20, 4; size 0 4; transmit 4 4; entropy 8 4; sign 12 4;
    verify 16 4);
#[cfg(target_pointer_width = "64")]
claim!(super::port::weir_mesh_port, 40, 8; size 0 4; transmit 8 8; entropy 16 8; sign 24 8;
    verify 32 8);

#[cfg(target_pointer_width = "32")]
claim!(super::config::weir_mesh_config, 80, 8; abi 0 4; size 4 4; boot 8 4; mesh_id 16 8;
    id 24 2; max_nodes 26 2; max_degree 28 2; fill 30 2; max_neighbours 32 2;
    inbox_frames 34 2; frame_max 36 2; signed_records 38 2; signed_bytes 40 2; reserved 42 2;
    gate 44 4; trickle_min_ms 48 4; heartbeat_max_ms 52 4; link_hold_ms 56 4; learn_ms 60 4;
    trickle_doublings 64 1; trickle_k 65 1; reserved2 66 2; port 68 4; ctx 72 4);
#[cfg(target_pointer_width = "64")]
claim!(super::config::weir_mesh_config, 88, 8; abi 0 8; size 8 4; boot 12 4; mesh_id 16 8;
    id 24 2; max_nodes 26 2; max_degree 28 2; fill 30 2; max_neighbours 32 2;
    inbox_frames 34 2; frame_max 36 2; signed_records 38 2; signed_bytes 40 2; reserved 42 2;
    gate 44 4; trickle_min_ms 48 4; heartbeat_max_ms 52 4; link_hold_ms 56 4; learn_ms 60 4;
    trickle_doublings 64 1; trickle_k 65 1; reserved2 66 2; port 72 8; ctx 80 8);

claim!(super::flows::weir_mesh_load, 32, 8; size 0 4; queued 4 4; injected 8 8; done 16 8;
    in_flight 24 4; capacity 28 2; reserved 30 2);

claim!(super::flows::weir_mesh_state, 72, 8; size 0 4; flags 4 4; digest 8 8; arrived 16 8;
    done 24 8; queued 32 8; in_flight 40 8; circulation_before 48 4; circulation_after 52 4;
    imbalance 56 4; records 60 2; nodes 62 2; edges 64 2; triangles 66 2; agreed 68 1;
    learning 69 1; reserved 70 2);

claim!(super::flows::weir_shipment, 8, 4; to 0 2; reserved 2 2; amount 4 4);

claim!(super::mesh::weir_mesh_due, 24, 8; size 0 4; flags 4 4; next_ms 8 8; listen_until_ms 16 8);

claim!(super::parts::weir_complex_parts, 48, 8; size 0 4; passes 4 4; flags 8 4; cycles 12 4;
    norm 16 8; gradient_norm 24 8; circulation_norm 32 8; harmonic_norm 40 8);

claim!(super::potential::weir_relax_report, 16, 8; size 0 4; sweeps 4 2; held 6 2; curl_max 8 8);

claim!(super::potential::weir_across, 16, 8; potential 0 8; inflow 8 4; reserved 12 4);

claim!(super::report::weir_mesh_event, 16, 4; size 0 4; code 4 2; peer 6 2; value 8 4;
    kind 12 1; slot 13 1; reserved 14 2);

#[cfg(target_pointer_width = "32")]
claim!(super::report::weir_record, 40, 8; size 0 4; author 4 2; kind 6 1; slot 7 1; boot 8 4;
    counter 12 4; hash 16 8; payload 24 4; signature 28 4; len 32 2; record_class 34 1;
    reserved 35 1);
#[cfg(target_pointer_width = "64")]
claim!(super::report::weir_record, 48, 8; size 0 4; author 4 2; kind 6 1; slot 7 1; boot 8 4;
    counter 12 4; hash 16 8; payload 24 8; signature 32 8; len 40 2; record_class 42 1;
    reserved 43 1);

claim!(super::report::weir_neighbour, 24, 8; size 0 4; id 4 2; flags 6 1; rssi_dbm 7 1;
    digest 8 8; silent_ms 16 4; reserved 20 4);

claim!(super::report::weir_mesh_stats, 160, 8; size 0 4; frames_sent 4 4; bytes_sent 8 8;
    bytes_received 16 8; frames_received 24 4; beacons_sent 28 4; records_merged 32 4;
    records_written 36 4; link_changes 40 4; busy 44 4; events_lost 48 4; inbox_dropped 52 4;
    backwards 56 4; reserved 60 4; refused 64 96);
