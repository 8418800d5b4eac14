//! How lent memory becomes typed arrays, in safe code.
//!
//! Storage is a run of 64-bit words. [`layout!`](crate::layout) declares, once, which arrays a view
//! borrows and how long each is for a given shape; from that one list come the view, its size in
//! words and the carving, so the three cannot disagree. Every array starts on a word and every
//! element type is plain data without padding, so the same shape gives the same bytes on 32- and
//! 64-bit machines.

use bytemuck::{AnyBitPattern, NoUninit};

/// Lent words that have not been handed out yet.
#[derive(Debug)]
pub struct Arena<'a> {
    rest: &'a mut [u64],
}

impl<'a> Arena<'a> {
    /// An arena over the whole of `words`.
    pub fn new(words: &'a mut [u64]) -> Self {
        Self { rest: words }
    }

    /// The next `len` elements of type `T`, or `None` if the arena is too short.
    pub fn take<T: AnyBitPattern + NoUninit>(&mut self, len: usize) -> Option<&'a mut [T]> {
        let count = words::<T>(len)?;
        let rest = core::mem::take(&mut self.rest);
        if count > rest.len() {
            self.rest = rest;
            return None;
        }
        let (head, tail) = rest.split_at_mut_checked(count)?;
        self.rest = tail;
        let bytes = bytemuck::try_cast_slice_mut::<u64, u8>(head).ok()?;
        let used = bytes.get_mut(..len.checked_mul(size_of::<T>())?)?;
        bytemuck::try_cast_slice_mut(used).ok()
    }

    /// The words nobody took.
    pub fn rest(self) -> &'a mut [u64] {
        self.rest
    }
}

/// Words that `len` elements of type `T` occupy; `None` if the number does not fit.
#[must_use]
pub fn words<T>(len: usize) -> Option<usize> {
    Some(len.checked_mul(size_of::<T>())?.checked_add(7)? >> 3)
}

/// Declares a view: a struct of borrowed arrays whose lengths follow from a shape.
///
/// ```
/// # use weir::layout;
/// #[derive(Clone, Copy)]
/// pub struct Shape { nodes: usize }
/// layout! {
///     /// Two arrays of a graph.
///     pub struct Graph<'a>(shape: Shape) {
///         /// Degree of each node.
///         pub degree: [u16; shape.nodes],
///         /// Weight of each node.
///         pub weight: [i64; shape.nodes],
///     }
/// }
/// let mut memory = [0u64; 8];
/// let shape = Shape { nodes: 4 };
/// assert_eq!(Graph::words(shape), Some(1 + 4));
/// let graph = Graph::carve(&mut weir::carve::Arena::new(&mut memory), shape).unwrap();
/// assert_eq!((graph.degree.len(), graph.weight.len()), (4, 4));
/// ```
#[macro_export]
macro_rules! layout {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident<'a>($($shape:ident: $shape_type:ty),+) {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident: [$element:ty; $len:expr], )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug)]
        $vis struct $name<'a> {
            $( $(#[$field_meta])* $field_vis $field: &'a mut [$element], )*
        }

        impl<'a> $name<'a> {
            /// Words of storage that these arrays occupy; `None` if the number does not fit.
            #[must_use]
            #[allow(dead_code, reason = "a view over work memory is only carved")]
            pub fn words($($shape: $shape_type),+) -> Option<usize> {
                let total = 0_usize;
                $( let total = total.checked_add($crate::carve::words::<$element>($len)?)?; )*
                Some(total)
            }

            /// Takes the arrays from `arena` in order; `None` if it is too short.
            pub fn carve(
                arena: &mut $crate::carve::Arena<'a>,
                $($shape: $shape_type,)+
            ) -> Option<Self> {
                Some(Self { $( $field: arena.take::<$element>($len)?, )* })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_any_size_are_taken_on_whole_words() {
        let mut memory = [0_u64; 4];
        let mut arena = Arena::new(&mut memory);
        assert_eq!(arena.take::<[u8; 3]>(3).map(|a| a.len()), Some(3));
        assert_eq!(arena.take::<u64>(3), None, "two words are left");
        assert_eq!(arena.take::<u64>(2).map(|a| a.len()), Some(2));
        assert_eq!((words::<[u8; 3]>(3), arena.rest().len()), (Some(2), 0));
    }
}
