//! Which constants do the elementary functions need?
//!
//! Written by `make tables` from `ffi-tests/src/tables.rs`, where the formats are explained; a
//! test compares. Source: exact arithmetic.

/// For each 64th of an octave: reciprocal `c` of its middle in Q16, then `-ln c` in Q47 as
/// high and low word.
#[rustfmt::skip]
pub static LOG: [(u16, u16, u32); 64] = [
    (0xfe04, 0x00fe, 0xfd535893),
    (0xfa23, 0x02f7, 0x3a60fcc7),
    (0xf660, 0x04e7, 0xc1ee83af),
    (0xf2ba, 0x06d0, 0xa15c4840),
    (0xef2f, 0x08b2, 0x747757ae),
    (0xebbe, 0x0a8d, 0x599f89f0),
    (0xe866, 0x0c61, 0x74eb2112),
    (0xe526, 0x0e2e, 0xf047bb08),
    (0xe1fc, 0x0ff6, 0x8c990005),
    (0xdee9, 0x11b7, 0x5fd53a61),
    (0xdbeb, 0x1372, 0x35202b40),
    (0xd902, 0x1526, 0xb7e3a9f8),
    (0xd62c, 0x16d5, 0xc3e73062),
    (0xd368, 0x187f, 0xa8652109),
    (0xd0b7, 0x1a23, 0x811ff04e),
    (0xce17, 0x1bc2, 0x3d74425e),
    (0xcb87, 0x1d5c, 0x3a6b522d),
    (0xc908, 0x1ef0, 0x95cbde99),
    (0xc698, 0x2080, 0x532969e1),
    (0xc437, 0x220b, 0x36f36057),
    (0xc1e5, 0x2391, 0x0482db1d),
    (0xbfa0, 0x2512, 0xd427c10d),
    (0xbd69, 0x268f, 0xc6353174),
    (0xbb3f, 0x2808, 0x500d0e71),
    (0xb921, 0x297c, 0xee2af792),
    (0xb710, 0x2aec, 0xbe2e93b5),
    (0xb50a, 0x2c58, 0xf3e574d3),
    (0xb30f, 0x2dc1, 0x64546af5),
    (0xb120, 0x2f25, 0x2abfbe8f),
    (0xaf3b, 0x3085, 0x8ab43f87),
    (0xad60, 0x31e2, 0x5d0e70c6),
    (0xab8f, 0x333b, 0x7a024822),
    (0xa9c8, 0x3490, 0xb921d7b6),
    (0xa80b, 0x35e1, 0xf164b3b2),
    (0xa656, 0x3730, 0x832d2e66),
    (0xa4aa, 0x387b, 0x894fa0ff),
    (0xa306, 0x39c3, 0xa817214c),
    (0xa16b, 0x3b07, 0xf54b1a4f),
    (0x9fd8, 0x3c49, 0x1834f918),
    (0x9e4d, 0x3d86, 0xf0a49ea2),
    (0x9cc9, 0x3ec2, 0x2ef4e2c2),
    (0x9b4c, 0x3ffa, 0xb810d0f9),
    (0x99d7, 0x412f, 0x9b76a7e4),
    (0x9869, 0x4261, 0x8e3d6576),
    (0x9701, 0x4391, 0x4d174d23),
    (0x95a0, 0x44bd, 0xe65653bf),
    (0x9446, 0x45e7, 0x3cef91aa),
    (0x92f1, 0x470e, 0xf17dc612),
    (0x91a3, 0x4833, 0x30465c37),
    (0x905a, 0x4955, 0xa13a6da3),
    (0x8f17, 0x4a75, 0x4cfb392b),
    (0x8dda, 0x4b92, 0x1adba56e),
    (0x8ca3, 0x4cab, 0xf1e468cf),
    (0x8b70, 0x4dc4, 0x8ed5261f),
    (0x8a43, 0x4eda, 0x0a280022),
    (0x891b, 0x4fed, 0x391350b6),
    (0x87f8, 0x50fe, 0x078c1f79),
    (0x86d9, 0x520d, 0x5447aa3c),
    (0x85bf, 0x531a, 0x1bbf3eb2),
    (0x84aa, 0x5424, 0x493005c6),
    (0x8399, 0x552c, 0xc09e6ef3),
    (0x828d, 0x5632, 0x77d74567),
    (0x8185, 0x5736, 0x5671e23e),
    (0x8081, 0x5838, 0x4cd15d24),
];
/// Coefficient 0 of `(r - log1p r) / r^2`, Q32.
pub const LOG_0: u32 = 0x7fff_ffff;
/// Coefficient 1 of `(r - log1p r) / r^2`, Q26.
pub const LOG_1: i32 = -22_369_621;
/// Coefficient 2 of `(r - log1p r) / r^2`, Q20.
pub const LOG_2: i32 = 262_160;
/// Coefficient 3 of `(r - log1p r) / r^2`, Q14.
pub const LOG_3: i32 = -3277;
/// ln 2 in Q47.
pub const LN_2: u64 = 0x0000_58b9_0bfb_e8e8;
/// 1 / ln 2 in Q62.
pub const LOG2_E: u64 = 0x5c55_1d94_ae0b_f85e;
/// `2^((2 i + 1) / 64)` in Q63.
#[rustfmt::skip]
pub static EXP: [u64; 32] = [
    0x8164_d1f3_bc03_0773,
    0x843a_28c3_acde_4046,
    0x871f_6196_9e8d_1010,
    0x8a14_d575_496e_fd9a,
    0x8d1a_df5b_7e5b_a9e6,
    0x9031_dc43_1466_b1dc,
    0x935a_2b2f_13e6_e92c,
    0x9694_2d37_2018_5a00,
    0x99e0_4593_20b7_fa65,
    0x9d3e_d9a7_2cff_b751,
    0xa0b0_510f_b971_4fc2,
    0xa435_15ae_09e6_809e,
    0xa7cd_93b4_e965_356a,
    0xab7a_39b5_a93e_d337,
    0xaf3b_78ad_690a_4375,
    0xb311_c412_a911_2489,
    0xb6fd_91e3_28d1_7791,
    0xbaff_5ab2_133e_45fb,
    0xbf17_99b6_7a73_1083,
    0xc346_ccda_2497_6407,
    0xc78d_74c8_abb9_b15d,
    0xcbec_14fe_f272_7c5d,
    0xd063_33da_ef2b_2595,
    0xd4f3_5aab_cfed_fa1f,
    0xd99d_15c2_78af_d7b6,
    0xde60_f482_5e0e_9124,
    0xe33f_8972_be8a_5a51,
    0xe839_6a50_3c4b_dc68,
    0xed4f_301e_d994_2b84,
    0xf281_773c_59ff_b13a,
    0xf7d0_df73_0ad1_3bb9,
    0xfd3e_0c0c_f486_c175,
];
/// Coefficient 0 of `(e^r - 1 - r) / r^2`, Q32.
pub const EXP_0: u32 = 0x8000_0000;
/// Coefficient 1 of `(e^r - 1 - r) / r^2`, Q27.
pub const EXP_1: i32 = 22_369_621;
/// Coefficient 2 of `(e^r - 1 - r) / r^2`, Q22.
pub const EXP_2: i32 = 174_764;
/// Coefficient 3 of `(e^r - 1 - r) / r^2`, Q17.
pub const EXP_3: i32 = 1092;
/// ln 2 / 64 in Q64.
pub const PART: u64 = 0x02c5_c85f_df47_3de7;
/// 64 / ln 2 in Q24.
pub const PARTS: i32 = 1_549_082_005;
/// From here e^x rounds to more than the largest number.
pub const EXP_OVER: i32 = 681_392;
/// Below this e^x rounds to 0.
pub const EXP_UNDER: i32 = -772_243;
/// From here tanh x rounds to 1.
pub const TANH_ONE: u32 = 0x0006_3d03;
/// From here the logistic function rounds to 1.
pub const SIGMOID_ONE: u32 = 0x000b_c894;
