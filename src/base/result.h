// Result<T>: a value or an Error. Dropping one is a compile error.
//
// A class derived from std::expected rather than an alias, because GCC 12 does not warn about a
// dropped alias.
//
//   Result<File> Open(...);
//   Status Load(...) {
//     File file = TRY(Open(path));   // returns the error to our caller
//     ...
//     return {};
//   }
//
// Never use `co_await` inside TRY: GCC 12 crashes. Await into a named result, then TRY that. Nor
// use TRY in braces behind another element, as in `{Name(), TRY(Read())}`: GCC 12 does not destroy
// that element when TRY returns. Name the value first.
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace millrace::base {

template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // NOLINTNEXTLINE(google-explicit-constructor): `return InvalidArgument(...)` reads well
  Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

// Success, or an Error.
using Status = Result<void>;

}  // namespace millrace::base

// Evaluates to the value of a Result, or returns its error from the enclosing function.
#define TRY(expression)                      \
  __extension__({                            \
    auto try_result_ = (expression);         \
    if (!try_result_.has_value()) {          \
      return std::move(try_result_).error(); \
    }                                        \
    *std::move(try_result_);                 \
  })
