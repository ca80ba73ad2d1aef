// e^x = 2^n (1 + r + r^2 P(r)) with n = round(x / ln 2), r = x - n ln 2 in two steps. P is fitted
// for the least relative error on |r| <= ln(2) / 2: 3e-9 before rounding. Every level uses these
// numbers in the same order.
#pragma once

namespace millrace::kernels {

inline constexpr float kExpMin = -87.3F;  // below: 0
inline constexpr float kExpMax = 88.3F;   // above: e^88.3
inline constexpr float kLog2E = 1.44269504F;
inline constexpr float kLn2High = 0x1.62e400p-1F;  // 17 bits: its product with n is exact
inline constexpr float kLn2Low = 0x1.7f7d1cp-20F;
// P, lowest power first.
inline constexpr float kExpP[5] = {0x1.fffffcp-2F, 0x1.555492p-3F, 0x1.5558f2p-5F, 0x1.1239d4p-7F,
                                   0x1.6a244cp-10F};

}  // namespace millrace::kernels
