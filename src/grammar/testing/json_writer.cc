#include "grammar/testing/json_writer.h"

#include "json/json.h"

namespace millrace::grammar::testing {

std::string WriteJson(const JsonNode& value, Spacing spacing) {
  const std::string comma = spacing == Spacing::kSpaced ? ", " : ",";
  const std::string colon = spacing == Spacing::kSpaced ? ": " : ":";
  std::string text;
  switch (value.kind) {
    case JsonNode::Kind::kNull:
      return "null";
    case JsonNode::Kind::kBoolean:
      return value.boolean ? "true" : "false";
    case JsonNode::Kind::kNumber:
      return value.number.ToString();
    case JsonNode::Kind::kString:
      json::AppendQuoted(value.text, text);
      return text;
    case JsonNode::Kind::kArray:
      for (const JsonNode& item : value.items) {
        text += (text.empty() ? "" : comma) + WriteJson(item, spacing);
      }
      return "[" + text + "]";
    case JsonNode::Kind::kObject:
      break;
  }
  for (const auto& [name, member] : value.members) {
    std::string key;
    json::AppendQuoted(name, key);
    text += (text.empty() ? "" : comma) + key + colon + WriteJson(member, spacing);
  }
  return "{" + text + "}";
}

}  // namespace millrace::grammar::testing
