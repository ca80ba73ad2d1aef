// JSON at the borders: strict parsing with limits, and text out. Values are Boost.JSON's.
//
// JSON types appear only in this folder, in wire code and in file loaders.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::json {

struct ParseLimits {
  size_t depth_max = 128;
  size_t bytes_max = 64U << 20;
};

// Parses one JSON text. A leading BOM is skipped; escaped lone surrogates become U+FFFD; the last
// of duplicate keys wins; object keys keep their order. Errors (kInvalidArgument): anything RFC
// 8259 does not allow, invalid UTF-8, bytes after the value, nesting too deep. The message names
// the byte offset and never quotes the text.
base::Result<boost::json::value> Parse(std::string_view text, const ParseLimits& limits = {});

// Compact text: {"a":1}. Only what JSON demands is escaped; other characters stay raw UTF-8.
std::string Serialize(const boost::json::value& value);

// Appends `text` as a JSON string with its quotes.
void AppendQuoted(std::string_view text, std::string& out);

}  // namespace millrace::json
