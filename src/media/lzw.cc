#include "media/lzw.h"

namespace millrace::media {

bool SubBlockBits::NextByte(uint8_t& byte) {
  if (block_.empty()) {
    block_ = cursor_.Take(cursor_.U8());
    if (block_.empty()) {
      return false;
    }
  }
  byte = static_cast<uint8_t>(block_.front());
  block_.remove_prefix(1);
  return true;
}

std::optional<uint32_t> SubBlockBits::Read(int count) {
  while (bit_count_ < count) {
    uint8_t byte = 0;
    if (!NextByte(byte)) {
      return std::nullopt;
    }
    bits_ |= uint32_t{byte} << bit_count_;
    bit_count_ += 8;
  }
  const uint32_t value = bits_ & ((1U << count) - 1);
  bits_ >>= count;
  bit_count_ -= count;
  return value;
}

LzwDecoder::LzwDecoder(SubBlockBits& bits, int literal_bits)
    : bits_(bits), literal_bits_(literal_bits), clear_code_(1U << literal_bits) {
  for (uint32_t literal = 0; literal < clear_code_; ++literal) {
    suffix_[literal] = static_cast<uint8_t>(literal);
  }
  Clear();
}

void LzwDecoder::Clear() {
  width_ = literal_bits_ + 1;
  next_code_ = clear_code_ + 2;
  previous_.reset();
}

std::span<const uint8_t> LzwDecoder::Next() {
  std::optional<uint32_t> code = bits_.Read(width_);
  while (code == clear_code_) {
    Clear();
    code = bits_.Read(width_);
  }
  const bool ends = !code || *code == clear_code_ + 1;
  // The first code after a clear is a literal; a later one is known, or the one being learnt.
  if (ends || (!previous_ && *code >= clear_code_) || *code > next_code_ || *code >= kCodes) {
    return {};
  }
  const std::span<const uint8_t> expanded = Expand(*code);
  previous_ = code;
  return expanded;
}

std::span<const uint8_t> LzwDecoder::Expand(uint32_t code) {
  const bool is_new = code == next_code_;
  size_t begin = string_.size() - (is_new ? 1 : 0);
  // Each entry's prefix is an older entry, so the chain ends, after 4096 steps at most.
  uint32_t walk = is_new ? *previous_ : code;
  while (walk >= clear_code_) {
    string_[--begin] = suffix_[walk];
    walk = prefix_[walk];
  }
  string_[--begin] = suffix_[walk];
  if (is_new) {
    string_.back() = string_[begin];
  }
  if (previous_) {
    Learn(string_[begin]);
  }
  return std::span(string_).subspan(begin);
}

void LzwDecoder::Learn(uint8_t last) {
  if (next_code_ == kCodes) {
    return;  // full: goes on with what it has until the next clear
  }
  prefix_[next_code_] = static_cast<uint16_t>(*previous_);
  suffix_[next_code_] = last;
  ++next_code_;
  if (next_code_ == 1U << width_ && next_code_ < kCodes) {
    ++width_;
  }
}

}  // namespace millrace::media
