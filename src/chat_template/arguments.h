// Arguments of a built-in filter, test, method or function, matched to its parameters.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat_template/runtime.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

class BoundArguments {
 public:
  // Borrows `arguments`. Errors (kInvalidArgument): too many, unknown or doubled names, fewer than
  // `required`.
  static base::Result<BoundArguments> Bind(std::string_view function, const Arguments& arguments,
                                           std::initializer_list<std::string_view> parameters,
                                           size_t required = 0);

  // Null when the caller gave none.
  const Value* operator[](size_t index) const { return values_[index]; }
  // None counts as not given.
  bool Has(size_t index) const { return values_[index] != nullptr && !values_[index]->is_none(); }

  Value Or(size_t index, const Value& otherwise) const {
    return values_[index] != nullptr ? *values_[index] : otherwise;
  }
  bool TruthOr(size_t index, bool otherwise) const {
    return values_[index] != nullptr ? values_[index]->Truth() : otherwise;
  }
  // Errors (kInvalidArgument): an argument of another type.
  base::Result<int64_t> IntOr(size_t index, int64_t otherwise) const;
  base::Result<Text> TextOr(size_t index, Text otherwise) const;

 private:
  std::string_view function_;
  std::vector<const Value*> values_;
};

}  // namespace millrace::chat_template
