// Pieces shared by the readers of tagged calls.
#pragma once

#include <string>
#include <string_view>

#include "output_parser/call_reader.h"

namespace millrace::output_parser {

// Collects the text before a closing tag.
class TextUntilTag {
 public:
  explicit TextUntilTag(std::string_view tag) : tag_(tag) {}

  // True when the tag is complete. Appends to `out` what is surely text.
  bool Consume(char byte, std::string& out) {
    if (!tag_.Accepts(byte)) {
      out += tag_.matched();
      tag_.Reset();
    }
    if (!tag_.Accepts(byte)) {
      out += byte;
      return false;
    }
    tag_.Advance();
    return tag_.complete();
  }
  void Reset() { tag_.Reset(); }

 private:
  TagMatcher tag_;
};

// Collects tags one at a time and skips what is between them.
class TagCollector {
 public:
  // The whole tag, with its brackets, when `byte` completes one; valid until the next call.
  std::string_view Consume(char byte) {
    if (complete_) {
      tag_.clear();
      complete_ = false;
    }
    if (byte == '<') {
      tag_.clear();
    } else if (tag_.empty()) {
      return {};
    }
    tag_ += byte;
    if (tag_.size() > kTagBytesMax) {
      tag_.clear();
    }
    complete_ = byte == '>' && !tag_.empty();
    return complete_ ? std::string_view(tag_) : std::string_view();
  }

 private:
  static constexpr size_t kTagBytesMax = 512;
  std::string tag_;
  bool complete_ = false;
};

// Reads what follows a whole call: its closing tag, after white space. Anything else is no part of
// the call.
class CallEnd {
 public:
  explicit CallEnd(std::string_view tag) : tag_(tag) {}

  CallReader::Step Consume(char byte) {
    if (tag_.Accepts(byte)) {
      tag_.Advance();
      return {tag_.complete() ? CallReader::Progress::kDone : CallReader::Progress::kMore};
    }
    bool space = byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
    if (space && tag_.matched().empty()) {
      return {};
    }
    return {CallReader::Progress::kDone, tag_.matched().size() + 1};
  }

 private:
  TagMatcher tag_;
};

}  // namespace millrace::output_parser
