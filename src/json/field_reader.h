// Reads the fields of a JSON object and reports a bad value by its dotted path.
//
// Every error is kInvalidArgument with the message "<path>: <problem>" and the path as its
// parameter, for example "messages.0.content.1.type: Input should be 'text' or 'image_url'". The
// problems' wording is part of the public API, so all of it is made here, by the functions named
// after the problem.
//
// Rules: a missing key and `null` are the same (absent). An integer may be written with a zero
// fraction (100.0, 1e2); a number in quotes, or 0 and 1 for a boolean, is a wrong type. Views and
// references point into the object read and live as long as it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "json/json.h"

namespace millrace::json {

// ---- Paths

// "a" + "b" → "a.b"; an empty parent gives the child alone.
std::string JoinPath(std::string_view parent, std::string_view child);
std::string JoinPath(std::string_view parent, size_t index);

// ---- Problems, each an Error for the value at `path`

// "Field required"
base::Error MissingField(std::string path);
// "Input should be a valid <type>"; `type` is one of the names below or "a or b" of them.
base::Error WrongType(std::string path, std::string_view type);
// "Must be greater than or equal to <bound>"; 2.0 prints as 2.
base::Error BelowMinimum(std::string path, double bound);
base::Error BelowMinimum(std::string path, int64_t bound);
// "Must be less than or equal to <bound>"
base::Error AboveMaximum(std::string path, double bound);
base::Error AboveMaximum(std::string path, int64_t bound);
// "Must be greater than <bound>"
base::Error NotGreaterThan(std::string path, double bound);
// "Input should be 'a', 'b' or 'c'"
base::Error NotOneOf(std::string path, std::span<const std::string_view> allowed);
struct ItemCounts {
  size_t allowed;
  size_t actual;
};
// "List should have at least <allowed> item after validation, not <actual>"
base::Error TooFewItems(std::string path, ItemCounts counts);
// "List should have at most <allowed> items after validation, not <actual>"
base::Error TooManyItems(std::string path, ItemCounts counts);
// "String should match pattern '<pattern>'"
base::Error PatternMismatch(std::string path, std::string_view pattern);
// "String should have at most <count> characters" (or bytes)
base::Error TooManyCharacters(std::string path, size_t count);
base::Error TooManyBytes(std::string path, size_t count);

inline constexpr std::string_view kString = "string";
inline constexpr std::string_view kInteger = "integer";
inline constexpr std::string_view kNumber = "number";
inline constexpr std::string_view kBoolean = "boolean";
inline constexpr std::string_view kList = "list";
inline constexpr std::string_view kDictionary = "dictionary";

// ---- Bounds, all inclusive unless said

struct IntegerRange {
  std::optional<int64_t> min = {};
  std::optional<int64_t> max = {};
};
struct NumberRange {
  std::optional<double> min = {};
  std::optional<double> max = {};
  std::optional<double> above = {};  // exclusive lower bound
};
struct StringBounds {
  std::optional<size_t> characters_max = {};  // Unicode code points
  std::optional<size_t> bytes_max = {};
};
struct ListBounds {
  std::optional<size_t> min = {};
  std::optional<size_t> max = {};
};

// ---- One value, for list elements and unions. `value` must not be null-means-absent: null is a
// wrong type here.

base::Result<std::string_view> AsString(const boost::json::value& value, std::string path,
                                        const StringBounds& bounds = {});
// An integer outside int64 counts as beyond `max` or `min`, or beyond int64 where there is none.
base::Result<int64_t> AsInteger(const boost::json::value& value, std::string path,
                                const IntegerRange& range = {});
base::Result<double> AsNumber(const boost::json::value& value, std::string path,
                              const NumberRange& range = {});
base::Result<bool> AsBool(const boost::json::value& value, std::string path);
base::Result<const boost::json::array*> AsArray(const boost::json::value& value, std::string path,
                                                const ListBounds& bounds = {});
base::Result<const boost::json::object*> AsObject(const boost::json::value& value,
                                                  std::string path);
// One of `allowed`, as the view in `allowed`; another string is NotOneOf.
base::Result<std::string_view> AsEnum(const boost::json::value& value, std::string path,
                                      std::span<const std::string_view> allowed);

// ---- The fields of one object

// Borrows the object. `path` is the object's own place in the document, empty for the top.
class FieldReader {
 public:
  explicit FieldReader(const boost::json::object& object, std::string path = {})
      : object_(&object), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  const boost::json::object& object() const { return *object_; }
  // The path of a field of this object.
  std::string PathOf(std::string_view key) const { return JoinPath(path_, key); }

  // The value, or nullptr when absent.
  const boost::json::value* Find(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key) != nullptr; }

  base::Result<std::optional<std::string_view>> OptionalString(
      std::string_view key, const StringBounds& bounds = {}) const;
  base::Result<std::optional<int64_t>> OptionalInteger(std::string_view key,
                                                       const IntegerRange& range = {}) const;
  base::Result<std::optional<double>> OptionalNumber(std::string_view key,
                                                     const NumberRange& range = {}) const;
  base::Result<std::optional<bool>> OptionalBool(std::string_view key) const;
  base::Result<std::optional<std::string_view>> OptionalEnum(
      std::string_view key, std::span<const std::string_view> allowed) const;
  // nullptr when absent.
  base::Result<const boost::json::array*> OptionalArray(std::string_view key,
                                                        const ListBounds& bounds = {}) const;
  base::Result<const boost::json::object*> OptionalObject(std::string_view key) const;

  // As above; an absent field is MissingField. Pointers are never null.
  base::Result<const boost::json::value*> RequiredValue(std::string_view key) const;
  base::Result<std::string_view> RequiredString(std::string_view key,
                                                const StringBounds& bounds = {}) const;
  base::Result<int64_t> RequiredInteger(std::string_view key, const IntegerRange& range = {}) const;
  base::Result<double> RequiredNumber(std::string_view key, const NumberRange& range = {}) const;
  base::Result<bool> RequiredBool(std::string_view key) const;
  base::Result<std::string_view> RequiredEnum(std::string_view key,
                                              std::span<const std::string_view> allowed) const;
  base::Result<const boost::json::array*> RequiredArray(std::string_view key,
                                                        const ListBounds& bounds = {}) const;
  base::Result<const boost::json::object*> RequiredObject(std::string_view key) const;

 private:
  const boost::json::object* object_;
  std::string path_;
};

}  // namespace millrace::json
