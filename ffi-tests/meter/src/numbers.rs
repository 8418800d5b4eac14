//! Elementary functions that are counted: weir's beside what a soft-float library does.
//!
//! One line per function in the list below; `ffi-tests/c/meter.c` walks the table. A function of
//! weir takes `a.raw` (Q16.16) to `a.out`; its peer, from the crate `libm`, takes `a.x` to `a.y`
//! and so is spared the conversion. The bracket includes the load and the store.
#![allow(unsafe_code)]

use core::ffi::{CStr, c_char};
use weir::num::Q16;

/// What a function reads and writes.
#[derive(Debug)]
#[repr(C)]
pub struct Argument {
    raw: i32,
    out: i32,
    x: f64,
    y: f64,
}

/// A row of the table.
#[derive(Debug)]
#[repr(C)]
pub struct Number {
    name: *const c_char,
    call: unsafe extern "C" fn(*mut Argument) -> u32,
    /// 1: only defined above zero.
    positive: u32,
}

// SAFETY: the names are constants and nothing is ever written.
unsafe impl Sync for Number {}

macro_rules! numbers {
    ($($name:literal, $positive:literal, $a:ident => $body:expr;)*) => {
        /// Every function.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static meter_numbers: [Number; [$($positive),*].len()] = [$({
            unsafe extern "C" fn call(argument: *mut Argument) -> u32 {
                // SAFETY: C passes one argument of its own.
                let $a = unsafe { &mut *argument };
                $body;
                1
            }
            const NAME: &CStr = $name;
            Number { name: NAME.as_ptr(), call, positive: $positive }
        }),*];

        /// How many there are.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static meter_number_count: u32 = [$($positive),*].len() as u32;
    };
}

fn raw(value: Option<Q16>) -> i32 {
    value.map_or(0, Q16::to_bits)
}

numbers! {
    c"weir.sqrt", 1, a => a.out = raw(weir::num::sqrt(Q16::from_bits(a.raw)));
    c"weir.ln", 1, a => a.out = raw(weir::num::ln(Q16::from_bits(a.raw)));
    c"weir.log2", 1, a => a.out = raw(weir::num::log2(Q16::from_bits(a.raw)));
    c"weir.exp", 0, a => a.out = weir::num::exp(Q16::from_bits(a.raw)).to_bits();
    c"weir.tanh", 0, a => a.out = weir::num::tanh(Q16::from_bits(a.raw)).to_bits();
    c"weir.sigmoid", 0, a => a.out = weir::num::sigmoid(Q16::from_bits(a.raw)).to_bits();
    c"soft.sqrt", 1, a => a.y = libm::sqrt(a.x);
    c"soft.ln", 1, a => a.y = libm::log(a.x);
    c"soft.log2", 1, a => a.y = libm::log2(a.x);
    c"soft.exp", 0, a => a.y = libm::exp(a.x);
    c"soft.tanh", 0, a => a.y = libm::tanh(a.x);
    c"soft.sigmoid", 0, a => a.y = 1.0 / (1.0 + libm::exp(-a.x));
}
