#include "app/maskbench.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <numeric>
#include <ostream>
#include <utility>

#include "app/json_slices.h"
#include "app/text_file.h"
#include "grammar/json_schema.h"
#include "json/json.h"

namespace millrace::app {
namespace {

constexpr size_t kDepthMax = 1000;

struct Instance {
  std::string_view text;
  bool valid = false;
};

struct SchemaFile {
  std::string_view schema;
  std::vector<Instance> instances;
};

// `text` is without white space.
base::Result<SchemaFile> ReadSchemaFile(std::string_view text) {
  SchemaFile file;
  for (const auto& [key, value] : MembersOf(text)) {
    if (key == "\"schema\"") {
      file.schema = value;
    }
    for (const std::string_view test :
         key == "\"tests\"" ? ItemsOf(value) : std::vector<std::string_view>()) {
      Instance instance;
      for (const auto& [name, part] : MembersOf(test)) {
        if (name == "\"data\"") {
          instance.text = part;
        } else if (name == "\"valid\"") {
          instance.valid = part == "true";
        }
      }
      file.instances.push_back(instance);
    }
  }
  if (file.schema.empty()) {
    return base::InvalidArgument("no member `schema`");
  }
  return file;
}

void Append(std::vector<double>& all, const std::vector<double>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// Tries every instance; the first that goes wrong decides.
void TryInstances(const SchemaFile& file, const std::shared_ptr<const grammar::Grammar>& grammar,
                  const TrialVocabulary& vocabulary, const base::Clock& clock, SchemaRun& run) {
  run.outcome = file.instances.empty() ? SchemaOutcome::kNoTests : SchemaOutcome::kPass;
  for (size_t i = 0; i < file.instances.size(); ++i) {
    const Instance& instance = file.instances[i];
    grammar::Matcher matcher(grammar, vocabulary.tokens);
    const InstanceTrail trail = Follow(matcher, vocabulary, instance.text, clock);
    grammar::Matcher again(grammar, vocabulary.tokens);
    Append(run.warm_us, Follow(again, vocabulary, instance.text, clock).mask_us);
    Append(run.mask_us, trail.mask_us);
    if (trail.longest_mask_us > run.longest_mask_us) {
      run.longest_mask_us = trail.longest_mask_us;
      run.longest_mask_at = fmt::format("test {} at byte {}", i, trail.longest_mask_at);
    }
    Append(run.accept_us, trail.accept_us);
    if (matcher.is_exhausted()) {
      run.outcome = SchemaOutcome::kRefused;
      run.error = fmt::format("test {} at byte {}: takes too much work or memory", i, trail.bytes);
      return;
    }
    run.dead_ends += trail.dead_end ? 1 : 0;
    if (trail.admitted == instance.valid || run.outcome != SchemaOutcome::kPass) {
      continue;
    }
    run.outcome = instance.valid ? SchemaOutcome::kValidRejected : SchemaOutcome::kInvalidAccepted;
    run.error = instance.valid ? fmt::format("test {} at byte {}", i, trail.bytes)
                               : fmt::format("test {}", i);
  }
}

double Percentile(const std::vector<double>& sorted, double fraction) {
  if (sorted.empty()) {
    return 0;
  }
  const auto at = static_cast<size_t>(fraction * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

double Mean(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

double Rounded(double value) {
  return static_cast<double>(static_cast<int64_t>(value * 100)) / 100;
}

boost::json::object Distribution(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {{"count", values.size()},
          {"mean", Rounded(Mean(values))},
          {"p50", Rounded(Percentile(values, 0.5))},
          {"p90", Rounded(Percentile(values, 0.9))},
          {"p99", Rounded(Percentile(values, 0.99))},
          {"p999", Rounded(Percentile(values, 0.999))},
          {"max", Rounded(values.empty() ? 0 : values.back())}};
}

boost::json::object LineOf(const SchemaRun& run) {
  boost::json::object line = {{"file", run.file},
                              {"status", NameOf(run.outcome)},
                              {"error", run.error},
                              {"compile_us", Rounded(run.compile_us)},
                              {"masks", run.mask_us.size()},
                              {"mask_us_mean", Rounded(Mean(run.mask_us))},
                              {"mask_us_max", Rounded(run.longest_mask_us)},
                              {"mask_us_max_at", run.longest_mask_at},
                              {"dead_ends", run.dead_ends},
                              {"memory_bytes", run.memory_bytes}};
  return line;
}

// What all runs add up to.
class Summary {
 public:
  void Add(const SchemaRun& run) {
    ++outcomes_[run.outcome];
    dead_ends_ += run.dead_ends;
    if (run.outcome != SchemaOutcome::kUnreadable && run.outcome != SchemaOutcome::kRefused) {
      compile_us_.push_back(run.compile_us);
      memory_bytes_.push_back(static_cast<double>(run.memory_bytes));
    }
    Append(mask_us_, run.mask_us);
    Append(warm_us_, run.warm_us);
    Append(accept_us_, run.accept_us);
  }

  boost::json::object Json(double seconds) const {
    boost::json::object object;
    size_t schemas = 0;
    for (const SchemaOutcome outcome :
         {SchemaOutcome::kPass, SchemaOutcome::kNoTests, SchemaOutcome::kValidRejected,
          SchemaOutcome::kInvalidAccepted, SchemaOutcome::kRefused, SchemaOutcome::kUnreadable}) {
      const auto at = outcomes_.find(outcome);
      const size_t count = at == outcomes_.end() ? 0 : at->second;
      object[NameOf(outcome)] = count;
      schemas += count;
    }
    object["schemas"] = schemas;
    object["dead_ends"] = dead_ends_;
    object["compile_us"] = Distribution(compile_us_);
    object["mask_us"] = Distribution(mask_us_);
    object["warm_mask_us"] = Distribution(warm_us_);
    object["accept_us"] = Distribution(accept_us_);
    object["memory_bytes"] = Distribution(memory_bytes_);
    object["seconds"] = Rounded(seconds);
    return object;
  }

 private:
  std::map<SchemaOutcome, size_t> outcomes_;
  size_t dead_ends_ = 0;
  std::vector<double> compile_us_;
  std::vector<double> mask_us_;
  std::vector<double> warm_us_;
  std::vector<double> accept_us_;
  std::vector<double> memory_bytes_;
};

void PrintTable(const boost::json::object& summary, std::ostream& out) {
  for (const auto& [name, value] : summary) {
    if (!value.is_object()) {
      out << fmt::format("{:16} {}\n", std::string_view(name), json::Serialize(value));
      continue;
    }
    out << fmt::format("{:16}", std::string_view(name));
    for (const auto& [what, figure] : value.get_object()) {
      out << fmt::format(" {} {}", std::string_view(what),
                         figure.is_double() ? fmt::format("{:.2f}", figure.get_double())
                                            : json::Serialize(figure));
    }
    out << '\n';
  }
}

}  // namespace

const char* NameOf(SchemaOutcome outcome) {
  switch (outcome) {
    case SchemaOutcome::kPass:
      return "pass";
    case SchemaOutcome::kNoTests:
      return "no_tests";
    case SchemaOutcome::kValidRejected:
      return "valid_rejected";
    case SchemaOutcome::kInvalidAccepted:
      return "invalid_accepted";
    case SchemaOutcome::kRefused:
      return "refused";
    case SchemaOutcome::kUnreadable:
      break;
  }
  return "unreadable";
}

SchemaRun RunSchemaFile(const std::string& path, const TrialVocabulary& vocabulary,
                        const MaskbenchOptions& options, const base::Clock& clock) {
  SchemaRun run{.file = std::filesystem::path(path).filename().string()};
  const auto text = ReadTextFile(path);
  if (!text.has_value()) {
    run.error = text.error().message;
    return run;
  }
  if (const auto parsed = json::Parse(*text, {.depth_max = kDepthMax}); !parsed.has_value()) {
    run.error = parsed.error().message;
    return run;
  }
  const std::string compact = StripSpace(*text);
  const auto file = ReadSchemaFile(compact);
  if (!file.has_value()) {
    run.error = file.error().message;
    return run;
  }
  const base::TimePoint before = clock.Now();
  auto schema = grammar::JsonSchema::Compile(file->schema,
                                             TrialOptions(options.limits, options.free_numbers));
  if (!schema.has_value()) {
    run.outcome = SchemaOutcome::kRefused;
    run.error = schema.error().message;
    return run;
  }
  const auto grammar = grammar::Grammar::OfSchema(*std::move(schema));
  run.compile_us = std::chrono::duration<double, std::micro>(clock.Now() - before).count();
  TryInstances(*file, grammar, vocabulary, clock, run);
  run.memory_bytes = grammar->memory_bytes();
  return run;
}

base::Status RunMaskbench(const MaskbenchOptions& options, const TrialVocabulary& vocabulary,
                          const base::Clock& clock, std::ostream& out) {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder, error)) {
    if (entry.path().extension() == ".json") {
      paths.push_back(entry.path().string());
    }
  }
  if (error || paths.empty()) {
    return base::InvalidArgument(
        fmt::format("{}: {}", options.folder, error ? error.message() : "holds no file *.json"));
  }
  std::sort(paths.begin(), paths.end());
  Summary summary;
  const base::TimePoint begin = clock.Now();
  for (size_t i = 0; i < paths.size(); i += options.every) {
    const SchemaRun run = RunSchemaFile(paths[i], vocabulary, options, clock);
    if (options.json) {
      out << json::Serialize(LineOf(run)) << '\n' << std::flush;
    } else if (run.outcome != SchemaOutcome::kPass && run.outcome != SchemaOutcome::kNoTests) {
      out << fmt::format("{}: {}: {}", run.file, NameOf(run.outcome), run.error) << '\n'
          << std::flush;
    }
    summary.Add(run);
  }
  const boost::json::object total =
      summary.Json(std::chrono::duration<double>(clock.Now() - begin).count());
  if (options.json) {
    out << json::Serialize(boost::json::object{{"summary", total}}) << '\n';
  } else {
    PrintTable(total, out);
  }
  return {};
}

}  // namespace millrace::app
