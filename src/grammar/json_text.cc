#include "grammar/json_text.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <optional>
#include <unordered_map>

#include "base/utf8.h"

namespace millrace::grammar {
namespace {

namespace bj = boost::json;

// Builds the tree from the parser's events. Numbers keep their text until they are complete.
class Builder {
 public:
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) { return Open(JsonNode::Kind::kObject); }
  bool on_object_end(size_t, bj::error_code&) { return Close(); }
  bool on_array_begin(bj::error_code&) { return Open(JsonNode::Kind::kArray); }
  bool on_array_end(size_t, bj::error_code&) { return Close(); }
  bool on_key_part(bj::string_view part, size_t, bj::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view part, size_t, bj::error_code&) {
    text_.append(part.data(), part.size());
    keys_.push_back(std::exchange(text_, {}));
    return true;
  }
  bool on_string_part(bj::string_view part, size_t, bj::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(bj::string_view part, size_t, bj::error_code&) {
    text_.append(part.data(), part.size());
    return Add({.kind = JsonNode::Kind::kString, .text = std::exchange(text_, {})});
  }
  bool on_number_part(bj::string_view part, bj::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(int64_t, bj::string_view part, bj::error_code&) { return AddNumber(part); }
  bool on_uint64(uint64_t, bj::string_view part, bj::error_code&) { return AddNumber(part); }
  bool on_double(double, bj::string_view part, bj::error_code&) { return AddNumber(part); }
  bool on_bool(bool value, bj::error_code&) {
    return Add({.kind = JsonNode::Kind::kBoolean, .boolean = value});
  }
  bool on_null(bj::error_code&) { return Add({}); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

  JsonNode result() { return std::move(result_); }
  bool number_out_of_reach() const { return number_out_of_reach_; }

 private:
  bool Open(JsonNode::Kind kind) {
    open_.push_back({.kind = kind});
    return true;
  }
  bool Close() {
    JsonNode node = std::move(open_.back());
    open_.pop_back();
    return Add(std::move(node));
  }
  bool AddNumber(bj::string_view part) {
    text_.append(part.data(), part.size());
    std::optional<Decimal> number = Decimal::Parse(std::exchange(text_, {}));
    if (!number.has_value()) {
      number_out_of_reach_ = true;
      return Add({.kind = JsonNode::Kind::kNumber});
    }
    return Add({.kind = JsonNode::Kind::kNumber, .number = *std::move(number)});
  }
  bool Add(JsonNode node) {
    if (open_.empty()) {
      result_ = std::move(node);
      return true;
    }
    JsonNode& parent = open_.back();
    if (parent.kind == JsonNode::Kind::kArray) {
      parent.items.push_back(std::move(node));
      return true;
    }
    parent.members.emplace_back(std::move(keys_.back()), std::move(node));
    keys_.pop_back();
    return true;
  }

  std::vector<JsonNode> open_;
  std::vector<std::string> keys_;
  std::string text_;
  JsonNode result_;
  bool number_out_of_reach_ = false;
};

// The last of equal keys wins, in the place of the first.
void DropRepeatedKeys(JsonNode& node) {
  for (JsonNode& item : node.items) {
    DropRepeatedKeys(item);
  }
  std::unordered_map<std::string_view, size_t> first;
  bool repeated = false;
  for (size_t i = 0; i < node.members.size(); ++i) {
    DropRepeatedKeys(node.members[i].second);
    const auto [it, is_new] = first.emplace(node.members[i].first, i);
    if (!is_new) {
      node.members[it->second].second = std::move(node.members[i].second);
      repeated = true;
    }
  }
  if (repeated) {
    std::vector<std::pair<std::string, JsonNode>> kept;
    for (size_t i = 0; i < node.members.size(); ++i) {
      if (first.at(node.members[i].first) == i) {
        kept.push_back({node.members[i].first, std::move(node.members[i].second)});
      }
    }
    first.clear();
    node.members = std::move(kept);
  }
}

}  // namespace

const JsonNode* JsonNode::Find(std::string_view key) const {
  const auto at = std::find_if(members.begin(), members.end(),
                               [key](const auto& member) { return member.first == key; });
  return at == members.end() ? nullptr : &at->second;
}

bool IsEqual(const JsonNode& a, const JsonNode& b) {
  if (a.kind != b.kind) {
    return false;
  }
  switch (a.kind) {
    case JsonNode::Kind::kNull:
      return true;
    case JsonNode::Kind::kBoolean:
      return a.boolean == b.boolean;
    case JsonNode::Kind::kNumber:
      return a.number == b.number;
    case JsonNode::Kind::kString:
      return a.text == b.text;
    case JsonNode::Kind::kArray:
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), IsEqual);
    case JsonNode::Kind::kObject:
      break;
  }
  return a.members.size() == b.members.size() &&
         std::all_of(a.members.begin(), a.members.end(), [&b](const auto& member) {
           const JsonNode* other = b.Find(member.first);
           return other != nullptr && IsEqual(member.second, *other);
         });
}

base::Result<JsonNode> ParseJson(std::string_view text, size_t depth_max) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  bj::parse_options options;
  options.max_depth = depth_max;
  bj::basic_parser<Builder> parser(options);
  bj::error_code error;
  const size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error || read < text.size()) {
    if (error == bj::error::too_deep) {
      return base::InvalidArgument("JSON is nested deeper than " + std::to_string(depth_max));
    }
    return base::InvalidArgument("not valid JSON at byte " + std::to_string(read));
  }
  if (parser.handler().number_out_of_reach()) {
    return base::InvalidArgument("a number has more than 10000 digits");
  }
  JsonNode result = parser.handler().result();
  DropRepeatedKeys(result);
  return result;
}

std::string DecodeStringPrefix(std::string_view text, size_t bytes_max) {
  std::string result;
  const auto hex = [&](size_t at) {
    char32_t value = 0;
    for (const char c : text.substr(at, 4)) {
      const auto lower = static_cast<char32_t>(c | 0x20);
      value = (value << 4U) | (lower >= U'a' ? lower - U'a' + 10 : static_cast<char32_t>(c - '0'));
    }
    return value;
  };
  for (size_t at = 0; at < text.size() && result.size() < bytes_max;) {
    if (text[at] != '\\') {
      result += text[at++];
      continue;
    }
    const char kind = at + 1 < text.size() ? text[at + 1] : ' ';
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kMeanings = "\b\f\n\r\t";
    at += 2;
    if (const size_t letter = kLetters.find(kind); letter != std::string_view::npos) {
      result += kMeanings[letter];
    } else if (kind != 'u') {
      result += kind;
    } else {
      char32_t c = hex(at);
      at += 4;
      if (c >= 0xD800 && c < 0xDC00 && at + 6 <= text.size()) {
        c = 0x10000 + ((c - 0xD800) << 10U) + (hex(at + 2) - 0xDC00);
        at += 6;
      }
      base::AppendUtf8(c, result);
    }
  }
  return result;
}

std::u32string CodePointsOf(std::string_view text) {
  std::u32string result;
  while (!text.empty()) {
    const base::Utf8Char next = base::DecodeUtf8(text);
    result += next.code_point;
    text.remove_prefix(next.length);
  }
  return result;
}

std::string Utf8Of(std::u32string_view text) {
  std::string result;
  for (const char32_t c : text) {
    base::AppendUtf8(c, result);
  }
  return result;
}

}  // namespace millrace::grammar
