// The built-in filters, tests and functions of the language: one table each.
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat_template/runtime.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

// `input | name(arguments)`
using Filter = base::Result<Value> (*)(Runtime& runtime, const Value& input,
                                       const Arguments& arguments);
// `input is name(arguments)`
using Test = base::Result<bool> (*)(Runtime& runtime, const Value& input,
                                    const Arguments& arguments);
// `name(arguments)`
using Function = base::Result<Value> (*)(Runtime& runtime, const Arguments& arguments);

// Null when there is none of that name.
Filter FindFilter(std::string_view name);
Test FindTest(std::string_view name);
Function FindFunction(std::string_view name);

// Call one of them, after paying for the texts it may read.
base::Result<Value> RunFilter(Runtime& runtime, Filter filter, const Value& input,
                              const Arguments& arguments);
base::Result<bool> RunTest(Runtime& runtime, Test test, const Value& input,
                           const Arguments& arguments);

// A Function as a value.
struct FunctionObject : Object {
  explicit FunctionObject(Function wrapped) : Object(ObjectKind::kFunction), function(wrapped) {}
  const Function function;
};

// The parts of the filter table, by subject.
Filter FindTextFilter(std::string_view name);
Filter FindSequenceFilter(std::string_view name);
Filter FindSelectionFilter(std::string_view name);

// `value.a.b`, where "a.b" or an index is the attribute; used by filters with an `attribute`
// parameter.
base::Result<Value> LookUpPath(Runtime& runtime, const Value& value, const Value& path);

}  // namespace millrace::chat_template
