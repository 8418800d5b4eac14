//! Reading hostile bytes and writing bounded ones.
//!
//! The reader consumes: there is no access by offset, so no length check can be forgotten. The
//! writer refuses: a value is written whole or not at all. Integers are little-endian.

/// The bytes ended before the value did, or the buffer was full before the value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

/// A cursor that only moves forward.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from the start.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`Short`] if fewer are left; nothing is consumed then.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Short)?;
        self.rest = rest;
        Ok(*head)
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`Short`] if fewer are left; nothing is consumed then.
    pub fn slice(&mut self, len: usize) -> Result<&'a [u8], Short> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Short)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `len` bytes, at most four, as a number.
    #[inline(never)]
    fn number(&mut self, len: usize) -> Result<u32, Short> {
        let bytes = self.slice(len)?.iter().rev();
        Ok(bytes.fold(0, |number, &byte| (number << 8) | u32::from(byte)))
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`Short`] at the end.
    pub fn u8(&mut self) -> Result<u8, Short> {
        self.number(1).map(|number| number as u8)
    }

    /// The next two bytes.
    ///
    /// # Errors
    /// [`Short`] near the end.
    pub fn u16(&mut self) -> Result<u16, Short> {
        self.number(2).map(|number| number as u16)
    }

    /// The next four bytes.
    ///
    /// # Errors
    /// [`Short`] near the end.
    pub fn u32(&mut self) -> Result<u32, Short> {
        self.number(4)
    }

    /// The next eight bytes.
    ///
    /// # Errors
    /// [`Short`] near the end.
    pub fn u64(&mut self) -> Result<u64, Short> {
        if self.rest.len() < 8 {
            return Err(Short);
        }
        let low = self.number(4)?;
        Ok(u64::from(low) | (u64::from(self.number(4)?) << 32))
    }
}

/// A cursor over a buffer that never writes past its end.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Writes into `buffer` from the start.
    #[must_use]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that still fit.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.buffer.len().saturating_sub(self.len)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// [`Short`] if they do not fit; nothing is written then.
    #[inline(never)]
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Short> {
        let end = self.len.checked_add(bytes.len()).ok_or(Short)?;
        let place = self.buffer.get_mut(self.len..end).ok_or(Short)?;
        place.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Writes the low `len` bytes of a number, at most four.
    #[inline(never)]
    fn number(&mut self, mut number: u32, len: usize) -> Result<(), Short> {
        let free = self.buffer.get_mut(self.len..).unwrap_or_default();
        for byte in free.get_mut(..len).ok_or(Short)? {
            *byte = number as u8;
            number >>= 8;
        }
        self.len = self.len.wrapping_add(len);
        Ok(())
    }

    /// Writes one byte.
    ///
    /// # Errors
    /// [`Short`] if the buffer is full.
    pub fn u8(&mut self, value: u8) -> Result<(), Short> {
        self.number(u32::from(value), 1)
    }

    /// Writes two bytes.
    ///
    /// # Errors
    /// [`Short`] if they do not fit.
    pub fn u16(&mut self, value: u16) -> Result<(), Short> {
        self.number(u32::from(value), 2)
    }

    /// Writes four bytes.
    ///
    /// # Errors
    /// [`Short`] if they do not fit.
    pub fn u32(&mut self, value: u32) -> Result<(), Short> {
        self.number(value, 4)
    }

    /// Writes eight bytes.
    ///
    /// # Errors
    /// [`Short`] if they do not fit.
    pub fn u64(&mut self, value: u64) -> Result<(), Short> {
        if self.room() < 8 {
            return Err(Short);
        }
        self.number(value as u32, 4)?;
        self.number((value >> 32) as u32, 4)
    }

    /// Goes back to an earlier length, forgetting what was written after it.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// What was written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_consumes_in_order_and_stops_at_the_end() {
        let mut reader = Reader::new(&[1, 2, 0, 3, 0, 0, 0, 9]);
        assert_eq!(
            (reader.u8(), reader.u16(), reader.u32()),
            (Ok(1), Ok(2), Ok(3))
        );
        assert_eq!(reader.u16(), Err(Short));
        assert_eq!(reader.rest(), &[9], "a refused read consumes nothing");
        assert_eq!(reader.slice(1), Ok(&[9][..]));
        assert!(reader.is_empty());
    }

    #[test]
    fn writer_writes_whole_values_or_nothing() {
        let mut buffer = [0xaa; 7];
        let mut writer = Writer::new(&mut buffer);
        assert_eq!(
            (writer.u32(0x0403_0201), writer.u16(0x0605)),
            (Ok(()), Ok(()))
        );
        assert_eq!(writer.u16(0xffff), Err(Short));
        assert_eq!((writer.len(), writer.room()), (6, 1));
        assert_eq!(writer.written(), &[1, 2, 3, 4, 5, 6]);
        assert_eq!(buffer, [1, 2, 3, 4, 5, 6, 0xaa]);
    }
}
