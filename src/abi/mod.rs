//! The C surface: one file per handle, and one file that dereferences what C passed.
//!
//! Every exported function goes through [`border`]: it checks the handle (NULL, magic, re-entry),
//! carves the views and calls safe code. Nothing here computes anything.
//!
//! Conventions, for all functions: results are [`weir_status`]; out-parameters are written only on
//! success; a failed call leaves the handle as it was; structs begin with their size as the caller
//! was compiled, so that fields may be appended; no enumeration, `bool` or `size_t` inside a
//! struct.

#![allow(unsafe_code, non_camel_case_types, non_upper_case_globals)]

pub mod balance;
pub mod border;
pub mod complex;
pub mod config;
pub mod flows;
pub mod inbox;
#[cfg(feature = "archive")]
mod layout;
pub mod mesh;
pub mod parts;
pub mod port;
pub mod potential;
pub mod report;
#[cfg(test)]
mod tests;

use core::ffi::{CStr, c_char};

/// What a call came to: below 0 an error, 0 done, above 0 information.
pub type weir_status = i32;

/// Done.
pub const WEIR_OK: weir_status = 0;
/// Not yet: the node is still learning what it published before; nothing changed.
pub const WEIR_PENDING: weir_status = 1;
/// There is nothing more to give.
pub const WEIR_END: weir_status = 2;
/// A required pointer is NULL.
pub const WEIR_ERR_NULL: weir_status = -1;
/// An argument or a field of a struct is outside its range.
pub const WEIR_ERR_RANGE: weir_status = -2;
/// Storage is too small or not aligned to 8 bytes.
pub const WEIR_ERR_STORAGE: weir_status = -3;
/// A struct does not begin as its default or its size says it should.
pub const WEIR_ERR_ABI: weir_status = -4;
/// The handle is not initialised, or this call is not allowed now.
pub const WEIR_ERR_STATE: weir_status = -5;
/// The handle is in a call already: called back from a callback, or from another thread.
pub const WEIR_ERR_BUSY: weir_status = -6;
/// A capacity chosen at init is used up.
pub const WEIR_ERR_FULL: weir_status = -7;
/// The entropy callback failed; nothing was done.
pub const WEIR_ERR_ENTROPY: weir_status = -9;

/// Grows by one with every change of this header.
pub const WEIR_API_LEVEL: u32 = 1;

/// A number in Q16.16: raw 65536 is 1.0.
pub type weir_q16 = i32;

/// Ties a caller to this epoch of the binary interface: `..._CONFIG_DEFAULT` stores its address, so
/// a program compiled for another epoch does not link with this archive.
#[unsafe(no_mangle)]
pub static weir_abi_epoch_1: u8 = 1;

/// weir_version returns the version of this archive as text, such as "0.1.0". The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn weir_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// weir_status_name returns the name of a status, such as "WEIR_ERR_RANGE". The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn weir_status_name(status: weir_status) -> *const c_char {
    let name: &CStr = match status {
        WEIR_OK => c"WEIR_OK",
        WEIR_PENDING => c"WEIR_PENDING",
        WEIR_END => c"WEIR_END",
        WEIR_ERR_NULL => c"WEIR_ERR_NULL",
        WEIR_ERR_RANGE => c"WEIR_ERR_RANGE",
        WEIR_ERR_STORAGE => c"WEIR_ERR_STORAGE",
        WEIR_ERR_ABI => c"WEIR_ERR_ABI",
        WEIR_ERR_STATE => c"WEIR_ERR_STATE",
        WEIR_ERR_BUSY => c"WEIR_ERR_BUSY",
        WEIR_ERR_FULL => c"WEIR_ERR_FULL",
        WEIR_ERR_ENTROPY => c"WEIR_ERR_ENTROPY",
        _ => c"unknown status",
    };
    name.as_ptr()
}

/// The proof that nothing panics: after link-time optimisation this handler, and with it the
/// undefined symbol it names, is in the archive only if some code can reach it.
#[cfg(feature = "archive")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        fn weir_panic_path_is_reachable() -> !;
    }
    // SAFETY: never called in an archive that passed its checks; nobody defines the symbol.
    unsafe { weir_panic_path_is_reachable() }
}
