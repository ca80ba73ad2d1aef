// Masks by the state they belong to, shared by all matchers of a grammar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace millrace::grammar {

// Synchronised. Holds the most recent ones: when the bound is reached the older half goes.
class MaskMemo {
 public:
  explicit MaskMemo(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Copies the mask of `key` and the number of its bits; false when it is not known.
  bool Find(const std::string& key, std::span<uint32_t> mask, size_t& count);
  void Add(const std::string& key, std::span<const uint32_t> mask, size_t count);
  size_t memory_bytes() const;

 private:
  struct Entry {
    std::vector<uint32_t> words;  // the mask, or when `is_list` the tokens that are allowed
    size_t count = 0;
    bool is_list = false;
  };
  using Generation = std::unordered_map<std::string, Entry>;

  mutable std::mutex mutex_;
  size_t bytes_max_;
  size_t bytes_ = 0;  // of `young_`
  size_t old_bytes_ = 0;
  Generation young_;
  Generation old_;
};

}  // namespace millrace::grammar
