#include "json/field_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace millrace::json {
namespace {

using boost::json::value;

base::Error Problem(std::string path, std::string_view text) {
  std::string message = path.empty() ? std::string(text) : fmt::format("{}: {}", path, text);
  return base::InvalidArgument(std::move(message), std::move(path));
}

std::string_view View(const boost::json::string& text) { return {text.data(), text.size()}; }

// Characters as Unicode code points of valid UTF-8: every byte that is not a continuation.
size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (char c : text) {
    count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  }
  return count;
}

// A JSON number with zero fraction, clamped to int64; nothing for anything else. Clamping keeps
// "too large" a range problem: callers compare `exact` and their bounds.
struct WholeNumber {
  int64_t clamped;
  bool exact;
};

std::optional<WholeNumber> ToWhole(const value& value) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  if (const int64_t* number = value.if_int64()) {
    return WholeNumber{*number, true};
  }
  if (const uint64_t* number = value.if_uint64()) {
    const bool fits = *number <= static_cast<uint64_t>(kMax);
    return WholeNumber{fits ? static_cast<int64_t>(*number) : kMax, fits};
  }
  const double* number = value.if_double();
  if (number == nullptr || std::trunc(*number) != *number) {
    return std::nullopt;
  }
  // 2^63 is exact as a double, 2^63 - 1 is not.
  if (*number >= 0x1p63) {
    return WholeNumber{kMax, false};
  }
  if (*number < -0x1p63) {
    return WholeNumber{kMin, false};
  }
  return WholeNumber{static_cast<int64_t>(*number), true};
}

std::optional<double> ToDouble(const value& value) {
  if (const int64_t* number = value.if_int64()) {
    return static_cast<double>(*number);
  }
  if (const uint64_t* number = value.if_uint64()) {
    return static_cast<double>(*number);
  }
  if (const double* number = value.if_double()) {
    return *number;
  }
  return std::nullopt;
}

template <typename T>
base::Result<std::optional<T>> Some(base::Result<T> result) {
  if (!result.has_value()) {
    return std::move(result).error();
  }
  return std::optional<T>(*std::move(result));
}

}  // namespace

std::string JoinPath(std::string_view parent, std::string_view child) {
  return parent.empty() ? std::string(child) : fmt::format("{}.{}", parent, child);
}

std::string JoinPath(std::string_view parent, size_t index) {
  return parent.empty() ? fmt::format("{}", index) : fmt::format("{}.{}", parent, index);
}

base::Error MissingField(std::string path) { return Problem(std::move(path), "Field required"); }

base::Error WrongType(std::string path, std::string_view type) {
  return Problem(std::move(path), fmt::format("Input should be a valid {}", type));
}

base::Error BelowMinimum(std::string path, double bound) {
  return Problem(std::move(path), fmt::format("Must be greater than or equal to {}", bound));
}

base::Error BelowMinimum(std::string path, int64_t bound) {
  return Problem(std::move(path), fmt::format("Must be greater than or equal to {}", bound));
}

base::Error AboveMaximum(std::string path, double bound) {
  return Problem(std::move(path), fmt::format("Must be less than or equal to {}", bound));
}

base::Error AboveMaximum(std::string path, int64_t bound) {
  return Problem(std::move(path), fmt::format("Must be less than or equal to {}", bound));
}

base::Error NotGreaterThan(std::string path, double bound) {
  return Problem(std::move(path), fmt::format("Must be greater than {}", bound));
}

base::Error NotOneOf(std::string path, std::span<const std::string_view> allowed) {
  std::string text = "Input should be ";
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (i > 0) {
      text += i + 1 == allowed.size() ? " or " : ", ";
    }
    text += fmt::format("'{}'", allowed[i]);
  }
  return Problem(std::move(path), text);
}

base::Error TooFewItems(std::string path, ItemCounts counts) {
  return Problem(std::move(path),
                 fmt::format("List should have at least {} item after validation, not {}",
                             counts.allowed, counts.actual));
}

base::Error TooManyItems(std::string path, ItemCounts counts) {
  return Problem(std::move(path),
                 fmt::format("List should have at most {} items after validation, not {}",
                             counts.allowed, counts.actual));
}

base::Error PatternMismatch(std::string path, std::string_view pattern) {
  return Problem(std::move(path), fmt::format("String should match pattern '{}'", pattern));
}

base::Error TooManyCharacters(std::string path, size_t count) {
  return Problem(std::move(path), fmt::format("String should have at most {} characters", count));
}

base::Error TooManyBytes(std::string path, size_t count) {
  return Problem(std::move(path), fmt::format("String should have at most {} bytes", count));
}

base::Result<std::string_view> AsString(const value& value, std::string path,
                                        const StringBounds& bounds) {
  const boost::json::string* text = value.if_string();
  if (text == nullptr) {
    return WrongType(std::move(path), kString);
  }
  if (bounds.bytes_max && text->size() > *bounds.bytes_max) {
    return TooManyBytes(std::move(path), *bounds.bytes_max);
  }
  if (bounds.characters_max && CountCharacters(View(*text)) > *bounds.characters_max) {
    return TooManyCharacters(std::move(path), *bounds.characters_max);
  }
  return View(*text);
}

base::Result<int64_t> AsInteger(const value& value, std::string path, const IntegerRange& range) {
  const std::optional<WholeNumber> number = ToWhole(value);
  if (!number) {
    return WrongType(std::move(path), kInteger);
  }
  const int64_t max = range.max.value_or(std::numeric_limits<int64_t>::max());
  const int64_t min = range.min.value_or(std::numeric_limits<int64_t>::min());
  const bool beyond = !number->exact;
  if (number->clamped > max || (beyond && number->clamped > 0)) {
    return AboveMaximum(std::move(path), max);
  }
  if (number->clamped < min || (beyond && number->clamped < 0)) {
    return BelowMinimum(std::move(path), min);
  }
  return number->clamped;
}

