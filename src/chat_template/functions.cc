// The global functions of the language.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "chat_template/arguments.h"
#include "chat_template/builtins.h"
#include "chat_template/operators.h"
#include "chat_template/stringify.h"

namespace millrace::chat_template {

namespace {

using base::Result;

constexpr int64_t kRangeItemsMax = 100'000;
constexpr size_t kMessageBytesMax = 2000;

Result<Value> Range(Runtime& runtime, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("range", arguments, {"start", "stop", "step"}, 1));
  int64_t first = TRY(bound.IntOr(0, 0));
  int64_t second = TRY(bound.IntOr(1, 0));
  int64_t step = TRY(bound.IntOr(2, 1));
  int64_t start = bound[1] != nullptr ? first : 0;
  int64_t stop = bound[1] != nullptr ? second : first;
  if (step == 0) {
    return base::InvalidArgument("range() arg 3 must not be zero");
  }
  Sequence range;
  range.kind = SequenceKind::kRange;
  range.range_text = step == 1 ? fmt::format("range({}, {})", start, stop)
                               : fmt::format("range({}, {}, {})", start, stop, step);
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (range.items.size() == kRangeItemsMax) {
      return base::InvalidArgument(
          fmt::format("Range too big. The sandbox blocks ranges larger than {}.", kRangeItemsMax));
    }
    range.items.push_back(Value::Int(i));
    if (__builtin_add_overflow(i, step, &i)) {
      break;
    }
  }
  TRY(runtime.budget().ChargeItems(range.items.size()));
  return Value::FromSequence(std::make_shared<const Sequence>(std::move(range)));
}

// dict(mapping or pairs, **entries)
Result<Dict> MakeDict(Runtime& runtime, const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    return base::InvalidArgument("dict expected at most 1 argument");
  }
  Dict dict;
  if (!arguments.positional.empty() && arguments.positional[0].is_dict()) {
    dict = arguments.positional[0].dict();
  } else if (!arguments.positional.empty()) {
    std::shared_ptr<const Sequence> pairs = TRY(Iterate(runtime, arguments.positional[0]));
    for (const Value& pair : pairs->items) {
      std::shared_ptr<const Sequence> parts = TRY(Iterate(runtime, pair));
      if (parts->items.size() != 2 || !parts->items[0].Hashable()) {
        return base::InvalidArgument("dict() needs pairs of a key and a value");
      }
      TRY(ChargeLookup(runtime, dict, parts->items[0]));
      dict.Set(parts->items[0], parts->items[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) {
    dict.Set(Value::Data(name), value);  // it may have come out of a mapping, by **
  }
  TRY(runtime.budget().ChargeItems(dict.size() * 4));
  return dict;
}

Result<Value> DictFunction(Runtime& runtime, const Arguments& arguments) {
  Dict dict = TRY(MakeDict(runtime, arguments));
  return Value::FromDict(std::move(dict));
}

Result<Value> NamespaceFunction(Runtime& runtime, const Arguments& arguments) {
  Dict attributes = TRY(MakeDict(runtime, arguments));
  TRY(runtime.budget().Charge(16));
  std::shared_ptr<Namespace> space = runtime.MakeNamespace();
  for (const auto& [key, value] : attributes.entries()) {
    if (!key.is_string() || key.bytes().starts_with('_')) {
      return base::InvalidArgument(
          "attributes of a namespace are names that do not start with an underscore");
    }
    TRY(runtime.budget().ChargeNames(space->attributes.size()));
    space->Set(key.bytes(), value);
  }
  return Value::FromObject(std::move(space));
}

// The template's own words only: what the conversation contributed is left out of errors.
Result<Value> RaiseException(Runtime& runtime, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("raise_exception", arguments, {"message"}, 1));
  Text text = TRY(ToText(runtime, *bound[0]));
  std::string message;
  text.ForEachRun([&](std::string_view bytes, Origin origin) {
    message += origin == Origin::kTemplate ? bytes : "…";
  });
  return base::InvalidArgument(Shortened(message, kMessageBytesMax));
}

Result<Value> StrftimeNow(Runtime& runtime, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("strftime_now", arguments, {"format"}, 1));
  Text format = TRY(bound.TextOr(0, {}));
  if (format.empty() || format.size() > 256) {
    return Value::Literal("");
  }
  TRY(runtime.budget().Charge(64));
  auto seconds = static_cast<time_t>(runtime.unix_seconds());
  tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) {
    return base::InvalidArgument("the time of day is out of range");
  }
  std::string text(8192, '\0');
  text.resize(std::strftime(text.data(), text.size(), format.bytes().c_str(), &parts));
  const bool literal = format.uniform() && format.OriginAt(0) == Origin::kTemplate;
  return Value::FromString(std::move(text), literal ? Origin::kTemplate : Origin::kData);
}

}  // namespace

Function FindFunction(std::string_view name) {
  constexpr std::pair<std::string_view, Function> kFunctions[] = {
      {"dict", DictFunction}, {"namespace", NamespaceFunction}, {"raise_exception", RaiseException},
      {"range", Range},       {"strftime_now", StrftimeNow},
  };
  for (const auto& [function_name, function] : kFunctions) {
    if (function_name == name) {
      return function;
    }
  }
  return nullptr;
}

}  // namespace millrace::chat_template
