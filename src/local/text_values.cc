#include "local/text_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "grammar/schema_format.h"

namespace millrace::local {
namespace {

constexpr int kDepthMax = 8;  // of references and alternatives
constexpr std::string_view kNothing = "[]";

constexpr size_t kPatternBytesMax = size_t{256} << 10;

bool NamesString(const boost::json::value& type) {
  const auto is_string = [](const boost::json::value& name) {
    return name.is_string() && (name.get_string() == "string" || name.get_string() == "str" ||
                                name.get_string() == "text");
  };
  return is_string(type) || (type.is_array() && std::ranges::any_of(type.get_array(), is_string));
}

// A condition on the whole text.
std::string Also(std::string_view pattern) { return fmt::format("(?=(?:{})$)", pattern); }

class PatternMaker {
 public:
  explicit PatternMaker(const boost::json::value& document) : document_(document) {}

  base::Result<std::string> Make(const boost::json::value& schema, int depth) {
    if (schema.is_bool()) {
      return std::string(schema.get_bool() ? "[^]*" : kNothing);
    }
    const boost::json::object* object = schema.if_object();
    if (object == nullptr || depth == 0) {
      return base::Unsupported("raw text cannot be held to a schema nested so deep");
    }
    std::string conditions;
    for (const auto& [keyword, value] : *object) {
      conditions += TRY(Condition(std::string_view(keyword.data(), keyword.size()), value, depth));
      if (conditions.size() > kPatternBytesMax) {
        return base::Unsupported("raw text cannot be held to a schema that large");
      }
    }
    const auto bound = [object](std::string_view keyword) {
      const boost::json::value* value = object->if_contains(keyword);
      const bool counts = value != nullptr && value->is_int64() && value->get_int64() >= 0;
      return counts ? std::optional(value->get_int64()) : std::nullopt;
    };
    const std::optional<int64_t> most = bound("maxLength");
    return fmt::format("{}[^]{{{},{}}}", conditions, bound("minLength").value_or(0),
                       most ? std::to_string(*most) : "");
  }

 private:
  base::Result<std::string> Condition(std::string_view keyword, const boost::json::value& value,
                                      int depth) {
    if (keyword == "type") {
      return NamesString(value) ? std::string() : std::string(kNothing);
    }
    if ((keyword == "minLength" || keyword == "maxLength") && value.is_int64()) {
      return std::string();  // Make() writes them
    }
    if (keyword == "pattern" && value.is_string()) {
      return Also(fmt::format("[^]*(?:{})[^]*", std::string_view(value.get_string())));
    }
    if (keyword == "format" && value.is_string()) {
      const std::string_view pattern = grammar::PatternOfFormat(value.get_string());
      return pattern.empty() ? std::string() : Also(pattern);
    }
    if (keyword == "const") {
      return Also(value.is_string() ? EscapedForRegex(value.get_string()) : std::string(kNothing));
    }
    if (keyword == "enum" && value.is_array()) {
      return Also(Listed(value.get_array()));
    }
    if (keyword == "$ref" && value.is_string()) {
      return Also(TRY(Referred(value.get_string(), depth)));
    }
    if (keyword == "not") {
      return fmt::format("(?!(?:{})$)", TRY(Make(value, depth - 1)));
    }
    if ((keyword == "anyOf" || keyword == "allOf") && value.is_array()) {
      return Combined(value.get_array(), keyword == "anyOf", depth);
    }
    if (keyword == "oneOf" && value.is_array()) {
      return ExactlyOne(value.get_array(), depth);
    }
    if (keyword == "if" || keyword == "$dynamicRef" || keyword == "$recursiveRef") {
      return base::Unsupported(fmt::format("{}: raw text cannot be held to it", keyword));
    }
    return std::string();  // of other types, or of none
  }

  static std::string Listed(const boost::json::array& values) {
    std::string any(kNothing);
    for (const boost::json::value& value : values) {
      if (value.is_string()) {
        any += "|" + EscapedForRegex(value.get_string());
      }
    }
    return any;
  }

  base::Result<std::string> Referred(std::string_view reference, int depth) {
    boost::json::error_code failure;
    const boost::json::value* target = reference == "#" || reference.starts_with("#/")
                                           ? document_.find_pointer(reference.substr(1), failure)
                                           : nullptr;
    if (target == nullptr) {
      return base::Unsupported("$ref: raw text cannot be held to it");
    }
    return Make(*target, depth - 1);
  }

  base::Result<std::string> Combined(const boost::json::array& parts, bool any, int depth) {
    std::string all;
    std::string one(kNothing);
    for (const boost::json::value& part : parts) {
      const std::string pattern = TRY(Make(part, depth - 1));
      all += Also(pattern);
      one += "|" + pattern;
    }
    return any ? Also(one) : all;
  }

  base::Result<std::string> ExactlyOne(const boost::json::array& parts, int depth) {
    std::vector<std::string> patterns;
    for (const boost::json::value& part : parts) {
      patterns.push_back(TRY(Make(part, depth - 1)));
    }
    std::string one(kNothing);
    for (size_t i = 0; i < patterns.size(); ++i) {
      one += "|";
      for (size_t other = 0; other < patterns.size(); ++other) {
        one += other == i ? "" : fmt::format("(?!(?:{})$)", patterns[other]);
      }
      one += fmt::format("(?:{})", patterns[i]);
    }
    return Also(one);
  }

  const boost::json::value& document_;
};

}  // namespace

std::string EscapedForRegex(std::string_view text) {
  constexpr std::string_view kSyntax = "^$\\.*+?()[]{}|/";
  std::string out;
  for (char c : text) {
    if (kSyntax.find(c) != std::string_view::npos) {
      out += '\\';
    }
    out += c;
  }
  return out;
}

base::Result<std::string> PatternOfStrings(const boost::json::value& document,
                                           const boost::json::value& schema) {
  return PatternMaker(document).Make(schema, kDepthMax);
}

}  // namespace millrace::local
