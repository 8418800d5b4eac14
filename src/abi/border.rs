//! The border: the only place that dereferences what C passed.
//!
//! A pointer from C is an allegation. What is checked: NULL, alignment, length, the magic number of
//! a handle, whether it is in a call already, the size and the epoch of a struct. What cannot be
//! checked is that a pointer points to memory of the stated length which nobody else uses during
//! the call; the header says so, and every `unsafe` below rests on it.

use core::mem::{MaybeUninit, align_of, size_of};
use core::ptr::{copy_nonoverlapping, write_bytes};

use super::{
    WEIR_ERR_ABI, WEIR_ERR_BUSY, WEIR_ERR_NULL, WEIR_ERR_RANGE, WEIR_ERR_STATE, WEIR_ERR_STORAGE,
    weir_abi_epoch_1, weir_status,
};

/// What every handle begins with.
#[derive(Debug)]
#[repr(C)]
pub struct Gate {
    magic: u32,
    busy: u32,
}

/// An opaque type of the C surface and what lies behind it.
pub trait Handle: Sized {
    /// Tells an initialised handle from other memory.
    const MAGIC: u32;
    /// What lies at the handle's address: a [`Gate`] first, `repr(C)`.
    type Head;
}

/// Words of 8 bytes in front of the arena of a handle.
pub const fn head_words<H: Handle>() -> usize {
    size_of::<H::Head>().div_ceil(8)
}

/// Checks storage and clears it. The caller then writes the head and calls [`open_gate`].
///
/// # Safety
/// `storage` is NULL or points to `len` bytes that the caller lends.
pub unsafe fn take_storage<H: Handle>(
    storage: *mut u8,
    len: usize,
    words: Option<usize>,
) -> Result<*mut H::Head, weir_status> {
    const { assert!(align_of::<H::Head>() <= 8) };
    if storage.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    let words = words.ok_or(WEIR_ERR_STORAGE)?;
    if storage.addr() & 7 != 0 || len >> 3 < words {
        return Err(WEIR_ERR_STORAGE);
    }
    // SAFETY: aligned, and `words` words lie within `len` bytes, both checked above.
    unsafe { write_bytes(storage.cast::<u64>(), 0, words) };
    Ok(storage.cast())
}

/// Makes an initialised head a handle.
///
/// # Safety
/// `head` came from [`take_storage`] and was written.
pub unsafe fn open_gate<H: Handle>(head: *mut H::Head) -> *mut H {
    // SAFETY: a head begins with its gate.
    unsafe {
        head.cast::<Gate>().write(Gate {
            magic: H::MAGIC,
            busy: 0,
        })
    };
    head.cast()
}

/// Makes a handle plain memory again, all zero.
///
/// # Safety
/// `handle` passed [`enter`], and `words` is the length of its storage.
pub unsafe fn close_gate<H: Handle>(handle: *mut H, words: usize) {
    // SAFETY: the storage was at least this long at init.
    unsafe { write_bytes(handle.cast::<u64>(), 0, words) };
}

/// Looks at a handle without entering it.
///
/// # Safety
/// `handle` is NULL or points to storage given to an init function.
pub unsafe fn check<H: Handle>(handle: *const H) -> Result<*mut H::Head, weir_status> {
    if handle.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    let gate = handle.cast::<Gate>();
    // SAFETY: aligned, and storage begins with a gate once an init function succeeded.
    if handle.addr() & 7 != 0 || unsafe { (*gate).magic } != H::MAGIC {
        return Err(WEIR_ERR_STATE);
    }
    Ok(handle.cast::<H::Head>().cast_mut())
}

/// Enters a handle for the time of `body`, which alone may form references to what lies behind it.
///
/// # Safety
/// As [`check`]; and no other thread is in a call with this handle.
pub unsafe fn enter<H: Handle>(
    handle: *mut H,
    body: impl FnOnce(*mut H::Head) -> weir_status,
) -> weir_status {
    // SAFETY: as promised by the caller.
    let head = match unsafe { check(handle) } {
        Ok(head) => head,
        Err(status) => return status,
    };
    let gate = handle.cast::<Gate>();
    // SAFETY: checked; the gate is only reached through raw pointers, so a nested call sees it.
    unsafe {
        if (*gate).busy != 0 {
            return WEIR_ERR_BUSY;
        }
        (*gate).busy = 1;
    }
    let status = body(head);
    // SAFETY: as above; `body` does not close the gate of its own handle.
    unsafe { (*gate).busy = 0 };
    status
}

/// The words behind the head of a handle.
///
/// # Safety
/// `head` came from [`enter`] or [`take_storage`], `words` lie behind it, and no other reference to
/// them lives.
pub unsafe fn arena<'a, H: Handle>(head: *mut H::Head, words: usize) -> &'a mut [u64] {
    // SAFETY: within the storage; initialised by `take_storage`.
    unsafe { core::slice::from_raw_parts_mut(head.cast::<u64>().add(head_words::<H>()), words) }
}

