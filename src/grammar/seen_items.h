// The items that arrays have had, for comparison with the one that is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/json_text.h"
#include "grammar/schema_algebra.h"

namespace millrace::grammar {

// A part of an earlier item that agrees with what was read of the same part of this one.
struct Twin {
  const JsonNode* value = nullptr;  // lives as long as the item
  int32_t item = 0;                 // in SeenItems
};

// Grows by whole items; `Cut` takes back those added since. What an array has had is found through
// its last item. Copies share the values.
class SeenItems {
 public:
  static constexpr int32_t kNone = -1;

  // Adds an item behind `previous`, the array's last one or kNone. Returns its number.
  int32_t Add(int32_t previous, JsonNode value);
  void Cut(size_t size);
  size_t size() const { return items_.size(); }
  size_t memory_bytes() const { return bytes_; }

  const JsonNode& value(int32_t item) const { return *At(item).value; }
  int32_t previous(int32_t item) const { return At(item).previous; }
  // Of the array up to `last`: its items, and the members of all of them.
  size_t CountOf(int32_t last) const { return last == kNone ? 0 : At(last).count; }
  size_t MembersOf(int32_t last) const { return last == kNone ? 0 : At(last).members; }
  // The formula of any of the items up to `last`, where the caller has noted it; kFalse.
  FormulaId any(int32_t last) const { return At(last).any; }
  void set_any(int32_t last, FormulaId any) { items_[static_cast<size_t>(last)].any = any; }

  // Whether an item up to `last` equals `value`.
  bool Has(int32_t last, const JsonNode& value) const;
  // The strings among them, or the numbers as Decimal writes them, that begin with `prefix`;
  // sorted. Holds until the next call.
  std::span<const std::string> Texts(int32_t last, JsonNode::Kind kind,
                                     std::string_view prefix) const;
  // Whether one of them is an object with the member `key`.
  bool AnyHasMember(int32_t last, std::string_view key) const;
  // Those that have the member `key`, or at `index` the item, `value`. In time that grows with
  // their number only.
  std::vector<Twin> WithMember(int32_t last, std::string_view key, const JsonNode& value) const;
  std::vector<Twin> WithItem(int32_t last, size_t index, const JsonNode& value) const;

 private:
  struct Item {
    int32_t previous = kNone;
    int32_t first = 0;  // of the array
    size_t count = 0;
    size_t members = 0;
    std::shared_ptr<const JsonNode> value;
    FormulaId any = kFalse;
  };
  const Item& At(int32_t item) const { return items_[static_cast<size_t>(item)]; }
  template <typename Visit>
  static void ForEachHash(const Item& item, const Visit& visit);
  template <typename Take>
  void Find(int32_t last, uint64_t hash, const Take& take) const;

  std::vector<Item> items_;
  std::unordered_multimap<uint64_t, int32_t> index_;  // by array, place in the item and value there
  size_t bytes_ = 0;
  struct {
    int32_t last = kNone;
    JsonNode::Kind kind = JsonNode::Kind::kNull;
    std::vector<std::string> texts;
  } mutable texts_;  // as they were asked for
};

}  // namespace millrace::grammar
