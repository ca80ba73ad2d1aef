// Finds stop strings in a stream of text and never lets any part of one through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::tokenizer {

// The earliest match wins; of matches that start together, any (the text before them is the same). Linear in the
// text for a bounded set of stop strings.
class StopMatcher {
 public:
  // None may be empty.
  explicit StopMatcher(std::vector<std::string> stops);

  // Text that can be shown after `piece`: everything that cannot be the beginning of a stop string any more.
  // Once matched() is true nothing more comes.
  std::string Add(std::string_view piece);
  // The answer ended by itself: what was held back is text after all.
  std::string Finish();

  bool matched() const { return matched_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool matched_ = false;
};

}  // namespace millrace::tokenizer
