// Schemas to formulas.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "grammar/json_language.h"
#include "grammar/schema_document.h"

namespace millrace::grammar {

class SchemaCompiler {
 public:
  // Whether values under a formula can be followed: nothing that was asked was too hard.
  struct Trial {
    std::function<bool(FormulaId)> can_follow;
    // Asked of every schema and what it says so far, to find out which keyword is too much; not
    // only of schemas that compare items, where it shows at once what would be too much later.
    bool of_everything = false;
  };
  SchemaCompiler(SchemaDocuments& documents, JsonLanguage& language, Trial trial)
      : documents_(documents),
        language_(language),
        algebra_(language.algebra()),
        trial_(std::move(trial)) {}

  // Compiles the root and everything it refers to. Errors as of JsonSchema::Compile.
  base::Status Compile();

  // That the work does not suffice, naming the keyword that was looked at last; none is known
  // unless everything is tried.
  base::Error OutOfWork() const;

 private:
  // The resources entered on the way to a schema, outermost first; only `$dynamicRef` asks.
  using Scope = std::vector<int32_t>;
  struct Context {
    SchemaPlace place;
    Scope scope = {};
    const JsonNode& node() const { return *place.node; }
    const JsonNode* Find(const char* key) const { return place.node->Find(key); }
  };
  // What is known to be evaluated when `condition` holds: for unevaluatedProperties and -Items.
  struct Evaluated {
    FormulaId condition = kTrue;
    std::vector<std::string> names = {};
    std::vector<FormulaId> patterns = {};
    bool all_properties = false;
    size_t prefix = 0;
    bool all_items = false;
    std::vector<FormulaId> contained = {};
  };
  using Formulas = std::vector<FormulaId>;
  // What some keywords say, those first that may ask much.
  struct Rule {
    base::Status (SchemaCompiler::*add)(const Context& context, Formulas& parts);
    std::array<const char*, 5> keywords;
  };
  static const std::array<Rule, 13> kRules;

  base::Result<FormulaId> CompileSchema(const Context& context);
  base::Result<FormulaId> CompileObject(const Context& context);
  base::Status AddRule(const Context& context, const Rule& rule, Formulas& parts);
  base::Result<FormulaId> CompileChild(const Context& context, const JsonNode& node,
                                       const std::string& path);
  Context ChildOf(const Context& context, const JsonNode& node, const std::string& path) const;
  base::Status AddReferences(const Context& context, Formulas& parts);
  base::Status AddTypes(const Context& context, Formulas& parts);
  base::Status AddConstants(const Context& context, Formulas& parts);
  base::Status AddNumbers(const Context& context, Formulas& parts);
  base::Status AddStrings(const Context& context, Formulas& parts);
  base::Status AddProperties(const Context& context, Formulas& parts);
  base::Status AddPropertyRules(const Context& context, Formulas& parts);
  base::Status AddDependencies(const Context& context, Formulas& parts);
  base::Status AddItems(const Context& context, Formulas& parts);
  base::Status AddItemRules(const Context& context, Formulas& parts);
  base::Status AddCombinations(const Context& context, Formulas& parts);
  base::Status AddConditional(const Context& context, Formulas& parts);
  base::Status AddUnevaluated(const Context& context, Formulas& parts);

  base::Result<Formulas> CompileList(const Context& context, const char* keyword);
  FormulaId OneOf(const Context& context, Formulas choices);
  FormulaId ExactlyOne(const Formulas& choices, const std::function<bool(size_t, size_t)>& overlap);
  void PruneChoices();
  base::Result<FormulaId> PatternCondition(const Context& context, const std::string& pattern,
                                           const char* keyword);
  base::Result<Context> Target(const Context& context, const char* keyword);
  base::Result<FormulaId> ReferenceTo(const Context& target);
  base::Result<int64_t> CountOf(const Context& context, const char* keyword, int64_t missing);
  base::Result<const JsonNode*> NumberOf(const Context& context, const char* keyword);

  base::Result<std::vector<Evaluated>> EvaluatedBy(const Context& context, int32_t depth);
  base::Status EvaluatedHere(const Context& context, Evaluated& own);
  base::Status AddEvaluatedChoice(const Context& child, std::vector<Evaluated>& all, int32_t depth,
                                  bool always, FormulaId condition);
  base::Status Multiply(std::vector<Evaluated>& all, const std::vector<Evaluated>& by);
  FormulaId UnevaluatedRule(const Evaluated& evaluated, FormulaId properties, FormulaId items,
                            int32_t which);

  Draft DraftOf(const Context& context) const {
    return documents_.resource(context.place.resource).draft;
  }
  base::Error Wrong(const Context& context, const char* keyword, const std::string& what) const;
  base::Error Refused(const Context& context, const char* keyword, const std::string& what) const;
  base::Error TooComplex(const Context& context, const char* keyword) const;

  SchemaDocuments& documents_;
  JsonLanguage& language_;
  SchemaAlgebra& algebra_;
  Trial trial_;
  std::optional<base::Error> out_of_work_;                // when it happens now
  std::vector<std::pair<FormulaId, Context>> comparing_;  // schemas with `uniqueItems`
  std::map<std::pair<const JsonNode*, Scope>, int32_t> references_;
  std::deque<std::pair<int32_t, Context>> open_;  // references to be compiled
  struct Choices {
    int32_t reference;
    Formulas formulas;
    Context context;
  };
  std::vector<Choices> choices_;  // of `oneOf`s
  std::map<std::string, RegexId> patterns_;
  int32_t depth_ = 0;
};

}  // namespace millrace::grammar
