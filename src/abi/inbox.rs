//! The inbox: a ring that an interrupt fills and a poll empties.
//!
//! One producer, one consumer, plain atomic loads and stores: no read-modify-write, which
//! riscv32imc and Cortex-M0 do not have. It is reached by raw pointers only, so an interrupt in the
//! middle of a call never meets a reference.

use core::ptr::copy_nonoverlapping;
use core::sync::atomic::{AtomicU32, Ordering};

/// The indices of a ring; the frames lie elsewhere.
#[derive(Debug)]
#[repr(C)]
pub struct Ring {
    /// Next place to write; only the producer stores it.
    tail: AtomicU32,
    /// Next place to read; only the consumer stores it.
    head: AtomicU32,
    /// Frames that found the ring full; only the producer stores it.
    dropped: AtomicU32,
    places: u32,
    stride: u32,
    frame_max: u32,
}

/// Bytes in front of each frame: length and signal strength.
const FRONT: usize = 4;

/// Words that a ring for `frames` frames of `frame_max` bytes needs: one place is always empty.
pub fn words(frames: u16, frame_max: u16) -> usize {
    stride(frame_max).wrapping_mul(usize::from(frames).wrapping_add(1)) >> 3
}

fn stride(frame_max: u16) -> usize {
    usize::from(frame_max)
        .wrapping_add(FRONT)
        .next_multiple_of(8)
}

impl Ring {
    /// An empty ring.
    pub fn new(frames: u16, frame_max: u16) -> Self {
        Self {
            tail: AtomicU32::new(0),
            head: AtomicU32::new(0),
            dropped: AtomicU32::new(0),
            places: u32::from(frames).wrapping_add(1),
            stride: stride(frame_max) as u32,
            frame_max: u32::from(frame_max),
        }
    }

    /// Largest frame.
    pub const fn frame_max(&self) -> usize {
        self.frame_max as usize
    }

    /// Frames that found the ring full.
    pub fn dropped(&self) -> u32 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts a frame that was not taken.
    pub fn drop_one(&self) {
        self.dropped
            .store(self.dropped().saturating_add(1), Ordering::Relaxed);
    }

    fn after(&self, place: u32) -> u32 {
        let next = place.wrapping_add(1);
        if next >= self.places { 0 } else { next }
    }

    /// Copies a frame in; `false` if the ring is full. Producer only; constant time but for the
    /// copy.
    ///
    /// # Safety
    /// `frames` is the memory of this ring; `frame` is at most `frame_max` long.
    pub unsafe fn push(&self, frames: *mut u8, frame: &[u8], rssi: i8) -> bool {
        let tail = self.tail.load(Ordering::Relaxed);
        let next = self.after(tail);
        if next == self.head.load(Ordering::Acquire) {
            return false;
        }
        // SAFETY: `tail` is below `places`, so the place lies in the ring, and only the producer
        // writes a place between `tail` and `head`.
        unsafe {
            let place = frames.add((tail as usize).wrapping_mul(self.stride as usize));
            place.cast::<u16>().write(frame.len() as u16);
            place.add(2).cast::<i8>().write(rssi);
            copy_nonoverlapping(frame.as_ptr(), place.add(FRONT), frame.len());
        }
        self.tail.store(next, Ordering::Release);
        true
    }

    /// Copies the oldest frame out. Consumer only.
    ///
    /// # Safety
    /// `frames` is the memory of this ring.
    pub unsafe fn pop(&self, frames: *const u8, out: &mut [u8]) -> Option<(usize, i8)> {
        let head = self.head.load(Ordering::Relaxed);
        if head == self.tail.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: `head` is below `places`, and the producer leaves places up to `tail` alone.
        let (len, rssi) = unsafe {
            let place = frames.add((head as usize).wrapping_mul(self.stride as usize));
            let len = usize::from(place.cast::<u16>().read()).min(out.len());
            copy_nonoverlapping(place.add(FRONT), out.as_mut_ptr(), len);
            (len, place.add(2).cast::<i8>().read())
        };
        self.head.store(self.after(head), Ordering::Release);
        Some((len, rssi))
    }
}
