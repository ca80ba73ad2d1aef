// JSON text as a tree that loses nothing: numbers exactly, members in order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "grammar/decimal.h"

namespace millrace::grammar {

struct JsonNode {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text = {};  // of a string, UTF-8
  Decimal number = {};
  std::vector<JsonNode> items = {};
  std::vector<std::pair<std::string, JsonNode>> members = {};  // unique keys; the last one wins

  // nullptr when this is no object or has no such member.
  const JsonNode* Find(std::string_view key) const;
  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_number() const { return kind == Kind::kNumber; }
  bool is_boolean() const { return kind == Kind::kBoolean; }
};

// Equal as JSON Schema has it: numbers by value, objects without order.
bool IsEqual(const JsonNode& a, const JsonNode& b);

// Errors (kInvalidArgument): not JSON, nesting deeper than `depth_max`, a number out of reach.
base::Result<JsonNode> ParseJson(std::string_view text, size_t depth_max = 500);

// UTF-8 to code points and back. `text` is valid.
std::u32string CodePointsOf(std::string_view text);
std::string Utf8Of(std::u32string_view text);

// Decodes the inside of a JSON string from its beginning, complete characters only, until
// `bytes_max` bytes of UTF-8 have been made. `text` is valid as far as it goes.
std::string DecodeStringPrefix(std::string_view text, size_t bytes_max);

}  // namespace millrace::grammar
