//! What a node reports: events for the application, a counter for every refusal.
//!
//! The caller of a function gets a status; the air gets nothing. Every frame or record that is not
//! taken adds to exactly one counter, also where nobody reads events.

use bytemuck::{Pod, Zeroable};
use heapless::Deque;

macro_rules! refusals {
    ($( $name:ident $text:literal; )*) => {
        /// Why something from the air was not taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "each name has its sentence in `words`")]
        pub enum Refusal { $( $name, )* }

        impl Refusal {
            /// Every reason, in the order of the counters.
            pub const ALL: &'static [Self] = &[$( Self::$name, )*];

            /// The reason as half a sentence: "a frame or record that ...".
            #[must_use]
            pub const fn words(self) -> &'static core::ffi::CStr {
                match self {
                    $( Self::$name => $text, )*
                }
            }
        }
    };
}

refusals! {
    Short       c"ends before its last field";
    Version     c"is of another wire version";
    Kind        c"is of a kind this version does not know";
    Mesh        c"belongs to another mesh";
    Key         c"is sealed under a key this node does not hold";
    Unauthentic c"fails authentication";
    Replayed    c"was seen before or is older than the window";
    Echo        c"carries this node's own id";
    Blocked     c"comes from a blocked neighbour";
    Parameters  c"comes from a member with other mesh parameters";
    Neighbours  c"comes from a neighbour for whom there is no place";
    Malformed   c"is authentic but means nothing";
    Payload     c"is a record whose payload is not one of its kind";
    Leap        c"is a record whose version leaps too far";
    Full        c"is a record for which there is no place";
    Unverified  c"is a signed record and the port cannot verify";
    Signature   c"is a signed record with a wrong signature";
    Part        c"is a part of a record that fits no other part";
}

/// Number of refusal counters.
pub const REFUSALS: usize = Refusal::ALL.len();

/// What a node counts since it was made.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Stats {
    /// Bytes handed to the radio.
    pub bytes_sent: u64,
    /// Bytes of frames taken from the inbox.
    pub bytes_received: u64,
    /// Frames handed to the radio.
    pub frames_sent: u32,
    /// Frames taken from the inbox.
    pub frames_received: u32,
    /// Beacons among the frames sent.
    pub beacons_sent: u32,
    /// Records that were newer than those held.
    pub records_merged: u32,
    /// Versions of own rows that were written.
    pub records_written: u32,
    /// Changes of this node's own ends of edges.
    pub link_changes: u32,
    /// Frames the radio was too busy for; they were offered again.
    pub busy: u32,
    /// Events that were dropped because nobody read them.
    pub events_lost: u32,
    /// Refusals by reason.
    pub refused: [u32; REFUSALS],
}

impl Stats {
    /// Counts a refusal.
    pub fn refuse(&mut self, reason: Refusal) {
        if let Some(counter) = self.refused.get_mut(reason as usize) {
            *counter = counter.saturating_add(1);
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    /// A neighbour can be heard and used.
    LinkUp = 1,
    /// A neighbour is silent or does not acknowledge.
    LinkDown = 2,
    /// A neighbour holds exactly this node's records.
    Agreed = 3,
    /// A neighbour that agreed holds other records.
    Differed = 4,
    /// Work was taken from a neighbour; the value is in units.
    Received = 5,
    /// Somebody published under this node's id; it published above that.
    Forged = 6,
    /// An author wrote two values under one version.
    Equivocation = 7,
    /// A table is full; something was refused.
    Full = 8,
    /// A frame came under a key that was removed, or this node used up its frame numbers.
    KeyExpired = 9,
    /// A member with other mesh parameters was heard.
    Parameters = 10,
    /// Learning is over: this node publishes from now on.
    Learned = 11,
    /// A ledger went back: units the value says were restored from the other end.
    Rollback = 12,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub code: Code,
    /// The node it is about, 0 if none.
    pub peer: u16,
    /// The kind of the record it is about, 0 if none.
    pub kind: u8,
    /// The slot of that record.
    pub slot: u8,
    /// A number that the code explains.
    pub value: i32,
}

/// Events nobody has read yet.
pub const EVENTS: usize = 16;

/// The ring of events. It is not part of a snapshot.
#[derive(Debug, Default)]
pub struct Events {
    ring: Deque<Event, EVENTS>,
}

impl Events {
    /// An empty ring.
    #[must_use]
    pub const fn new() -> Self {
        Self { ring: Deque::new() }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.ring.clear();
    }

    /// Adds an event; `false` if the ring is full.
    pub fn push(&mut self, event: Event) -> bool {
        self.ring.push_back(event).is_ok()
    }

    /// The oldest event.
    pub fn pop(&mut self) -> Option<Event> {
        self.ring.pop_front()
    }
}