base::Result<double> AsNumber(const value& value, std::string path, const NumberRange& range) {
  const std::optional<double> number = ToDouble(value);
  if (!number || !std::isfinite(*number)) {
    return WrongType(std::move(path), kNumber);
  }
  if (range.above && *number <= *range.above) {
    return NotGreaterThan(std::move(path), *range.above);
  }
  if (range.min && *number < *range.min) {
    return BelowMinimum(std::move(path), *range.min);
  }
  if (range.max && *number > *range.max) {
    return AboveMaximum(std::move(path), *range.max);
  }
  return *number;
}

base::Result<bool> AsBool(const value& value, std::string path) {
  const bool* flag = value.if_bool();
  if (flag == nullptr) {
    return WrongType(std::move(path), kBoolean);
  }
  return *flag;
}

base::Result<const boost::json::array*> AsArray(const value& value, std::string path,
                                                const ListBounds& bounds) {
  const boost::json::array* list = value.if_array();
  if (list == nullptr) {
    return WrongType(std::move(path), kList);
  }
  if (bounds.min && list->size() < *bounds.min) {
    return TooFewItems(std::move(path), {.allowed = *bounds.min, .actual = list->size()});
  }
  if (bounds.max && list->size() > *bounds.max) {
    return TooManyItems(std::move(path), {.allowed = *bounds.max, .actual = list->size()});
  }
  return list;
}

base::Result<const boost::json::object*> AsObject(const value& value, std::string path) {
  const boost::json::object* object = value.if_object();
  if (object == nullptr) {
    return WrongType(std::move(path), kDictionary);
  }
  return object;
}

base::Result<std::string_view> AsEnum(const value& value, std::string path,
                                      std::span<const std::string_view> allowed) {
  const std::string_view text = TRY(AsString(value, path));
  for (std::string_view name : allowed) {
    if (name == text) {
      return name;
    }
  }
  return NotOneOf(std::move(path), allowed);
}

const value* FieldReader::Find(std::string_view key) const {
  const value* found = object_->if_contains(boost::json::string_view(key.data(), key.size()));
  return found == nullptr || found->is_null() ? nullptr : found;
}

base::Result<std::optional<std::string_view>> FieldReader::OptionalString(
    std::string_view key, const StringBounds& bounds) const {
  const value* field = Find(key);
  return field ? Some(AsString(*field, PathOf(key), bounds)) : std::nullopt;
}

base::Result<std::optional<int64_t>> FieldReader::OptionalInteger(std::string_view key,
                                                                  const IntegerRange& range) const {
  const value* field = Find(key);
  return field ? Some(AsInteger(*field, PathOf(key), range)) : std::nullopt;
}

base::Result<std::optional<double>> FieldReader::OptionalNumber(std::string_view key,
                                                                const NumberRange& range) const {
  const value* field = Find(key);
  return field ? Some(AsNumber(*field, PathOf(key), range)) : std::nullopt;
}

base::Result<std::optional<bool>> FieldReader::OptionalBool(std::string_view key) const {
  const value* field = Find(key);
  return field ? Some(AsBool(*field, PathOf(key))) : std::nullopt;
}

base::Result<std::optional<std::string_view>> FieldReader::OptionalEnum(
    std::string_view key, std::span<const std::string_view> allowed) const {
  const value* field = Find(key);
  return field ? Some(AsEnum(*field, PathOf(key), allowed)) : std::nullopt;
}

base::Result<const boost::json::array*> FieldReader::OptionalArray(std::string_view key,
                                                                   const ListBounds& bounds) const {
  const value* field = Find(key);
  return field ? AsArray(*field, PathOf(key), bounds) : nullptr;
}

base::Result<const boost::json::object*> FieldReader::OptionalObject(std::string_view key) const {
  const value* field = Find(key);
  return field ? AsObject(*field, PathOf(key)) : nullptr;
}

base::Result<const value*> FieldReader::RequiredValue(std::string_view key) const {
  const value* field = Find(key);
  if (field == nullptr) {
    return MissingField(PathOf(key));
  }
  return field;
}

base::Result<std::string_view> FieldReader::RequiredString(std::string_view key,
                                                           const StringBounds& bounds) const {
  const value* field = TRY(RequiredValue(key));
  return AsString(*field, PathOf(key), bounds);
}

base::Result<int64_t> FieldReader::RequiredInteger(std::string_view key,
                                                   const IntegerRange& range) const {
  const value* field = TRY(RequiredValue(key));
  return AsInteger(*field, PathOf(key), range);
}

base::Result<double> FieldReader::RequiredNumber(std::string_view key,
                                                 const NumberRange& range) const {
  const value* field = TRY(RequiredValue(key));
  return AsNumber(*field, PathOf(key), range);
}

base::Result<bool> FieldReader::RequiredBool(std::string_view key) const {
  const value* field = TRY(RequiredValue(key));
  return AsBool(*field, PathOf(key));
}

base::Result<std::string_view> FieldReader::RequiredEnum(
    std::string_view key, std::span<const std::string_view> allowed) const {
  const value* field = TRY(RequiredValue(key));
  return AsEnum(*field, PathOf(key), allowed);
}

base::Result<const boost::json::array*> FieldReader::RequiredArray(std::string_view key,
                                                                   const ListBounds& bounds) const {
  const value* field = TRY(RequiredValue(key));
  return AsArray(*field, PathOf(key), bounds);
}

base::Result<const boost::json::object*> FieldReader::RequiredObject(std::string_view key) const {
  const value* field = TRY(RequiredValue(key));
  return AsObject(*field, PathOf(key));
}

}  // namespace millrace::json
