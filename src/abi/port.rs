//! What a `weir_mesh` asks of its host: radio, entropy, signatures, and the frames of the inbox.

use core::ffi::c_void;

use super::inbox::Ring;
use super::*;
use crate::mesh::Port;
use crate::record::SIGNATURE;

/// Everything a node needs from its host. Copied at init; `ctx` of the config is handed to each
/// call as it is and must stay valid until deinit.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_port {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Queue one frame for everyone in range; must not block. WEIR_ERR_BUSY: it will be offered
    /// again. Any other result counts as sent: a lost frame is no error in a mesh.
    pub transmit:
        Option<unsafe extern "C" fn(ctx: *mut c_void, frame: *const u8, len: usize) -> weir_status>,
    /// Fill `out` with unpredictable bytes. Anything but WEIR_OK: the node refuses to start.
    pub entropy:
        Option<unsafe extern "C" fn(ctx: *mut c_void, out: *mut u8, len: usize) -> weir_status>,
    /// Optional: sign a message for this node. Anything but WEIR_OK: it cannot.
    pub sign: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            message: *const u8,
            len: usize,
            signature: *mut u8,
        ) -> weir_status,
    >,
    /// Optional: check the 64-byte signature of `author`. WEIR_OK: it is good; anything else: it is
    /// not. Without it, signed records are refused.
    pub verify: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            author: u16,
            message: *const u8,
            len: usize,
            signature: *const u8,
        ) -> weir_status,
    >,
}

/// The host, as a node sees it.
pub(super) struct Host<'a> {
    pub(super) port: weir_mesh_port,
    pub(super) ctx: *mut c_void,
    pub(super) ring: &'a Ring,
    pub(super) frames: *const u8,
}

impl Port for Host<'_> {
    fn transmit(&mut self, frame: &[u8]) -> bool {
        let Some(transmit) = self.port.transmit else {
            return true;
        };
        // SAFETY: the caller's function, called as the header says.
        unsafe { transmit(self.ctx, frame.as_ptr(), frame.len()) != WEIR_ERR_BUSY }
    }

    fn entropy(&mut self, out: &mut [u8]) -> bool {
        let Some(entropy) = self.port.entropy else {
            return false;
        };
        // SAFETY: as above.
        unsafe { entropy(self.ctx, out.as_mut_ptr(), out.len()) == WEIR_OK }
    }

    fn sign(&mut self, message: &[u8], signature: &mut [u8; SIGNATURE]) -> bool {
        let Some(sign) = self.port.sign else {
            return false;
        };
        // SAFETY: as above; the signature has 64 bytes.
        unsafe {
            sign(
                self.ctx,
                message.as_ptr(),
                message.len(),
                signature.as_mut_ptr(),
            ) == WEIR_OK
        }
    }

    fn verify(&mut self, author: u16, message: &[u8], signature: &[u8; SIGNATURE]) -> Option<bool> {
        let verify = self.port.verify?;
        let (from, len) = (message.as_ptr(), message.len());
        // SAFETY: as above.
        Some(unsafe { verify(self.ctx, author, from, len, signature.as_ptr()) == WEIR_OK })
    }

    fn take(&mut self, frame: &mut [u8]) -> Option<(usize, i8)> {
        // SAFETY: the ring and its memory belong together since init.
        unsafe { self.ring.pop(self.frames, frame) }
    }
}
