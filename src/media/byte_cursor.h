// Reads integers off the front of bytes; past the end it yields zeros and remembers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::media {

class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : left_(bytes) {}

  bool failed() const { return failed_; }  // something was read past the end
  std::string_view left() const { return left_; }

  // The next `count` bytes; empty and failed when there are fewer.
  std::string_view Take(size_t count) {
    if (count > left_.size()) {
      failed_ = true;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  void Skip(size_t count) { Take(count); }

  uint8_t U8() { return static_cast<uint8_t>(Little(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Little(2)); }
  uint32_t U24() { return Little(3); }
  uint32_t U32() { return Little(4); }
  uint16_t BigU16() { return static_cast<uint16_t>(Big(2)); }
  uint32_t BigU32() { return Big(4); }

 private:
  uint32_t Little(size_t count) {
    const std::string_view bytes = Take(count);
    uint32_t value = 0;
    for (size_t i = bytes.size(); i > 0; --i) {
      value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
    }
    return value;
  }
  uint32_t Big(size_t count) {
    uint32_t value = 0;
    for (const char byte : Take(count)) {
      value = value << 8 | static_cast<uint8_t>(byte);
    }
    return value;
  }

  std::string_view left_;
  bool failed_ = false;
};

}  // namespace millrace::media
