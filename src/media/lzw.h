// The LZW of GIF: codes of 3 to 12 bits, lowest bits first. Source: GIF89a, appendix F.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/byte_cursor.h"

namespace millrace::media {

// Bits out of a chain of GIF's sub-blocks.
class SubBlockBits {
 public:
  explicit SubBlockBits(ByteCursor& cursor) : cursor_(cursor) {}
  // Nothing at the end of the chain or of the file.
  std::optional<uint32_t> Read(int count);

 private:
  bool NextByte(uint8_t& byte);

  ByteCursor& cursor_;
  std::string_view block_;
  uint32_t bits_ = 0;
  int bit_count_ = 0;
};

// Decodes one picture's codes, string by string; memory is fixed, 16 KiB.
class LzwDecoder {
 public:
  // `literal_bits`: 1 to 8, bits of a colour index.
  LzwDecoder(SubBlockBits& bits, int literal_bits);

  // The indices that the next code stands for, at most 4096, valid until the next call; empty at
  // the end of the data, orderly or not, and after a code that means nothing.
  std::span<const uint8_t> Next();

 private:
  static constexpr size_t kCodes = 4096;

  void Clear();
  // Unrolls `code`, and `last` behind it when it is not known yet.
  std::span<const uint8_t> Expand(uint32_t code);
  void Learn(uint8_t last);

  SubBlockBits& bits_;
  const int literal_bits_;
  const uint32_t clear_code_;
  int width_ = 0;
  uint32_t next_code_ = 0;
  std::optional<uint32_t> previous_;
  std::array<uint16_t, kCodes> prefix_ = {};
  std::array<uint8_t, kCodes> suffix_ = {};
  std::array<uint8_t, kCodes + 1> string_ = {};
};

}  // namespace millrace::media
