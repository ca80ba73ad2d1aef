// Text that remembers where each byte came from.
//
// A template mixes its own literals, where special tokens count, with text of the conversation,
// where they must not. Every string of the interpreter is a Text, and every operation on strings
// keeps the origin of what it copies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::chat_template {

enum class Origin : bool {
  kTemplate,  // written in the template, or fixed by us (roles, begin and end tokens)
  kData,      // came with the conversation
};

class Text {
 public:
  Text() = default;
  Text(std::string bytes, Origin origin) : bytes_(std::move(bytes)), first_(origin) {}

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  void Append(std::string_view bytes, Origin origin);
  void Append(const Text& other);

  // Bytes [begin, end) with their origins; both must lie within the text.
  Text Slice(size_t begin, size_t end) const;

  // The same origin for all bytes. An empty text is uniform.
  bool uniform() const { return flips_.empty(); }
  // The origin of the byte at `position`; of the whole text when it is uniform.
  Origin OriginAt(size_t position) const;

  // Calls visit(std::string_view, Origin) for each longest stretch of one origin, in order.
  template <typename Visit>
  void ForEachRun(Visit visit) const {
    size_t begin = 0;
    Origin origin = first_;
    for (size_t flip : flips_) {
      visit(std::string_view(bytes_).substr(begin, flip - begin), origin);
      begin = flip;
      origin = Opposite(origin);
    }
    if (begin < bytes_.size()) {
      visit(std::string_view(bytes_).substr(begin), origin);
    }
  }

  // The text with `map` (std::string_view to std::string) applied to each run. For mappings of
  // single characters.
  template <typename Map>
  Text MapRuns(Map map) const {
    Text mapped;
    ForEachRun([&](std::string_view bytes, Origin origin) { mapped.Append(map(bytes), origin); });
    return mapped;
  }

 private:
  static Origin Opposite(Origin origin) {
    return origin == Origin::kTemplate ? Origin::kData : Origin::kTemplate;
  }
  Origin last() const { return flips_.size() % 2 == 0 ? first_ : Opposite(first_); }

  std::string bytes_;
  Origin first_ = Origin::kTemplate;
  std::vector<size_t> flips_;  // rising positions where the origin changes, none at either end
};

}  // namespace millrace::chat_template
