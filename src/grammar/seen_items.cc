#include "grammar/seen_items.h"

#include <algorithm>
#include <utility>

#include "grammar/hash_mix.h"

namespace millrace::grammar {
namespace {

constexpr uint64_t kWhole = 1;
constexpr uint64_t kMember = 2;
constexpr uint64_t kIndex = 3;
constexpr uint64_t kKey = 4;

// The same for values that IsEqual calls equal.
uint64_t HashOf(const JsonNode& node) {
  uint64_t hash = Mix(0, static_cast<uint64_t>(node.kind));
  switch (node.kind) {
    case JsonNode::Kind::kNull:
      break;
    case JsonNode::Kind::kBoolean:
      hash = Mix(hash, node.boolean ? 1 : 0);
      break;
    case JsonNode::Kind::kNumber:
      hash = Mix(Mix(hash, node.number.digits), (static_cast<uint64_t>(node.number.exponent) << 1) |
                                                    (node.number.negative ? 1 : 0));
      break;
    case JsonNode::Kind::kString:
      hash = Mix(hash, node.text);
      break;
    case JsonNode::Kind::kArray:
      for (const JsonNode& item : node.items) {
        hash = Mix(hash, HashOf(item));
      }
      break;
    case JsonNode::Kind::kObject: {
      uint64_t sum = 0;  // in any order
      for (const auto& [key, member] : node.members) {
        sum += Mix(Mix(0, key), HashOf(member));
      }
      hash = Mix(hash, sum);
      break;
    }
  }
  return hash;
}

uint64_t HashOfWhole(const JsonNode& value) { return Mix(kWhole, HashOf(value)); }
uint64_t HashOfMember(std::string_view key, const JsonNode& value) {
  return Mix(Mix(kMember, key), HashOf(value));
}
uint64_t HashOfItem(size_t index, const JsonNode& value) {
  return Mix(Mix(kIndex, index), HashOf(value));
}

uint64_t HashOfKey(std::string_view key) { return Mix(kKey, key); }

constexpr size_t kEntryBytes = 32;

size_t BytesOf(const JsonNode& node) {
  size_t sum = sizeof(JsonNode) + node.text.size() + node.number.digits.size();
  for (const JsonNode& item : node.items) {
    sum += BytesOf(item);
  }
  for (const auto& [key, member] : node.members) {
    sum += sizeof(std::string) + key.size() + BytesOf(member);
  }
  return sum;
}

}  // namespace

template <typename Visit>
void SeenItems::ForEachHash(const Item& item, const Visit& visit) {
  const auto array = static_cast<uint64_t>(item.first);
  visit(Mix(array, HashOfWhole(*item.value)), false);
  for (const auto& [key, member] : item.value->members) {
    visit(Mix(array, HashOfMember(key, member)), false);
    visit(Mix(array, HashOfKey(key)), true);  // the first that has it stands for all
  }
  for (size_t i = 0; i < item.value->items.size(); ++i) {
    visit(Mix(array, HashOfItem(i, item.value->items[i])), false);
  }
}

int32_t SeenItems::Add(int32_t previous, JsonNode value) {
  const auto id = static_cast<int32_t>(items_.size());
  bytes_ += sizeof(Item) + BytesOf(value);
  Item item{.previous = previous,
            .first = previous == kNone ? id : At(previous).first,
            .count = CountOf(previous) + 1,
            .members = MembersOf(previous) + value.members.size(),
            .value = std::make_shared<const JsonNode>(std::move(value))};
  ForEachHash(item, [&](uint64_t hash, bool stands_for_all) {
    if (!stands_for_all || !index_.contains(hash)) {
      index_.emplace(hash, id);
      bytes_ += kEntryBytes;
    }
  });
  items_.push_back(std::move(item));
  return id;
}

void SeenItems::Cut(size_t size) {
  if (texts_.last >= static_cast<int32_t>(size)) {
    texts_.last = kNone;
  }
  for (; items_.size() > size; items_.pop_back()) {
    const auto id = static_cast<int32_t>(items_.size()) - 1;
    bytes_ -= sizeof(Item) + BytesOf(*items_.back().value);
    ForEachHash(items_.back(), [&](uint64_t hash, bool) {
      const auto [begin, end] = index_.equal_range(hash);
      for (auto it = begin; it != end; ++it) {
        if (it->second == id) {
          index_.erase(it);
          bytes_ -= kEntryBytes;
          break;
        }
      }
    });
  }
}

// Threads that read the same text may have added the same item twice.
template <typename Take>
void SeenItems::Find(int32_t last, uint64_t hash, const Take& take) const {
  if (last == kNone) {
    return;
  }
  const auto [begin, end] = index_.equal_range(Mix(static_cast<uint64_t>(At(last).first), hash));
  for (auto it = begin; it != end; ++it) {
    const Item& item = At(it->second);
    if (item.first == At(last).first && item.count <= At(last).count) {
      take(it->second, *item.value);
    }
  }
}

std::span<const std::string> SeenItems::Texts(int32_t last, JsonNode::Kind kind,
                                              std::string_view prefix) const {
  if (texts_.last != last || texts_.kind != kind || last == kNone) {
    texts_ = {.last = last, .kind = kind, .texts = {}};
    for (int32_t item = last; item != kNone; item = previous(item)) {
      if (value(item).kind == kind) {
        texts_.texts.push_back(value(item).is_string() ? value(item).text
                                                       : value(item).number.ToString());
      }
    }
    std::sort(texts_.texts.begin(), texts_.texts.end());
  }
  const auto begin = std::lower_bound(texts_.texts.begin(), texts_.texts.end(), prefix);
  const auto end = std::find_if(begin, texts_.texts.end(),
                                [&](const std::string& text) { return !text.starts_with(prefix); });
  return {begin, end};
}

bool SeenItems::AnyHasMember(int32_t last, std::string_view key) const {
  bool found = false;
  Find(last, HashOfKey(key),
       [&](int32_t, const JsonNode& item) { found = found || item.Find(key) != nullptr; });
  return found;
}

bool SeenItems::Has(int32_t last, const JsonNode& value) const {
  bool found = false;
  Find(last, HashOfWhole(value),
       [&](int32_t, const JsonNode& item) { found = found || IsEqual(item, value); });
  return found;
}

std::vector<Twin> SeenItems::WithMember(int32_t last, std::string_view key,
                                        const JsonNode& value) const {
  std::vector<Twin> twins;
  Find(last, HashOfMember(key, value), [&](int32_t id, const JsonNode& item) {
    const JsonNode* member = item.Find(key);
    if (member != nullptr && IsEqual(*member, value)) {
      twins.push_back({&item, id});
    }
  });
  return twins;
}

std::vector<Twin> SeenItems::WithItem(int32_t last, size_t index, const JsonNode& value) const {
  std::vector<Twin> twins;
  Find(last, HashOfItem(index, value), [&](int32_t id, const JsonNode& item) {
    if (index < item.items.size() && IsEqual(item.items[index], value)) {
      twins.push_back({&item, id});
    }
  });
  return twins;
}

}  // namespace millrace::grammar
