//! What really happened in a run, so that a test can say that every fault was there.

macro_rules! tally {
    ($( $name:ident $text:literal; )*) => {
        /// Counts of what happened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each name has its words in `rows`")]
        pub struct Tally { $( pub $name: u64, )* }

        impl Tally {
            /// Every count with its words.
            #[must_use]
            pub fn rows(&self) -> Vec<(&'static str, u64)> {
                vec![$( ($text, self.$name), )*]
            }

            /// Adds another run.
            pub fn add(&mut self, other: &Self) {
                $( self.$name += other.$name; )*
            }
        }
    };
}

tally! {
    steps           "steps checked";
    delivered       "frames delivered";
    lost            "frames lost";
    repeated        "frames delivered twice";
    late            "frames delayed enough to be overtaken";
    corrupted       "frames with a changed bit";
    replayed        "frames recorded and replayed by an outsider";
    unheard         "frames lost to one-way links";
    one_way         "links that became one-way";
    uneven          "directions that got a loss and a delay of their own";
    cuts            "partitions";
    drifting        "clocks off by more than 1 %";
    rates           "clocks that changed their rate";
    restarts        "restarts";
    forgetful       "restarts without snapshot";
    rekeys          "changes of the mesh key";
    late_keys       "nodes that got a key late";
    wrong_keys      "frames refused under a key not held";
    false_loads     "LOAD rows forged in another's name";
    equivocations   "LOAD rows forged under a version in use";
    false_notes     "notes with a forged signature";
    garbage         "authentic frames of bytes without meaning";
    invented        "authors invented";
    shipments       "shipments";
    levelled        "meshes levelled in the end";
}
