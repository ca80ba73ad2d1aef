#include "local/tagged_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/json.h"
#include "local/text_values.h"
#include "output_parser/argument_names.h"
#include "output_parser/argument_types.h"

namespace millrace::local {
namespace {

using grammar::Expression;
using grammar::JsonSchema;
using output_parser::ArgumentTypes;
using output_parser::CallForm;

constexpr int kAlternativesDepthMax = 4;
constexpr std::array<std::string_view, 11> kAnnotations = {
    "title",    "description", "default", "examples", "deprecated", "$comment",
    "readOnly", "writeOnly",   "$id",     "$schema",  "example"};
constexpr std::array<std::string_view, 6> kObjectKeywords = {
    "type", "properties", "required", "additionalProperties", "$defs", "definitions"};

bool IsOneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

struct Property {
  std::string name;
  bool required = false;
};

// One tool's arguments being described.
class TaggedObject {
 public:
  explicit TaggedObject(const CallToWrite& call)
      : form_(call.form),
        writer_(call.writer),
        tool_(call.tool),
        exact_(call.tool.strict),
        schema_options_(call.schema_options) {}

  base::Result<Expression> Make() {
    if (tool_.parameters_json.empty()) {
      return Expression::Literal("");
    }
    schema_ = TRY(json::Parse(tool_.parameters_json));
    TRY(CheckTop());
    std::vector<Expression> arguments;
    for (const Property& property : TRY(Properties())) {
      auto argument = Argument(property.name);
      if (!argument.has_value()) {
        return base::Unsupported(
            fmt::format("/properties/{}: {}", property.name, argument.error().message));
      }
      arguments.push_back(property.required ? *argument : Expression::Optional(*argument));
    }
    return Expression::Sequence(std::move(arguments));
  }

 private:
  base::Status CheckTop() const {
    if (!exact_) {
      return {};
    }
    if (!schema_.is_object()) {
      return base::Unsupported("arguments of this model's calls need a schema of an object");
    }
    for (const auto& [keyword, value] : schema_.get_object()) {
      const std::string_view word(keyword.data(), keyword.size());
      if (!IsOneOf(word, kObjectKeywords) && !IsOneOf(word, kAnnotations)) {
        return base::Unsupported(fmt::format(
            "{}: this model writes arguments one by one and cannot be held to it there", word));
      }
    }
    return {};
  }

  base::Result<std::vector<Property>> Properties() const {
    std::vector<Property> properties;
    const boost::json::object* root = schema_.if_object();
    if (root == nullptr) {
      return properties;
    }
    if (const auto* named = root->if_contains("properties"); named && named->is_object()) {
      for (const auto& [name, schema] : named->get_object()) {
        properties.push_back({.name = std::string(name)});
      }
    }
    if (const auto* required = root->if_contains("required"); required && required->is_array()) {
      for (const auto& name : required->get_array()) {
        if (name.is_string()) {
          Require(std::string(name.get_string()), properties);
        }
      }
    }
    for (const Property& property : properties) {
      if (!output_parser::ComesBack(property.name, form_)) {
        return base::Unsupported(
            fmt::format("/properties/{}: between the tags of this model's calls the name would be "
                        "read as another",
                        property.name));
      }
    }
    return properties;
  }

  static void Require(std::string name, std::vector<Property>& properties) {
    const auto found = std::ranges::find(properties, name, &Property::name);
    if (found == properties.end()) {
      properties.push_back({.name = std::move(name), .required = true});
    } else {
      found->required = true;
    }
  }

  base::Result<Expression> Argument(const std::string& name) const {
    const ArgumentTypes types = output_parser::TypesOfArgument(schema_, name);
    const bool mixed = types.string && !types.only_string();
    // Where types are not stated, text of a mixed type is understood as whatever it spells. That is
    // right when every such value is; then the text alone stands for all of them.
    const bool text_for_all = mixed && !states_types() && IsFree(name, Integers::kRefused);
    const bool text =
        !types.any() || types.only_string() || text_for_all || (mixed && states_types());
    std::vector<Expression> values;
    if (text) {
      const Expression value = TRY(Text(name));
      values.push_back(Expression::Sequence({Begin(name, form_.text_begin), value}));
    }
    if (types.any() && !types.only_string() && !text_for_all) {
      const Expression value = Expression::Json(TRY(ValueSchema(name, types)));
      values.push_back(Expression::Sequence({Begin(name, form_.json_begin), value}));
    }
    return Expression::Sequence(
        {Expression::OneOf(std::move(values)), writer_.Write(form_.argument_end)});
  }

  Expression Begin(const std::string& name, std::string_view value_begin) const {
    return Expression::Sequence({writer_.Write(form_.argument_begin), Expression::Literal(name),
                                 writer_.Write(value_begin)});
  }

  bool states_types() const { return form_.text_begin != form_.json_begin; }

  const boost::json::object* Schema(std::string_view name) const {
    const boost::json::value* properties = schema_.as_object().if_contains("properties");
    const boost::json::value* own = properties != nullptr && properties->is_object()
                                        ? properties->get_object().if_contains(name)
                                        : nullptr;
    return own != nullptr ? own->if_object() : nullptr;
  }

