#include "tokenizer/stop_matcher.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millrace::tokenizer {
namespace {

std::vector<uint32_t> Borders(std::string_view stop) {
  std::vector<uint32_t> fallback(stop.size() + 1, 0);
  uint32_t border = 0;
  for (size_t i = 1; i < stop.size(); ++i) {
    while (border > 0 && stop[i] != stop[border]) {
      border = fallback[border];
    }
    if (stop[i] == stop[border]) {
      ++border;
    }
    fallback[i + 1] = border;
  }
  return fallback;
}

}  // namespace

bool StopMatcher::Search::Step(char byte) {
  if (length == stop.size()) {
    length = fallback[length];
  }
  while (length > 0 && stop[length] != byte) {
    length = fallback[length];
  }
  if (stop[length] == byte) {
    ++length;
  }
  return length == stop.size();
}

StopMatcher::StopMatcher(std::vector<std::string> stops) {
  searches_.reserve(stops.size());
  for (std::string& stop : stops) {
    MILLRACE_CHECK(!stop.empty());
    std::vector<uint32_t> fallback = Borders(stop);
    searches_.push_back({.stop = std::move(stop), .fallback = std::move(fallback)});
  }
}

std::string StopMatcher::Add(std::string_view piece) {
  if (matched_) {
    return {};
  }
  for (const char byte : piece) {
    held_ += byte;
    Step(byte);
    if (complete_ && EarliestOpen() >= *complete_) {
      return TakeUpTo(*complete_);
    }
  }
  const size_t open = EarliestOpen();
  std::string text = held_.substr(0, open);
  held_.erase(0, open);
  if (complete_) {
    *complete_ -= open;
  }
  return text;
}

std::string StopMatcher::Finish() {
  if (complete_) {
    return TakeUpTo(*complete_);
  }
  return std::exchange(held_, {});
}

void StopMatcher::Step(char byte) {
  for (Search& search : searches_) {
    if (search.Step(byte)) {
      const size_t begin = held_.size() - search.stop.size();
      complete_ = std::min(complete_.value_or(begin), begin);
    }
  }
}

size_t StopMatcher::EarliestOpen() const {
  size_t longest = 0;
  for (const Search& search : searches_) {
    longest = std::max(longest, search.length);
  }
  return held_.size() - longest;
}

std::string StopMatcher::TakeUpTo(size_t begin) {
  matched_ = true;
  std::string text = held_.substr(0, begin);
  held_.clear();
  complete_.reset();
  return text;
}

}  // namespace millrace::tokenizer
