// Joining hashes of parts, for the tables in which equal things are found again.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace millrace::grammar {

inline uint64_t Mix(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9E3779B97F4A7C15ULL + (hash << 6) + (hash >> 2);
  return hash * 0xFF51AFD7ED558CCDULL;
}

inline uint64_t Mix(uint64_t hash, std::string_view text) {
  return Mix(hash, std::hash<std::string_view>()(text));
}

}  // namespace millrace::grammar
