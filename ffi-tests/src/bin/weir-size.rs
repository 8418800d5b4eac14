//! The bill: measures flash, RAM and stack on every machine that is here and prints the tables of
//! docs/memory.md. With `WEIR_BLESS=1` it records them there and in docs/size.json.

use ffi_tests::bill::{self, Bill, Part, page};

fn main() {
    let mut bill = Bill::recorded();
    for part in Part::ALL {
        let now = part.measure();
        if bill::blessed() {
            bill::record(part, &now);
        }
        bill.take(part, &now);
    }
    for (name, table) in page::tables(&bill) {
        println!("\n{name}, in bytes\n\n{table}");
    }
}
