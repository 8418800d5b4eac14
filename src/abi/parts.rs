//! The C surface of two further questions to a complex: the parts of a flow, and settling when
//! edges are not trusted alike.

#![allow(unsafe_code)]

use super::complex::{REPORT_FIRST, WEIR_COMPLEX_UNCERTIFIED, code, write_report};
use super::complex::{weir_complex, weir_complex_report, with};
use super::{WEIR_ERR_NULL, WEIR_ERR_RANGE, border, weir_q16, weir_status};
use crate::complex::Parts;

/// How the parts of a flow came out. Set `size` before the call. Norms are Euclidean, in raw
/// Q16.16, rounded down.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_complex_parts {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Most passes of refinement.
    pub passes: u32,
    /// WEIR_COMPLEX_UNCERTIFIED or 0.
    pub flags: u32,
    /// Independent cycles that no triangles fill.
    pub cycles: u32,
    /// Norm of the flow.
    pub norm: u64,
    /// Norm of the part that runs downhill.
    pub gradient_norm: u64,
    /// Norm of the part that goes round triangles.
    pub circulation_norm: u64,
    /// Norm of the part that goes round holes.
    pub harmonic_norm: u64,
}

/// weir_complex_decompose splits `flow` into three parts that add up to it, to the bit: `gradient`,
/// differences of potentials of the nodes; `circulation`, what settling removes; `harmonic`, what
/// goes round holes. Gradient and harmonic part are free of curl. All arrays hold `edges` values in
/// the order of weir_complex_get_edge; none may overlap another. `report` may be NULL. Context:
/// thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
/// edges, the flow's norm is above 2^31 - 2^16, the complex is too long and thin, or two arrays are
/// one; WEIR_ERR_FULL: the parts of the complex do not fit; WEIR_ERR_ABI: `report->size` is too
/// small.
///
/// # Safety
/// `map` is NULL or a handle from init; the arrays hold `edges` values; `report` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_decompose(
    map: *mut weir_complex,
    flow: *const weir_q16,
    gradient: *mut weir_q16,
    circulation: *mut weir_q16,
    harmonic: *mut weir_q16,
    edges: usize,
    report: *mut weir_complex_parts,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            if !report.is_null() {
                border::check_out(report, size_of::<weir_complex_parts>())?;
            }
            let outs = [gradient, circulation, harmonic];
            let given = flow.cast_mut();
            let some = edges != 0;
            if some && (given.is_null() || outs.contains(&core::ptr::null_mut())) {
                return Err(WEIR_ERR_NULL);
            }
            let one = gradient == circulation || circulation == harmonic || gradient == harmonic;
            let one = some && (one || outs.contains(&given));
            if edges != complex.edges().len() || one {
                return Err(WEIR_ERR_RANGE);
            }
            let parts = Parts {
                gradient: border::slice_mut(gradient, edges)?,
                circulation: border::slice_mut(circulation, edges)?,
                harmonic: border::slice_mut(harmonic, edges)?,
            };
            let cycles = complex.betti1().map_err(code)?;
            let given = border::slice(flow, edges)?;
            let found = complex.decompose(given, parts).map_err(code)?;
            if !report.is_null() {
                let value = weir_complex_parts {
                    size: 0,
                    passes: u32::from(found.passes),
                    flags: if found.uncertified {
                        WEIR_COMPLEX_UNCERTIFIED
                    } else {
                        0
                    },
                    cycles,
                    norm: found.flow,
                    gradient_norm: found.gradient,
                    circulation_norm: found.circulation,
                    harmonic_norm: found.harmonic,
                };
                border::write_out(report, &value);
            }
            Ok(())
        })
    }
}

/// weir_complex_settle_trusted settles like weir_complex_settle, but moves edges the less the more
/// they are trusted: it minimises the sum of trust times squared change. `trust` holds `edges`
/// values from 1 to 255; 0 counts as 1. `report` may be NULL. Makes the factors for these weights
/// and again without, so it costs more than settling. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `edges` is not the number of
/// edges, a result does not fit, the complex is too long and thin for these weights, or the arrays
/// are one; WEIR_ERR_FULL: the parts of the complex do not fit; WEIR_ERR_ABI: `report->size` is too
/// small.
///
/// # Safety
/// `map` is NULL or a handle from init; the arrays hold `edges` values; `report` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_complex_settle_trusted(
    map: *mut weir_complex,
    flow: *const weir_q16,
    trust: *const u8,
    out: *mut weir_q16,
    edges: usize,
    report: *mut weir_complex_report,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(map, &mut |complex| {
            if !report.is_null() {
                border::check_out(report, REPORT_FIRST)?;
            }
            if edges != 0 && (flow.is_null() || trust.is_null() || out.is_null()) {
                return Err(WEIR_ERR_NULL);
            }
            if edges != complex.edges().len() || (edges != 0 && flow == out.cast_const()) {
                return Err(WEIR_ERR_RANGE);
            }
            let (given, trust) = (border::slice(flow, edges)?, border::slice(trust, edges)?);
            let out = border::slice_mut(out, edges)?;
            let found = complex.project_weighted(given, trust, out).map_err(code)?;
            write_report(complex, found, report)
        })
    }
}
