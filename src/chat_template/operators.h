// Operators of the language with Python's meaning. Failures are kInvalidArgument and say which
// types did not fit.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat_template/runtime.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

enum class BinaryOperator { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };

// Integers that leave 64 bits are an error, unlike Python's, which grow.
base::Result<Value> Apply(Runtime& runtime, BinaryOperator op, const Value& left,
                          const Value& right);
base::Result<Value> Negate(const Value& value);

// Equality of numbers, booleans, none and strings; values of other kinds are never equal here.
bool ScalarEquals(const Value& left, const Value& right);
// `==`. Fails only when the budget ends.
base::Result<bool> Equals(Runtime& runtime, const Value& left, const Value& right);
// `<`, `>` and their kin; unordered for not-a-number.
base::Result<std::partial_ordering> Compare(Runtime& runtime, const Value& left,
                                            const Value& right);
// `item in container`.
base::Result<bool> Contains(Runtime& runtime, const Value& container, const Value& item);

// `object.name` prefers methods, `object[key]` prefers items. Missing ones are undefined; looking
// into something undefined fails.
base::Result<Value> GetAttribute(Runtime& runtime, const Value& object, std::string_view name);
base::Result<Value> GetItem(Runtime& runtime, const Value& object, const Value& key);

struct SliceBounds {
  Value start = Value::NoneValue();
  Value stop = Value::NoneValue();
  Value step = Value::NoneValue();
};
base::Result<Value> GetSlice(Runtime& runtime, const Value& object, const SliceBounds& bounds);

// What a `for` walks: items, keys of a dict, characters of a string, nothing for undefined. Takes
// what is left of a generator.
base::Result<std::shared_ptr<const Sequence>> Iterate(Runtime& runtime, const Value& value);
bool IsIterable(const Value& value);
base::Result<int64_t> Length(Runtime& runtime, const Value& value);

// Pays for looking the key up: keys that are no text are found one by one.
base::Status ChargeLookup(Runtime& runtime, const Dict& dict, const Value& key);

// A name for a message, cut where it is longer than anyone reads.
std::string Shortened(std::string_view name, size_t bytes_max = 100);

// The characters of a text as values.
std::vector<Value> Characters(const Text& text);

// "undefined" with the reason Python's jinja2 gives for `object` lacking `name`.
Value MissingAttribute(const Value& object, std::string_view name);

// A copy of the text in which <, >, &, ' and " are HTML entities.
Text EscapedHtml(const Text& text);

}  // namespace millrace::chat_template
