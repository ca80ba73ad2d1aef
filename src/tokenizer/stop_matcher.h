// Finds stop strings in a stream of text and never lets any part of one through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tokenizer {

// The match that begins first wins; of matches that begin together, any (the text before them is
// the same). What comes out depends on the text alone, not on how it is cut into pieces. Time is
// linear in the text times the number of stop strings.
//
// A stop string that is complete inside a longer one that began before it ("b" in "abc") waits
// until the longer one is complete or has failed.
class StopMatcher {
 public:
  // None may be empty.
  explicit StopMatcher(std::vector<std::string> stops);

  // Text that can be shown after `piece`: everything that cannot be the beginning of a stop string
  // any more. Once matched() is true nothing more comes.
  std::string Add(std::string_view piece);
  // The answer ended by itself: what was held back is text after all, up to a stop string that was
  // complete in it; matched() tells.
  std::string Finish();

  bool matched() const { return matched_; }

 private:
  // One stop string with the progress of its search.
  // Source: Knuth, Morris, Pratt, "Fast pattern matching in strings", 1977.
  struct Search {
    std::string stop;
    std::vector<uint32_t> fallback;  // by matched length: the longest border of that prefix
    size_t length = 0;               // how much of `stop` the text ends with

    // Takes one byte; true when the stop string is complete.
    bool Step(char byte);
  };

  void Step(char byte);
  // Where the earliest match that may still complete begins, as an offset in `held_`.
  size_t EarliestOpen() const;
  // A stop string begins at `begin` in `held_`: what stands before it.
  std::string TakeUpTo(size_t begin);

  std::vector<Search> searches_;
  std::string held_;                // text that has not come out yet
  std::optional<size_t> complete_;  // where the earliest complete match begins in `held_`
  bool matched_ = false;
};

}  // namespace millrace::tokenizer
