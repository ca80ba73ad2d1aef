#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>
#include <utility>

#include "app/commands.h"
#include "app/model_plan.h"
#include "base/clock.h"
#include "base/random.h"

namespace millrace::app {
namespace {

namespace json = boost::json;

std::string_view Name(chat::ThinkingClass thinking) {
  switch (thinking) {
    case chat::ThinkingClass::kNever:
      return "never";
    case chat::ThinkingClass::kAlways:
      return "always";
    case chat::ThinkingClass::kHybrid:
      return "hybrid";
  }
  std::unreachable();
}

json::array Inputs(bool image, bool video, bool audio) {
  json::array inputs;
  for (const auto& [name, there] :
       {std::pair("image", image), std::pair("video", video), std::pair("audio", audio)}) {
    if (there) {
      inputs.emplace_back(name);
    }
  }
  return inputs;
}

// With the names of the configuration file.
json::object ToJson(const chat::ModelRecord& record) {
  const chat::SamplingDefaults& sampling = record.sampling;
  return {{"id", record.id},
          {"aliases", json::array(record.aliases.begin(), record.aliases.end())},
          {"context", record.context_tokens},
          {"max_prompt_tokens", record.prompt_tokens_max},
          {"max_output", record.output_tokens_max},
          {"max_reasoning", record.reasoning_tokens_max},
          {"inputs", Inputs(record.image_input, record.video_input, record.audio_input)},
          {"thinking", Name(record.thinking)},
          {"thinking_default", record.thinking_default_on},
          {"effort", record.effort},
          {"min_p", record.honours_min_p},
          {"tools", record.tools},
          {"json_mode", record.json_mode},
          {"prefix", record.prefix},
          {"fim", record.fim},
          {"max_n", record.n_max},
          {"max_images", record.images_max},
          {"hidden", record.hidden},
          {"owned_by", record.owned_by},
          {"created", record.created_unix_seconds},
          {"sampling",
           {{"temperature", sampling.temperature},
            {"top_p", sampling.top_p},
            {"top_k", sampling.top_k},
            {"min_p", sampling.min_p},
            {"frequency_penalty", sampling.frequency_penalty},
            {"presence_penalty", sampling.presence_penalty},
            {"repetition_penalty", sampling.repetition_penalty}}}};
}

// Only what the record says.
json::object ToJson(const std::string& id, const local::RecordSettings& record) {
  json::object out = {{"id", id}};
  const auto add = [&out](const char* key, const auto& value) {
    if (value.has_value()) {
      out[key] = *value;
    }
  };
  add("context", record.context_tokens);
  add("max_prompt_tokens", record.prompt_tokens_max);
  add("max_output", record.output_tokens_max);
  add("max_reasoning", record.reasoning_tokens_max);
  if (record.inputs) {
    out["inputs"] = Inputs(record.inputs->image, record.inputs->video, record.inputs->audio);
  }
  if (record.thinking) {
    out["thinking"] = Name(*record.thinking);
  }
  add("thinking_default", record.thinking_default);
  add("effort", record.effort);
  add("min_p", record.min_p);
  add("tools", record.tools);
  add("json_mode", record.json_mode);
  add("prefix", record.prefix);
  add("fim", record.fim);
  add("max_n", record.n_max);
  add("max_images", record.images_max);
  add("hidden", record.hidden);
  add("owned_by", record.owned_by);
  add("created", record.created_unix_seconds);
  const local::SamplingSettings& sampling = record.sampling;
  if (sampling != local::SamplingSettings()) {
    json::object own;
    std::swap(own, out);
    add("temperature", sampling.temperature);
    add("top_p", sampling.top_p);
    add("top_k", sampling.top_k);
    add("min_p", sampling.min_p);
    add("frequency_penalty", sampling.frequency_penalty);
    add("presence_penalty", sampling.presence_penalty);
    add("repetition_penalty", sampling.repetition_penalty);
    std::swap(own, out);
    out["sampling"] = std::move(own);
  }
  return out;
}

// "key=value …", lists and mappings in JSON's way; what is off or empty is left out.
std::string Line(const json::object& record) {
  std::string line(record.at("id").as_string());
  for (const auto& [key, value] : record) {
    const bool empty = (value.is_array() && value.as_array().empty()) ||
                       (value.is_string() && value.as_string().empty()) ||
                       (value.is_bool() && !value.as_bool());
    if (key == "id" || empty) {
      continue;
    }
    const bool word = value.is_string();
    line += fmt::format("  {}={}", std::string_view(key),
                        word ? std::string(value.as_string()) : json::serialize(value));
  }
  return line;
}

void Print(const json::array& records, bool as_json, std::ostream& out) {
  if (as_json) {
    out << json::serialize(records) << '\n';
    return;
  }
  for (const json::value& record : records) {
    out << Line(record.as_object()) << '\n';
  }
}

int ListCatalogue(const GatheredOptions& gathered, bool as_json, std::ostream& out) {
  json::array records;
  for (const auto& [id, record] : gathered.options.catalogue.records()) {
    records.push_back(ToJson(id, record));
  }
  Print(records, as_json, out);
  return kExitOk;
}

}  // namespace

int RunModels(const ModelsOptions& options, std::ostream& out, std::ostream& err) {
  GatheredOptions gathered = GatherOptions(options.serve);
  if (options.catalogue) {
    return ListCatalogue(gathered, options.json, out);
  }
  if (!PrintProblems(gathered.problems, err)) {
    return kExitFailed;
  }
  const base::SystemClock clock;
  base::SystemRandom random;
  metrics::Registry metrics;
  const ModelPlan plan =
      PlanModels(gathered.options, {}, {.clock = &clock, .random = &random, .metrics = &metrics});
  if (!PrintProblems(plan.problems, err)) {
    return kExitFailed;
  }
  json::array records;
  for (size_t i = 0; i < plan.backends.size(); ++i) {
    json::object record = ToJson(plan.backends[i]->record());
    record["path"] = gathered.options.models[i].path;
    records.push_back(std::move(record));
  }
  Print(records, options.json, out);
  for (const std::string& warning : plan.warnings) {
    err << "warning: " << warning << '\n';
  }
  return kExitOk;
}

}  // namespace millrace::app
