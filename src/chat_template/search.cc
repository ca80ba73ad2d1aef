#include "chat_template/search.h"

#include <cstring>

namespace millrace::chat_template {

namespace {

// Up to here the product of the lengths is no danger, and a plain search is the fastest.
constexpr size_t kPlainMax = 32;

}  // namespace

size_t FindForward(std::string_view text, std::string_view wanted, size_t from) {
  if (wanted.size() <= kPlainMax || from > text.size()) {
    return text.find(wanted, from);
  }
  // The C library's memmem is the two-way algorithm for long texts.
  const void* found = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

BackwardSearch::BackwardSearch(std::string_view text, std::string_view wanted)
    : text_(text), wanted_(wanted) {
  if (wanted.size() > kPlainMax) {
    reversed_text_.assign(text.rbegin(), text.rend());
    reversed_wanted_.assign(wanted.rbegin(), wanted.rend());
  }
}

size_t BackwardSearch::FindBefore(size_t end) const {
  if (end < wanted_.size()) {
    return std::string_view::npos;
  }
  if (reversed_wanted_.empty()) {
    return text_.rfind(wanted_, end - wanted_.size());
  }
  size_t found = FindForward(reversed_text_, reversed_wanted_, text_.size() - end);
  return found == std::string_view::npos ? found : text_.size() - found - wanted_.size();
}

}  // namespace millrace::chat_template
