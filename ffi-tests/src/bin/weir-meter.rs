//! Counts instructions on emulated chips and prints them: least, median and most of each call.

use ffi_tests::bench::{fixtures, meter};

fn main() {
    if let Some(why) = meter::lacks() {
        eprintln!("weir-meter: {why}");
        std::process::exit(1);
    }
    meter::Chip::ALL.into_iter().for_each(print);
}

fn print(chip: meter::Chip) {
    let counts = meter::run(chip, &fixtures::small());
    println!(
        "{:14} {:16} {:>10} {:>10} {:>10}  effort on {chip:?}",
        "network", "call", "least", "median", "most"
    );
    for ((of, what), samples) in &counts {
        let [least, median, most] = meter::spread(samples);
        let mut efforts: Vec<u32> = samples.iter().map(|sample| sample.effort).collect();
        efforts.dedup();
        println!("{of:14} {what:16} {least:>10} {median:>10} {most:>10}  {efforts:?}");
    }
}