  // Whether nothing but types is said of the value.
  enum class Integers { kAllowed, kRefused };
  bool IsFree(std::string_view name, Integers integers = Integers::kAllowed) const {
    const boost::json::object* schema = Schema(name);
    return schema == nullptr || IsFreeSchema(*schema, integers, kAlternativesDepthMax);
  }

  static bool IsFreeSchema(const boost::json::object& schema, Integers integers, int depth) {
    return depth > 0 && std::ranges::all_of(schema, [&](const auto& member) {
             const std::string_view word(member.key().data(), member.key().size());
             if (word == "type") {
               return integers == Integers::kAllowed || !NamesInteger(member.value());
             }
             if (word == "anyOf" || word == "oneOf") {
               return AreFreeSchemas(member.value(), integers, depth - 1);
             }
             return IsOneOf(word, kAnnotations);
           });
  }

  static bool AreFreeSchemas(const boost::json::value& list, Integers integers, int depth) {
    return list.is_array() && std::ranges::all_of(list.get_array(), [&](const auto& part) {
             return part.is_object() && IsFreeSchema(part.get_object(), integers, depth);
           });
  }

  static bool NamesInteger(const boost::json::value& type) {
    const auto is_integer = [](const boost::json::value& name) {
      return name.is_string() && (name.get_string() == "integer" || name.get_string() == "int");
    };
    return is_integer(type) ||
           (type.is_array() && std::ranges::any_of(type.get_array(), is_integer));
  }

  base::Result<Expression> Text(std::string_view name) const {
    Expression free = Expression::FreeText({std::string(TrimmedEnd())});
    const boost::json::object* schema = Schema(name);
    if (schema == nullptr || IsFree(name)) {
      return free;
    }
    if (const std::optional<std::vector<Expression>> listed = ListedTexts(*schema);
        listed && !listed->empty()) {
      return Expression::OneOf(*listed);
    }
    auto pattern = PatternOfStrings(schema_, *schema);
    if (pattern.has_value()) {
      auto text =
          Expression::Regex(fmt::format("(?![^]*{}){}", EscapedForRegex(TrimmedEnd()), *pattern));
      if (text.has_value() || exact_) {
        return text;
      }
    }
    return exact_ ? base::Result<Expression>(std::move(pattern).error()) : free;
  }

  // The mark that ends a value, without the line ends around it.
  std::string_view TrimmedEnd() const {
    std::string_view end = form_.argument_end;
    const size_t begin = end.find_first_not_of('\n');
    end = end.substr(begin);
    return end.substr(0, end.find_last_not_of('\n') + 1);
  }

  static size_t Constraints(const boost::json::object& schema) {
    return static_cast<size_t>(std::ranges::count_if(schema, [](const auto& member) {
      const std::string_view word(member.key().data(), member.key().size());
      return word != "type" && !IsOneOf(word, kAnnotations);
    }));
  }

  // The strings of an `enum` or `const`, when that is all there is.
  static std::optional<std::vector<Expression>> ListedTexts(const boost::json::object& schema) {
    if (Constraints(schema) != 1) {
      return std::nullopt;
    }
    std::vector<Expression> texts;
    const auto add = [&texts](const boost::json::value& value) {
      if (value.is_string()) {
        texts.push_back(Expression::Literal(std::string(value.get_string())));
      }
    };
    if (const auto* values = schema.if_contains("enum"); values && values->is_array()) {
      std::ranges::for_each(values->get_array(), add);
      return texts;
    }
    if (const auto* value = schema.if_contains("const")) {
      add(*value);
      return texts;
    }
    return std::nullopt;
  }

  // The property's schema within its document, so that references resolve; strings are text.
  base::Result<std::shared_ptr<const JsonSchema>> ValueSchema(const std::string& name,
                                                              const ArgumentTypes& types) const {
    std::string pointer;
    for (char c : name) {
      pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    boost::json::object wrapped;
    wrapped["$ref"] = "tool:parameters#/properties/" + pointer;
    if (types.string) {
      wrapped["type"] = {"number", "boolean", "null", "object", "array"};
    }
    grammar::SchemaOptions options = schema_options_;
    options.documents.emplace_back("tool:parameters", tool_.parameters_json);
    auto schema = JsonSchema::Compile(json::Serialize(wrapped), options);
    if (schema.has_value() || exact_ || schema.error().kind == base::ErrorKind::kCancelled) {
      return schema;
    }
    return JsonSchema::AnyValue(schema_options_);
  }

  const CallForm& form_;
  const MarkWriter& writer_;
  const chat::ToolSpec& tool_;
  const bool exact_;
  const grammar::SchemaOptions& schema_options_;
  boost::json::value schema_;
};

}  // namespace

base::Result<Expression> TaggedArguments(const CallToWrite& call) {
  return TaggedObject(call).Make();
}

}  // namespace millrace::local
