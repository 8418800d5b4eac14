# Which archive fits the compiler that is being used. An empty answer means: say it yourself.
function(weir_default_target out)
    set(triple "")
    if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
        set(triple x86_64-unknown-linux-gnu)
    elseif(CMAKE_C_FLAGS MATCHES "-march=rv32imac")
        set(triple riscv32imac-unknown-none-elf)
    elseif(CMAKE_C_COMPILER MATCHES "xtensa")
        message(FATAL_ERROR "weir: no archive for Xtensa (ESP32, S2, S3): its compiler is a fork; "
                            "use a RISC-V or Arm chip")
    endif()
    set(${out} "${triple}" PARENT_SCOPE)
endfunction()
