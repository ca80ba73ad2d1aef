#include "grammar/mask_memo.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "grammar/token_bits.h"

namespace millrace::grammar {

bool MaskMemo::Find(const std::string& key, std::span<uint32_t> mask, size_t& count) {
  const std::lock_guard lock(mutex_);
  const Generation* generation = &young_;
  auto found = young_.find(key);
  if (found == young_.end()) {
    generation = &old_;
    found = old_.find(key);
    if (found == old_.end()) {
      return false;
    }
  }
  static_cast<void>(generation);
  const Entry& entry = found->second;
  count = entry.count;
  if (!entry.is_list) {
    std::copy(entry.words.begin(), entry.words.end(), mask.begin());
    return true;
  }
  std::fill(mask.begin(), mask.end(), 0);
  for (const uint32_t token : entry.words) {
    SetToken(mask, static_cast<int32_t>(token));
  }
  return true;
}

void MaskMemo::Add(const std::string& key, std::span<const uint32_t> mask, size_t count) {
  Entry entry{.words = {}, .count = count, .is_list = count < mask.size()};
  if (entry.is_list) {
    for (size_t i = 0; i < mask.size(); ++i) {
      for (uint32_t word = mask[i]; word != 0; word &= word - 1) {
        entry.words.push_back(
            static_cast<uint32_t>((i * 32) + static_cast<size_t>(std::countr_zero(word))));
      }
    }
  } else {
    entry.words.assign(mask.begin(), mask.end());
  }
  const size_t bytes = (entry.words.size() * sizeof(uint32_t)) + key.size() + 128;
  const std::lock_guard lock(mutex_);
  if ((bytes_ + bytes) * 2 > bytes_max_) {
    old_ = std::exchange(young_, {});
    old_bytes_ = std::exchange(bytes_, 0);
  }
  if (bytes * 2 <= bytes_max_ && young_.emplace(key, std::move(entry)).second) {
    bytes_ += bytes;
  }
}

size_t MaskMemo::memory_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_ + old_bytes_;
}

}  // namespace millrace::grammar
