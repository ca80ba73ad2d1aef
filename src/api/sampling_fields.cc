#include "api/sampling_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace millrace::api {
namespace {

using json::FieldReader;

constexpr double kTopKMax = 100;
constexpr double kBiasMax = 100;
constexpr std::string_view kTokenPattern = "^[0-9]+$";

// The token a key of `logit_bias` names, or nothing when it names none of this vocabulary.
std::optional<int32_t> TokenOfKey(std::string_view key, int32_t vocabulary_size) {
  const int32_t limit = vocabulary_size > 0 ? vocabulary_size : std::numeric_limits<int32_t>::max();
  int32_t token = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
  const bool decimal = !key.empty() && key.front() >= '0' && key.front() <= '9';
  if (error != std::errc() || end != key.data() + key.size() || !decimal || token >= limit) {
    return std::nullopt;
  }
  return token;
}

}  // namespace

WireResult<std::vector<std::string>> ReadStop(const FieldReader& body, const ReadContext& context) {
  const RequestLimits& limits = context.options.limits;
  std::vector<std::string> stops;
  const boost::json::value* value = body.Find("stop");
  if (value == nullptr) {
    return stops;
  }
  const std::string path = body.PathOf("stop");
  if (value->is_string()) {
    stops.emplace_back(TRY(json::AsString(*value, path, {.bytes_max = limits.stop_bytes_max})));
  } else if (value->is_array()) {
    const boost::json::array* list =
        TRY(json::AsArray(*value, path, {.max = limits.stop_entries_max}));
    for (size_t i = 0; i < list->size(); ++i) {
      stops.emplace_back(TRY(json::AsString((*list)[i], json::JoinPath(path, i),
                                            {.bytes_max = limits.stop_bytes_max})));
    }
  } else {
    return json::WrongType(path, "string or list");
  }
  std::erase(stops, std::string());
  return stops;
}

WireResult<std::optional<int32_t>> ReadTopK(const FieldReader& body) {
  const std::optional<double> top_k =
      TRY(body.OptionalNumber("top_k", {.min = -1.0, .max = kTopKMax}));
  if (!top_k) {
    return std::optional<int32_t>();
  }
  if (*top_k == -1.0 || *top_k == 0.0) {
    return std::optional<int32_t>(0);
  }
  if (*top_k < 1.0) {
    return json::BelowMinimum(body.PathOf("top_k"), int64_t{1});
  }
  return std::optional(static_cast<int32_t>(std::floor(*top_k)));
}

WireResult<int32_t> ReadChoiceCount(const FieldReader& body, const ReadContext& context) {
  const int64_t n = TRY(body.OptionalInteger("n", {.min = 1})).value_or(1);
  const int32_t n_max = std::min(context.record.n_max, context.options.limits.n_absolute_max);
  if (n > context.options.limits.n_absolute_max) {
    return WireError{Failure::kTooManyChoices, {}, "n"};
  }
  if (n > n_max) {
    if (n_max == 1) {
      return WireError{Failure::kSeveralChoicesUnsupported, {}, "n"};
    }
    return json::AboveMaximum("n", int64_t{n_max});
  }
  return static_cast<int32_t>(n);
}

WireResult<std::vector<std::pair<int32_t, float>>> ReadLogitBias(const FieldReader& body,
                                                                 const ReadContext& context) {
  std::vector<std::pair<int32_t, float>> bias;
  const boost::json::object* entries = TRY(body.OptionalObject("logit_bias"));
  if (entries == nullptr) {
    return bias;
  }
  const std::string path = body.PathOf("logit_bias");
  const size_t entries_max = context.options.limits.logit_bias_entries_max;
  if (entries->size() > entries_max) {
    return json::TooManyItems(path, {.allowed = entries_max, .actual = entries->size()});
  }
  for (const auto& [key, value] : *entries) {
    const std::string entry_path = json::JoinPath(path, QuotedUserText(key));
    const auto token = TokenOfKey(key, context.record.vocabulary_size);
    if (!token) {
      return json::PatternMismatch(entry_path, kTokenPattern);
    }
    const double number =
        TRY(json::AsNumber(value, entry_path, {.min = -kBiasMax, .max = kBiasMax}));
    bias.emplace_back(*token, static_cast<float>(number));
  }
  return bias;
}

}  // namespace millrace::api