/// Whether `len` values can lie in memory: no object is longer than half of the address space.
fn check_len<T>(len: usize) -> Result<(), weir_status> {
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if bytes <= isize::MAX.cast_unsigned() => Ok(()),
        _ => Err(WEIR_ERR_RANGE),
    }
}

/// Values `len` long at `pointer`; empty if `len` is 0, whatever the pointer. A length that no
/// memory has is out of range.
///
/// # Safety
/// `pointer` is NULL or points to `len` values that stay as they are during the call.
pub unsafe fn slice<'a, T>(pointer: *const T, len: usize) -> Result<&'a [T], weir_status> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    check_len::<T>(len)?;
    // SAFETY: not NULL, not too long; length and alignment as the caller promises.
    Ok(unsafe { core::slice::from_raw_parts(pointer, len) })
}

/// As [`slice`], to be written.
///
/// # Safety
/// As [`slice`], and nobody else reads or writes them during the call.
pub unsafe fn slice_mut<'a, T>(pointer: *mut T, len: usize) -> Result<&'a mut [T], weir_status> {
    if len == 0 {
        return Ok(&mut []);
    }
    if pointer.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    check_len::<T>(len)?;
    // SAFETY: not NULL, not too long; the rest as the caller promises.
    Ok(unsafe { core::slice::from_raw_parts_mut(pointer, len) })
}

/// Writes a result that is not a sized struct.
///
/// # Safety
/// `out` is NULL or points to a value that may be written.
pub unsafe fn put<T>(out: *mut T, value: T) -> Result<(), weir_status> {
    if out.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    // SAFETY: not NULL; writable as the caller promises.
    unsafe { out.write(value) };
    Ok(())
}

/// Reads a configuration: it names this epoch, and is as long as the first one of the epoch at
/// least. Fields that the caller does not know are zero.
///
/// # Safety
/// `config` is NULL or points to a struct that begins with `abi` and `size` and is `size` long.
pub unsafe fn config<T: Copy>(config: *const T, first: usize) -> Result<T, weir_status> {
    if config.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    // SAFETY: both fields are there, as the caller promises.
    let (abi, size) = unsafe {
        let abi = config.cast::<*const u8>().read();
        (abi, config.cast::<*const u8>().add(1).cast::<u32>().read())
    };
    if abi != &raw const weir_abi_epoch_1 {
        return Err(WEIR_ERR_ABI);
    }
    // SAFETY: `size` bytes are there.
    unsafe { sized(config, size, first) }
}

/// Reads a table that begins with its size.
///
/// # Safety
/// `table` is NULL or points to a struct that begins with `size` and is `size` long.
pub unsafe fn table<T: Copy>(table: *const T, first: usize) -> Result<T, weir_status> {
    if table.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    // SAFETY: as promised.
    unsafe { sized(table, table.cast::<u32>().read(), first) }
}

/// # Safety
/// `from` points to `size` bytes, and all-zero bytes are a value of `T`.
unsafe fn sized<T: Copy>(from: *const T, size: u32, first: usize) -> Result<T, weir_status> {
    let size = size as usize;
    if size < first {
        return Err(WEIR_ERR_ABI);
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: not more than either side holds; zero is a value of every field of our structs.
    unsafe {
        copy_nonoverlapping(
            from.cast::<u8>(),
            value.as_mut_ptr().cast(),
            size.min(size_of::<T>()),
        );
        Ok(value.assume_init())
    }
}

/// Whether a sized result can be written.
///
/// # Safety
/// `out` is NULL or points to a struct that begins with `size`.
pub unsafe fn check_out<T>(out: *const T, first: usize) -> Result<(), weir_status> {
    if out.is_null() {
        return Err(WEIR_ERR_NULL);
    }
    // SAFETY: as promised.
    if (unsafe { out.cast::<u32>().read() } as usize) < first {
        return Err(WEIR_ERR_ABI);
    }
    Ok(())
}

/// Writes a sized result as far as the caller knows it; its `size` stays.
///
/// # Safety
/// `out` passed [`check_out`] and is `size` long.
pub unsafe fn write_out<T>(out: *mut T, value: &T) {
    // SAFETY: not more than either side holds; the first four bytes of both are `size`.
    unsafe {
        let size = (out.cast::<u32>().read() as usize).min(size_of::<T>());
        let from = core::ptr::from_ref(value).cast::<u8>().add(4);
        copy_nonoverlapping(from, out.cast::<u8>().add(4), size.saturating_sub(4));
    }
}

/// The status of a result.
pub fn status(result: Result<(), weir_status>) -> weir_status {
    result.err().unwrap_or(super::WEIR_OK)
}
