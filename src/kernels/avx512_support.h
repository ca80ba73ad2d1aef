// Pieces that the AVX-512 files share, beside those of avx2_support.h. Include it after
// `#pragma GCC target` with the features of Level::kAvx512.
#pragma once

#include "kernels/avx2_support.h"

namespace millrace::kernels {
namespace {

inline __m512i Load512(const void* at) { return _mm512_loadu_si512(at); }

// The four bytes at `at` in every lane.
inline __m512i Broadcast32To512(const void* at) {
  int32_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return _mm512_set1_epi32(value);
}

}  // namespace
}  // namespace millrace::kernels
