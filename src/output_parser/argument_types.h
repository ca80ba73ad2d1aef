// Which JSON types a tool's schema lets an argument have: how text without types is understood.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

namespace millrace::output_parser {

struct ArgumentTypes {
  bool string = false;
  bool number = false;
  bool boolean = false;
  bool null = false;
  bool object = false;
  bool array = false;

  // False: the schema does not say.
  bool any() const { return string || number || boolean || null || object || array; }
  bool only_string() const { return string && !number && !boolean && !null && !object && !array; }

  // Adds the type of a JSON value.
  void AddTypeOf(const boost::json::value& value);
};

// Of the property `key` of a tool's `parameters`. Looks at type (also by the names that are common
// in examples, such as "str"), enum, const, anyOf, oneOf, allOf and references inside the document.
ArgumentTypes TypesOfArgument(const boost::json::value& parameters, std::string_view key);

// Whether a tool's `parameters` list any property, and this one.
bool DeclaresArguments(const boost::json::value& parameters);
bool DeclaresArgument(const boost::json::value& parameters, std::string_view key);

}  // namespace millrace::output_parser
