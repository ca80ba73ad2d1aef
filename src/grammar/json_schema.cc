#include "grammar/json_schema.h"

#include "grammar/json_language.h"
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

}  // namespace

base::Result<std::shared_ptr<const JsonSchema>> JsonSchema::Compile(std::string_view schema_text,
                                                                    const SchemaOptions& options) {
  auto language = std::make_unique<JsonLanguage>(options);
  SchemaDocuments documents(language->options());
  TRY(documents.Add("", schema_text, true));
  SchemaCompiler compiler(documents, *language);
  const auto compile = [&]() -> base::Status {
    try {
      return compiler.Compile();
    } catch (const WorkMeter::Exhausted&) {
      return base::Error{base::ErrorKind::kResourceExhausted,
                         "the schema is too complex to be enforced exactly"};
    }
  };
  if (options.limits.work > 0) {
    language->meter().Allow(options.limits.work * kStepsOfWork);
  }
  if (base::Status status = compile(); !status.has_value()) {
    if (options.keep_going && !options.keep_going()) {
      return base::Error{base::ErrorKind::kCancelled, "compiling the schema was stopped"};
    }
    return std::move(status).error();
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

size_t JsonSchema::memory_bytes() const {
  const std::lock_guard lock(language_->mutex());
  return language_->memory_bytes();
}

}  // namespace millrace::grammar
