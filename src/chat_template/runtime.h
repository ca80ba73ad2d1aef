// What built-in filters, tests, methods and functions see of a running template.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// The bounds of one rendering. Work of every kind is paid in steps, so time and memory are both
// bounded by them.
class Budget {
 public:
  Budget(int64_t steps_max, int64_t text_bytes_max)
      : steps_left_(steps_max), text_bytes_max_(text_bytes_max) {}

  // Errors: kResourceExhausted.
  base::Status Charge(int64_t steps) {
    steps_left_ -= steps;
    if (steps_left_ < 0) [[unlikely]] {
      return Exhausted("the template takes too many steps");
    }
    return {};
  }
  // Takes steps without asking; when they run out the next charge fails.
  void Debit(int64_t steps) { steps_left_ -= steps; }
  base::Status ChargeItems(size_t count) { return Charge(static_cast<int64_t>(count) * 2 + 1); }
  // Pays for a text of that many bytes, and refuses a longer one than a rendering may have.
  base::Status ChargeText(size_t bytes) {
    TRY(LimitText(bytes));
    return Charge(static_cast<int64_t>(bytes / 64) + 1);
  }
  // Pays for work on every character, which takes longer than copying.
  base::Status ChargeCharacters(size_t bytes) {
    return Charge(static_cast<int64_t>(bytes / 8) + 1);
  }
  // Pays for looking for a text in another.
  base::Status ChargeSearch(size_t bytes, size_t wanted_bytes) {
    size_t each = 1 + std::min<size_t>(wanted_bytes, 256) / 32;
    return Charge(static_cast<int64_t>(bytes / 64 * each) + 1);
  }
  // Pays for reading the text that a value is, if it is one.
  base::Status ChargeReading(const Value& value) {
    return value.is_string() ? Charge(static_cast<int64_t>(value.bytes().size() / 64))
                             : base::Status();
  }
  base::Status ChargeReading(const Arguments& arguments);
  // Pays for finding one of that many names.
  base::Status ChargeNames(size_t count) { return Charge(static_cast<int64_t>(count / 16)); }
  // Only refuses.
  base::Status LimitText(size_t bytes) const {
    if (bytes > static_cast<size_t>(text_bytes_max_)) [[unlikely]] {
      return Exhausted("a text of the template grows too long");
    }
    return {};
  }

 private:
  static base::Error Exhausted(std::string_view what) {
    return {base::ErrorKind::kResourceExhausted, std::string(what)};
  }

  int64_t steps_left_;
  int64_t text_bytes_max_;
};

inline base::Status Budget::ChargeReading(const Arguments& arguments) {
  for (const Value& value : arguments.positional) {
    TRY(ChargeReading(value));
  }
  for (const auto& [name, value] : arguments.named) {
    TRY(ChargeReading(value));
  }
  return {};
}

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Budget& budget() = 0;
  virtual int64_t unix_seconds() const = 0;
  virtual base::Result<Value> Call(const Value& callee, Arguments arguments) = 0;
  // `loop.name` of a loop object; undefined when there is no such attribute.
  virtual base::Result<Value> LoopAttribute(Object& loop, std::string_view name) = 0;
  // A namespace that is emptied when the rendering ends, so that cycles of values cannot outlive
  // it.
  virtual std::shared_ptr<Namespace> MakeNamespace() = 0;
};

// Pays for the text and makes it a value.
inline base::Result<Value> MakeText(Runtime& runtime, Text text, bool markup = false) {
  TRY(runtime.budget().ChargeText(text.size()));
  return Value::FromText(std::move(text), markup);
}

inline base::Result<Value> MakeGenerator(Runtime& runtime, std::vector<Value> items) {
  TRY(runtime.budget().ChargeItems(items.size()));
  return Value::FromObject(std::make_shared<Generator>(std::move(items)));
}

}  // namespace millrace::chat_template
