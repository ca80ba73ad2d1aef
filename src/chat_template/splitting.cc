#include "chat_template/splitting.h"

#include <algorithm>
#include <string_view>

#include "base/utf8.h"
#include "chat_template/search.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

using base::Result;

namespace {

// What one part costs.
constexpr int64_t kPartSteps = 8;

}  // namespace

Result<std::vector<Text>> SplitAtSpace(Runtime& runtime, const Text& text, int64_t splits_max) {
  TRY(runtime.budget().ChargeCharacters(text.size()));
  std::vector<Text> parts;
  size_t at = 0;
  std::string_view bytes = text.bytes();
  while (true) {
    at += LeadingSpace(bytes.substr(at));
    if (at == bytes.size()) {
      return parts;
    }
    if (splits_max-- == 0) {
      parts.push_back(text.Slice(at, bytes.size()));
      return parts;
    }
    TRY(runtime.budget().Charge(kPartSteps));
    size_t end = at;
    while (end < bytes.size() && LeadingSpace(bytes.substr(end)) == 0) {
      end += base::DecodeUtf8(bytes.substr(end)).length;
    }
    parts.push_back(text.Slice(at, end));
    at = end;
  }
}

Result<std::vector<Text>> SplitAtSpaceFromRight(Runtime& runtime, const Text& text,
                                                int64_t splits_max) {
  TRY(runtime.budget().ChargeCharacters(text.size()));
  std::vector<Text> parts;
  std::string_view bytes = text.bytes();
  size_t end = bytes.size();
  while (true) {
    end -= TrailingSpace(bytes.substr(0, end));
    if (end == 0) {
      break;
    }
    if (splits_max-- == 0) {
      parts.push_back(text.Slice(0, end));
      break;
    }
    TRY(runtime.budget().Charge(kPartSteps));
    size_t begin = end;
    while (begin > 0 && TrailingSpace(bytes.substr(0, begin)) == 0) {
      begin = LastCodePoint(bytes.substr(0, begin));
    }
    parts.push_back(text.Slice(begin, end));
    end = begin;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Result<std::vector<Text>> SplitAt(Runtime& runtime, const Text& text, const std::string& separator,
                                  int64_t splits_max) {
  TRY(runtime.budget().ChargeSearch(text.size(), separator.size()));
  std::vector<Text> parts;
  size_t at = 0;
  while (splits_max-- != 0) {
    size_t found = FindForward(text.bytes(), separator, at);
    if (found == std::string::npos) {
      break;
    }
    TRY(runtime.budget().Charge(kPartSteps));
    parts.push_back(text.Slice(at, found));
    at = found + separator.size();
  }
  parts.push_back(text.Slice(at, text.size()));
  return parts;
}

Result<std::vector<Text>> SplitAtFromRight(Runtime& runtime, const Text& text,
                                           const std::string& separator, int64_t splits_max) {
  TRY(runtime.budget().ChargeSearch(text.size(), separator.size()));
  const BackwardSearch search(text.bytes(), separator);
  std::vector<Text> parts;
  size_t end = text.size();
  while (splits_max-- != 0) {
    size_t found = search.FindBefore(end);
    if (found == std::string::npos) {
      break;
    }
    TRY(runtime.budget().Charge(kPartSteps));
    parts.push_back(text.Slice(found + separator.size(), end));
    end = found;
  }
  parts.push_back(text.Slice(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Result<std::vector<Text>> SplitLines(Runtime& runtime, const Text& text, bool keep_ends) {
  TRY(runtime.budget().ChargeCharacters(text.size()));
  std::vector<Text> lines;
  std::string_view bytes = text.bytes();
  size_t begin = 0;
  size_t at = 0;
  while (at < bytes.size()) {
    base::Utf8Char c = base::DecodeUtf8(bytes.substr(at));
    size_t end = at;
    at += c.length;
    if (!c.valid || !IsLineEnd(c.code_point)) {
      continue;
    }
    if (c.code_point == '\r' && at < bytes.size() && bytes[at] == '\n') {
      ++at;
    }
    TRY(runtime.budget().Charge(kPartSteps));
    lines.push_back(text.Slice(begin, keep_ends ? at : end));
    begin = at;
  }
  if (begin < bytes.size()) {
    lines.push_back(text.Slice(begin, bytes.size()));
  }
  return lines;
}

}  // namespace millrace::chat_template
