#if defined(__XTENSA__)
#error "weir: no archive for Xtensa (ESP32, S2, S3), whose compiler is a fork: use RISC-V or Arm"
#elif defined(__riscv) && __riscv_xlen == 32 && !defined(__riscv_mul)
#error "weir: no archive for RV32 without the M extension"
#elif defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_float_abi_double)
#error "weir: no archive for RV32 with the double-float ABI (ilp32d): use ilp32f or ilp32"
#endif

/** The version this header belongs to, as text; weir_version() is that of the archive. */
#define WEIR_VERSION "@VERSION@"
/** First part of the version. */
#define WEIR_VERSION_MAJOR @MAJOR@
/** Second part of the version. */
#define WEIR_VERSION_MINOR @MINOR@
/** Third part of the version. */
#define WEIR_VERSION_PATCH @PATCH@
/** Grows with every release: (major << 16) | (minor << 8) | patch. */
#define WEIR_VERSION_NUMBER \
    ((WEIR_VERSION_MAJOR << 16) | (WEIR_VERSION_MINOR << 8) | WEIR_VERSION_PATCH)

/** @def WEIR_CHECK_RESULT
 * Marks functions whose result must be looked at: GCC and Clang warn where it is dropped. */
#if defined(__GNUC__) || defined(__clang__)
#define WEIR_CHECK_RESULT __attribute__((warn_unused_result))
#else
#define WEIR_CHECK_RESULT
#endif

/** Words of 8 bytes that hold `bytes` bytes. */
#define WEIR_WORDS(bytes) (((bytes) + 7u) / 8u)

/** The constant num/den as a weir_q16, rounded towards zero. For constant expressions only. */
#define WEIR_Q16(num, den) ((num) * INT64_C(65536) / (den))
