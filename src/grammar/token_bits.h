// A token mask's bits: bit i of word i / 32 is token i.
#pragma once

#include <cstdint>
#include <span>

namespace millrace::grammar {

inline void SetToken(std::span<uint32_t> mask, int32_t token) {
  const auto id = static_cast<uint32_t>(token);
  mask[id / 32] |= uint32_t{1} << (id % 32);
}

inline void SetTokens(std::span<uint32_t> mask, std::span<const int32_t> tokens) {
  for (const int32_t token : tokens) {
    SetToken(mask, token);
  }
}

inline void ClearToken(std::span<uint32_t> mask, int32_t token) {
  const auto id = static_cast<uint32_t>(token);
  mask[id / 32] &= ~(uint32_t{1} << (id % 32));
}

inline void SetTokenTo(bool allowed, std::span<uint32_t> mask, int32_t token) {
  allowed ? SetToken(mask, token) : ClearToken(mask, token);
}

}  // namespace millrace::grammar
