#include "grammar/json_schema.h"

#include <algorithm>
#include <vector>

#include "grammar/json_language.h"
#include "grammar/json_reader.h"
#include "grammar/schema_compiler.h"
#include "grammar/schema_document.h"

namespace millrace::grammar {
namespace {

// Steps of the meter in one of SchemaLimits::work.
constexpr uint64_t kStepsOfWork = 4;

std::shared_ptr<const JsonSchema> Simple(FormulaId (*root)(SchemaAlgebra&),
                                         const SchemaOptions& options) {
  auto language = std::make_unique<JsonLanguage>(options);
  language->SetRoot(root(language->algebra()));
  language->StopCounting();
  return std::make_shared<const JsonSchema>(std::move(language));
}

// Asks what a value under `formula` may begin with and what its first keys and items may be, so
// that what is too much for an answer is refused before there is one. False when it is too much.
bool TryBeginnings(JsonLanguage& language, FormulaId formula) {
  if (!language.IsSatisfiable(formula)) {
    return !language.gave_up();
  }
  language.SetRoot(formula);
  constexpr size_t kKeysMax = 200;
  JsonStore store;
  JsonReader reader(language, store);
  for (const char* begin : {"[", "{\""}) {
    JsonPlace place = reader.Start();
    const JsonStore::Mark mark = store.mark();
    bool alive = true;
    for (const char* byte = begin; *byte != '\0' && alive; ++byte) {
      alive = reader.Step(place, static_cast<uint8_t>(*byte));
      store.text += *byte;
    }
    if (alive && place.mode == JsonPlace::Mode::kKey) {
      const std::vector<JsonReader::KnownKey> keys = reader.KnownKeys(place);
      for (size_t i = 0; i < std::min(keys.size(), kKeysMax) && !language.gave_up(); ++i) {
        JsonPlace after = place;
        reader.EndKnownKey(after, keys[i]);
      }
    }
    store.Cut(mark);
  }
  return !language.gave_up();
}

// Compiles into `language`; with `tries_everything`, an error of what is too complex names the
// keyword where there is one.
base::Status CompileInto(JsonLanguage& language, std::string_view schema_text,
                         bool tries_everything) {
  const SchemaOptions& options = language.options();
  SchemaDocuments documents(options);
  TRY(documents.Add("", schema_text, true));
  if (documents.resource(documents.root().resource).draft == Draft::k4) {
    language.SpellIntegersPlainly();  // 1.0 is no integer there
  }
  const auto can_follow = [&](FormulaId formula) { return TryBeginnings(language, formula); };
  SchemaCompiler compiler(documents, language,
                          {.can_follow = can_follow, .of_everything = tries_everything});
  language.meter().Allow(options.limits.work > 0 ? options.limits.work * kStepsOfWork : UINT64_MAX,
                         options.keep_going);
  base::Status status;
  try {
    status = compiler.Compile();
  } catch (const WorkMeter::Exhausted&) {
    status = compiler.OutOfWork();
  }
  if (!status.has_value() && options.keep_going && !options.keep_going()) {
    return base::Error{base::ErrorKind::kCancelled, "compiling the schema was stopped"};
  }
  return status;
}

}  // namespace

base::Result<std::shared_ptr<const JsonSchema>> JsonSchema::Compile(std::string_view schema_text,
                                                                    const SchemaOptions& options) {
  auto language = std::make_unique<JsonLanguage>(options);
  if (base::Status status = CompileInto(*language, schema_text, false); !status.has_value()) {
    const base::Error& error = status.error();
    if (error.kind != base::ErrorKind::kResourceExhausted || !error.parameter.empty()) {
      return std::move(status).error();
    }
    JsonLanguage again(options);
    base::Status reason = CompileInto(again, schema_text, true);
    return reason.has_value() ? std::move(status).error() : std::move(reason).error();
  }
  language->StopCounting();
  return std::make_shared<const JsonSchema>(std::move(language));
}

std::shared_ptr<const JsonSchema> JsonSchema::AnyObject(const SchemaOptions& options) {
  return Simple([](SchemaAlgebra& algebra) { return algebra.Types(kObject); }, options);
}

std::shared_ptr<const JsonSchema> JsonSchema::AnyValue(const SchemaOptions& options) {
  return Simple([](SchemaAlgebra&) { return kTrue; }, options);
}

JsonSchema::JsonSchema(std::unique_ptr<JsonLanguage> language) : language_(std::move(language)) {}

JsonSchema::~JsonSchema() = default;

size_t JsonSchema::memory_bytes() const { return language_->KnownMemoryBytes(); }

}  // namespace millrace::grammar
