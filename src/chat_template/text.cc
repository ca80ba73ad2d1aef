#include "chat_template/text.h"

#include <algorithm>

namespace millrace::chat_template {

void Text::Append(std::string_view bytes, Origin origin) {
  if (bytes.empty()) {
    return;
  }
  if (bytes_.empty()) {
    first_ = origin;
    flips_.clear();
  } else if (last() != origin) {
    flips_.push_back(bytes_.size());
  }
  bytes_.append(bytes);
}

void Text::Append(const Text& other) {
  if (&other == this) {
    Append(Text(other));
    return;
  }
  other.ForEachRun([this](std::string_view bytes, Origin origin) { Append(bytes, origin); });
}

Text Text::Slice(size_t begin, size_t end) const {
  Text slice;
  if (begin >= end) {
    return slice;
  }
  auto flip = std::upper_bound(flips_.begin(), flips_.end(), begin);
  slice.first_ = (flip - flips_.begin()) % 2 == 0 ? first_ : Opposite(first_);
  slice.bytes_ = bytes_.substr(begin, end - begin);
  for (; flip != flips_.end() && *flip < end; ++flip) {
    slice.flips_.push_back(*flip - begin);
  }
  return slice;
}

Origin Text::OriginAt(size_t position) const {
  auto flip = std::upper_bound(flips_.begin(), flips_.end(), position);
  return (flip - flips_.begin()) % 2 == 0 ? first_ : Opposite(first_);
}

}  // namespace millrace::chat_template
