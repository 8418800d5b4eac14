//! Circulations out with neighbours only: potentials of vertices, and triangles that relax.
//!
//! The functions on a `weir_complex` read its topology and leave it as it was; the others are pure
//! functions of their arguments and need no handle.

use super::border;
use super::complex::{code, weir_complex, with};
use super::*;
use crate::complex::relax::{self, Across};

/// No edge, no vertex.
pub const WEIR_NONE: u16 = 65_535;

/// How triangles were relaxed. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_relax_report {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Sweeps that were made.
    pub sweeps: u16,
    /// Triangles that keep curl because an edge is at the end of its range.
    pub held: u16,
    /// Largest magnitude of curl that is left, raw Q16.16.
    pub curl_max: u64,
}

/// What a vertex knows of one of its edges.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_across {
    /// Last known potential of the other end, in units of 2^-24 raw Q16.16.
    pub potential: i64,
    /// Flow on the edge towards this vertex, raw Q16.16.
    pub inflow: weir_q16,
    /// Zero.
    pub reserved: u32,
}

const RELAX_FIRST: usize = size_of::<weir_relax_report>();

/// weir_complex_relax lets every triangle give back a third of its circulation, in sweeps over all
/// triangles until none moves, at most `sweeps` times. Every node's net flow stays exactly as it
/// was, the sum of squares never grows, no edge overflows, and weir_complex_settle gives the same
/// bits before and after. At rest the curl of every triangle is at most 1. `report` may be NULL.
/// Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
/// edges; WEIR_ERR_ABI: `report->size` is too small.
///
/// # Safety
/// `map` is NULL or a handle from init; `flow` holds `edges` values; `report` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_relax(
    map: *mut weir_complex,
    flow: *mut weir_q16,
    edges: usize,
    sweeps: u16,
    report: *mut weir_relax_report,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            if !report.is_null() {
                border::check_out(report, RELAX_FIRST)?;
            }
            let flow = border::slice_mut(flow, edges)?;
            let found = complex.relax_triangles(flow, sweeps).map_err(code)?;
            if !report.is_null() {
                let value = weir_relax_report {
                    size: 0,
                    sweeps: found.sweeps,
                    held: found.held,
                    curl_max: found.curl_max,
                };
                border::write_out(report, &value);
            }
            Ok(())
        })
    }
}

/// weir_complex_get_corners groups the edges of node `id`: `corner` gets one number per edge, in
/// ascending order of the neighbours' ids. Edges with one number meet in one vertex, which has one
/// potential; an edge with WEIR_NONE is in no triangle and keeps its flow. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: there is no such node, or `edges`
/// is not the number of its edges.
///
/// # Safety
/// `map` is NULL or a handle from init; `corner` holds `edges` values; `count` may be written.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_get_corners(
    map: *mut weir_complex,
    id: u16,
    corner: *mut u16,
    edges: usize,
    count: *mut u16,
) -> weir_status {
    if count.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            let corner = border::slice_mut(corner, edges)?;
            let found = complex.corners(id, corner).map_err(code)?;
            border::put(count, found)
        })
    }
}

/// weir_potential_relax gives the new potential of a vertex from what it knows of its edges: the
/// mean of what they ask for, in units of 2^-24. WEIR_END: the old one may stay, nothing is
/// written. The vertex at the smaller end of a block's smallest edge keeps 0 for ever. Context:
/// any.
///
/// WEIR_ERR_NULL; WEIR_ERR_RANGE: more than 32767 edges.
///
/// # Safety
/// `edges` holds `count` values; `next` is NULL or may be written.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_potential_relax(
    own: i64,
    edges: *const weir_across,
    count: usize,
    next: *mut i64,
) -> weir_status {
    if next.is_null() {
        return WEIR_ERR_NULL;
    }
    if count > usize::from(crate::complex::EDGES_MAX) {
        return WEIR_ERR_RANGE;
    }
    // SAFETY: as promised by the caller.
    let edges = match unsafe { border::slice(edges, count) } {
        Ok(edges) => edges,
        Err(status) => return status,
    };
    let heard = edges.iter().map(|edge| Across {
        potential: edge.potential,
        inflow: edge.inflow,
    });
    match relax::relax(own, heard) {
        // SAFETY: as promised by the caller.
        Some(value) => border::status(unsafe { border::put(next, value) }),
        None => WEIR_END,
    }
}

/// weir_potential_flow gives the flow of an edge from the potentials of its ends, the end with the
/// smaller id first. Both ends call it on the same two numbers. Context: any.
///
/// WEIR_ERR_NULL; WEIR_ERR_RANGE: the flow does not fit, or a potential is at its bound of 2^62.
///
/// # Safety
/// `flow` is NULL or may be written.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_potential_flow(
    first: i64,
    second: i64,
    flow: *mut weir_q16,
) -> weir_status {
    if flow.is_null() {
        return WEIR_ERR_NULL;
    }
    match relax::publish(first, second) {
        // SAFETY: as promised by the caller.
        Some(value) => border::status(unsafe { border::put(flow, value) }),
        None => WEIR_ERR_RANGE,
    }
}
