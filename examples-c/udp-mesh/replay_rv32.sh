#!/bin/sh
# Run a recorded node again on an emulated RV32IMAC machine without FPU and print its digest:
#     replay_rv32.sh JOURNAL FOLDER
# FOLDER takes the program. Needs riscv64-unknown-elf-gcc with picolibc, qemu-system-riscv32 and the
# archive of riscv32imac-unknown-none-elf.
set -eu
journal=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
elf=$2/replay-rv32.elf

riscv64-unknown-elf-gcc --specs=picolibc.specs --oslib=semihost --crt0=hosted \
    -march=rv32imac -mabi=ilp32 -Os -std=c11 -Wall -Wextra -Wpedantic -Werror \
    -ffunction-sections -fdata-sections -Wl,--gc-sections \
    -Wl,--defsym=__flash=0x80000000 -Wl,--defsym=__flash_size=0x400000 \
    -Wl,--defsym=__ram=0x80400000 -Wl,--defsym=__ram_size=0x200000 \
    "-DREPLAY_FILE=\"$journal\"" -I "$root/include" -I "$here" "$here/replay.c" \
    "$root/dist/lib/riscv32imac-unknown-none-elf/libweir.a" -o "$elf"

exec timeout 110 qemu-system-riscv32 -M virt -m 16M -nographic -monitor none -serial none -bios none \
    -cpu rv32,f=false,d=false,h=false,zba=false,zbb=false,zbc=false,zbs=false \
    -chardev stdio,id=con -semihosting-config enable=on,target=native,chardev=con -kernel "$elf"
