#include "output_parser/argument_types.h"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace millrace::output_parser {
namespace {

constexpr int kDepthMax = 8;  // of references and alternatives

const boost::json::value* Member(const boost::json::value& value, std::string_view name) {
  const boost::json::object* object = value.if_object();
  return object != nullptr ? object->if_contains(name) : nullptr;
}

const boost::json::value* Property(const boost::json::value& parameters, std::string_view key) {
  const boost::json::value* properties = Member(parameters, "properties");
  return properties != nullptr ? Member(*properties, key) : nullptr;
}

class TypeFinder {
 public:
  explicit TypeFinder(const boost::json::value& document) : document_(document) {}

  void AddSchema(const boost::json::value& schema, int depth) {
    if (depth == 0) {
      return;
    }
    if (const boost::json::value* type = Member(schema, "type")) {
      AddTypeKeyword(*type);
      return;
    }
    if (const boost::json::value* values = Member(schema, "enum"); values && values->is_array()) {
      for (const boost::json::value& value : values->get_array()) {
        types_.AddTypeOf(value);
      }
    }
    if (const boost::json::value* value = Member(schema, "const")) {
      types_.AddTypeOf(*value);
    }
    AddReferred(schema, depth);
    for (std::string_view keyword : {"anyOf", "oneOf", "allOf"}) {
      const boost::json::value* parts = Member(schema, keyword);
      if (parts != nullptr && parts->is_array()) {
        for (const boost::json::value& part : parts->get_array()) {
          AddSchema(part, depth - 1);
        }
      }
    }
  }

  const ArgumentTypes& types() const { return types_; }

 private:
  void AddTypeKeyword(const boost::json::value& type) {
    if (type.is_string()) {
      AddName(type.get_string());
    } else if (type.is_array()) {
      for (const boost::json::value& one : type.get_array()) {
        AddName(one.is_string() ? std::string_view(one.get_string()) : "");
      }
    }
  }

  void AddName(std::string_view name) {
    const auto begins = [name](std::initializer_list<std::string_view> words) {
      return std::any_of(words.begin(), words.end(),
                         [name](std::string_view word) { return name.starts_with(word); });
    };
    if (begins({"str", "text", "varchar", "char"})) {
      types_.string = true;
    } else if (begins({"int", "num", "float", "double", "uint", "unsigned", "long", "short"})) {
      types_.number = true;
    } else if (begins({"bool"})) {
      types_.boolean = true;
    } else if (name == "null") {
      types_.null = true;
    } else if (begins({"object", "dict"})) {
      types_.object = true;
    } else if (begins({"arr", "list"})) {
      types_.array = true;
    }
  }

  void AddReferred(const boost::json::value& schema, int depth) {
    const boost::json::value* reference = Member(schema, "$ref");
    if (reference == nullptr || !reference->is_string()) {
      return;
    }
    const std::string_view text = reference->get_string();
    boost::json::error_code failure;
    const boost::json::value* target = text.starts_with("#/") || text == "#"
                                           ? document_.find_pointer(text.substr(1), failure)
                                           : nullptr;
    if (target != nullptr) {
      AddSchema(*target, depth - 1);
    }
  }

  const boost::json::value& document_;
  ArgumentTypes types_;
};

}  // namespace

void ArgumentTypes::AddTypeOf(const boost::json::value& value) {
  string = string || value.is_string();
  number = number || value.is_number();
  boolean = boolean || value.is_bool();
  null = null || value.is_null();
  object = object || value.is_object();
  array = array || value.is_array();
}

ArgumentTypes TypesOfArgument(const boost::json::value& parameters, std::string_view key) {
  TypeFinder finder(parameters);
  if (const boost::json::value* property = Property(parameters, key)) {
    finder.AddSchema(*property, kDepthMax);
  }
  return finder.types();
}

bool DeclaresArguments(const boost::json::value& parameters) {
  const boost::json::value* properties = Member(parameters, "properties");
  return properties != nullptr && properties->is_object() && !properties->get_object().empty();
}

bool DeclaresArgument(const boost::json::value& parameters, std::string_view key) {
  return Property(parameters, key) != nullptr;
}

}  // namespace millrace::output_parser
