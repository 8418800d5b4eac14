//! How many bytes of the archive a linked program kept, from the linker's map; and how many there
//! are in all.

/// Sections of code and constants; on a microcontroller they lie in flash.
pub const TEXT: &[&str] = &[".text", ".rodata", ".srodata", ".data.rel.ro"];
/// Sections of variables, of which weir has none.
pub const DATA: &[&str] = &[".data", ".sdata", ".bss", ".sbss"];

fn number(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0)
}

fn is_one_of(section: &str, kinds: &[&str]) -> bool {
    let kind = |kind: &&&str| {
        let rest = section.strip_prefix(**kind);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    // `.data.rel.ro` is no `.data`.
    let constant = section.starts_with(".data.rel.ro");
    kinds
        .iter()
        .filter(kind)
        .any(|kind| *kind != ".data" || !constant)
}

/// Bytes of the archive's sections in the map of a GNU linker.
#[must_use]
pub fn kept(map: &str, kinds: &[&str]) -> u64 {
    let (_, linked) = map
        .split_once("Linker script and memory map")
        .unwrap_or(("", map));
    let joined = linked.replace("\n                ", " ");
    let rows = joined.lines().filter(|line| line.contains("libweir.a("));
    rows.map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [section, address, size, ..] = words[..] else {
            return 0;
        };
        let counts = is_one_of(section, kinds) && number(address) != 0;
        if counts { number(size) } else { 0 }
    })
    .sum()
}

/// Bytes of the archive's functions and data in the map of LLVM's linker for WebAssembly: columns
/// address, offset, size, and the member with what it is from.
#[must_use]
pub fn kept_in_wasm(map: &str) -> u64 {
    let rows = map.lines().filter(|line| line.contains("libweir.a("));
    let sizes = rows.filter_map(|line| line.split_whitespace().nth(2));
    sizes.map(number).sum()
}

/// Bytes of code and constants in `objdump -h -w` of the archive, GNU's or LLVM's.
#[must_use]
pub fn whole(sections: &str) -> u64 {
    let rows = sections.lines().map(|line| line.split_whitespace());
    rows.map(|mut words| {
        let (section, size) = (words.nth(1).unwrap_or(""), words.next().unwrap_or(""));
        let counts = is_one_of(section, TEXT) || ["CODE", "DATA"].contains(&section);
        if counts { number(size) } else { 0 }
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_reader_counts_only_what_was_kept() {
        let map = "Discarded input sections\n .text.a 0x0 0x10 libweir.a(weir.o)\n\
                   Linker script and memory map\n \
                   .text.b 0x80000000 0x20 libweir.a(weir.o)\n \
                   .text.a_long_name\n                0x80000020 0x8 d/libweir.a(weir.o)\n \
                   .data.rel.ro.t 0x80000040 0x4 libweir.a(weir.o)\n \
                   .bss.x 0x80000050 0x2 libweir.a(weir.o)\n \
                   .text.main 0x80000100 0x99 main.o\n .debug_line 0x0 0x5 libweir.a(weir.o)\n";
        assert_eq!(kept(map, TEXT), 0x2c);
        assert_eq!(kept(map, DATA), 2);
    }

    #[test]
    fn wasm_map_reader_counts_each_piece_once() {
        let map = "    Addr      Off     Size Out     In      Symbol\n\
                   - 8 9e TYPE\n- a6 100 CODE\n- b0 1a  d/libweir.a(weir.o):(weir_version)\n\
                   - b0 1a          weir_version\n8cc c18f 8 d/libweir.a(weir.o):(.rodata.x)\n";
        assert_eq!(kept_in_wasm(map), 0x22);
    }

    #[test]
    fn whole_archive_is_code_and_constants() {
        let gnu = "Idx Name Size VMA\n  0 .text.f 00000010 0 0 0 2**1\n\
                   1 .rodata 00000004 0 0 0 2**1\n  2 .eh_frame 00000100 0 0 0 2**1\n";
        assert_eq!(whole(gnu), 0x14);
        assert_eq!(
            whole("  0 TYPE 00000130 0\n  5 CODE 00000020 0 TEXT\n  6 DATA 00000001 0\n"),
            33
        );
    }
}
