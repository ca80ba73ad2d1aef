#include "grammar/grammar.h"

#include <algorithm>
#include <set>

#include "grammar/grammar_program.h"
#include "grammar/mask_memo.h"
#include "grammar/regex_parser.h"

namespace millrace::grammar {

using Kind = Expression::Node::Kind;

StopAutomaton::StopAutomaton(const std::vector<std::string>& stops) {
  constexpr int32_t kUnset = -2;
  std::array<int32_t, 256> empty{};
  empty.fill(kUnset);
  next.push_back(empty);
  std::vector<bool> stopped = {false};
  for (const std::string& stop : stops) {
    int32_t node = 0;
    for (const char byte : stop) {
      int32_t child = next[static_cast<size_t>(node)][static_cast<uint8_t>(byte)];
      if (child == kUnset) {
        child = static_cast<int32_t>(next.size());
        next[static_cast<size_t>(node)][static_cast<uint8_t>(byte)] = child;
        next.push_back(empty);
        stopped.push_back(false);
      }
      node = child;
    }
    stopped[static_cast<size_t>(node)] = !stop.empty() || stopped[static_cast<size_t>(node)];
  }
  // Breadth first: what is missing comes from the longest proper suffix.
  std::vector<int32_t> suffix(next.size(), 0);
  std::vector<int32_t> queue = {0};
  for (size_t i = 0; i < queue.size(); ++i) {
    const auto node = static_cast<size_t>(queue[i]);
    for (size_t byte = 0; byte < 256; ++byte) {
      const int32_t child = next[node][byte];
      const int32_t from_suffix = node == 0 ? 0 : next[static_cast<size_t>(suffix[node])][byte];
      if (child == kUnset) {
        next[node][byte] = from_suffix;
      } else {
        suffix[static_cast<size_t>(child)] = from_suffix;
        if (from_suffix != kStopped && stopped[static_cast<size_t>(from_suffix)]) {
          stopped[static_cast<size_t>(child)] = true;
        }
        queue.push_back(child);
      }
    }
  }
  for (auto& row : next) {
    for (int32_t& target : row) {
      target = target >= 0 && stopped[static_cast<size_t>(target)] ? kStopped : target;
    }
  }
}

Expression Expression::Literal(std::string bytes) {
  return Expression(
      std::make_shared<const Node>(Node{.kind = Kind::kLiteral, .literal = std::move(bytes)}));
}

Expression Expression::Sequence(std::vector<Expression> parts) {
  return Expression(
      std::make_shared<const Node>(Node{.kind = Kind::kSequence, .parts = std::move(parts)}));
}

Expression Expression::OneOf(std::vector<Expression> choices) {
  return Expression(
      std::make_shared<const Node>(Node{.kind = Kind::kOneOf, .parts = std::move(choices)}));
}

Expression Expression::Repeat(Expression part, int32_t min, int32_t max) {
  std::vector<Expression> parts;
  parts.push_back(std::move(part));
  return Expression(std::make_shared<const Node>(
      Node{.kind = Kind::kRepeat, .parts = std::move(parts), .min = min, .max = max}));
}

Expression Expression::FreeText(std::vector<std::string> stops) {
  return Expression(std::make_shared<const Node>(
      Node{.kind = Kind::kFreeText, .stops = std::make_shared<const StopAutomaton>(stops)}));
}

base::Result<Expression> Expression::Regex(std::string_view pattern) {
  auto language = std::make_shared<RegexLanguage>();
  const RegexId regex = TRY(ParseRegex(pattern, RegexAnchoring::kWhole, language->regexes));
  const FormulaId formula = language->algebra.String(language->atoms.Regex(regex));
  language->automaton = std::make_unique<ScalarAutomaton>(
      std::vector<FormulaId>{formula}, ScalarAutomaton::Options{.some_must_hold = true},
      language->algebra);
  language->live = std::make_unique<LiveAutomaton>(*language->automaton);
  if (!language->live->IsLive(ScalarAutomaton::kInitial)) {
    return base::InvalidArgument(std::string(kNothingMatches));
  }
  return Expression(
      std::make_shared<const Node>(Node{.kind = Kind::kRegex, .regex = std::move(language)}));
}

Expression Expression::Json(std::shared_ptr<const JsonSchema> schema) {
  return Expression(
      std::make_shared<const Node>(Node{.kind = Kind::kJson, .schema = std::move(schema)}));
}

Expression Expression::Token(std::vector<base::TokenId> ids) {
  return Expression(
      std::make_shared<const Node>(Node{.kind = Kind::kToken, .tokens = std::move(ids)}));
}

GrammarProgram::GrammarProgram(Expression root, size_t threads_max)
    : root_(std::move(root)), threads_max_(threads_max) {
  Add(*root_.node());
  std::set<std::mutex*> mutexes;
  std::set<JsonLanguage*> languages;  // one may stand in several places
  for (const Node& node : nodes_) {
    if (node.source->schema != nullptr) {
      languages.insert(&node.source->schema->language());
      mutexes.insert(&node.source->schema->language().mutex());
    }
    if (node.source->regex != nullptr) {
      mutexes.insert(&node.source->regex->mutex);
    }
  }
  languages_.assign(languages.begin(), languages.end());
  mutexes_.assign(mutexes.begin(), mutexes.end());
}

int32_t GrammarProgram::Add(const Expression::Node& source) {
  const auto id = static_cast<int32_t>(nodes_.size());
  nodes_.push_back({.source = &source});
  std::vector<int32_t> parts;
  for (const Expression& part : source.parts) {
    parts.push_back(Add(*part.node()));
  }
  nodes_[static_cast<size_t>(id)].parts = std::move(parts);
  return id;
}

void GrammarProgram::AllowWork(uint64_t steps) const {
  for (JsonLanguage* language : languages_) {
    language->meter().Allow(steps, [language] { return language->HasMemoryInAll(); });
  }
}

uint64_t GrammarProgram::WorkSpent(uint64_t allowed) const {
  uint64_t spent = 0;
  for (JsonLanguage* language : languages_) {
    spent += allowed - language->meter().left();
  }
  return spent;
}

bool GrammarProgram::IsExhausted() const {
  return std::any_of(languages_.begin(), languages_.end(), [](const JsonLanguage* language) {
    // A question that was given up was answered with no, which may be wrong.
    return language->is_exhausted() || language->gave_up() || !language->HasMemory();
  });
}

void GrammarProgram::SetExhausted() const {
  for (JsonLanguage* language : languages_) {
    language->SetExhausted();
  }
}

size_t GrammarProgram::memory_bytes() const {
  size_t sum = nodes_.size() * sizeof(Node);
  for (JsonLanguage* language : languages_) {
    sum += language->KnownMemoryBytes();
  }
  return sum;
}

namespace {

// A part that no text satisfies would be a dead end.
bool CanMatch(const Expression::Node& node) {
  const auto can = [](const Expression& part) { return CanMatch(*part.node()); };
  switch (node.kind) {
    case Kind::kSequence:
      return std::all_of(node.parts.begin(), node.parts.end(), can);
    case Kind::kOneOf:
      return !node.parts.empty() && std::all_of(node.parts.begin(), node.parts.end(), can);
    case Kind::kRepeat:
      return can(node.parts[0]) && node.min >= 0 &&
             (node.max == Expression::kUnbounded || node.max >= node.min);
    case Kind::kToken:
      return !node.tokens.empty();
    default:
      return true;
  }
}

}  // namespace

base::Result<std::shared_ptr<const Grammar>> Grammar::Compile(const Expression& expression,
                                                              const Options& options) {
  if (!CanMatch(*expression.node())) {
    return base::InvalidArgument("a part of the grammar matches nothing");
  }
  return std::make_shared<const Grammar>(
      std::make_unique<GrammarProgram>(expression, options.threads_max), options);
}

std::shared_ptr<const Grammar> Grammar::OfSchema(std::shared_ptr<const JsonSchema> schema) {
  const Options options;
  return std::make_shared<const Grammar>(
      std::make_unique<GrammarProgram>(Expression::Json(std::move(schema)), options.threads_max),
      options);
}

std::shared_ptr<const Grammar> Grammar::JsonObject() { return OfSchema(JsonSchema::AnyObject()); }

Grammar::Grammar(std::unique_ptr<GrammarProgram> program, const Options& options)
    : program_(std::move(program)), masks_(std::make_unique<MaskMemo>(options.mask_memory_bytes)) {}

Grammar::~Grammar() = default;

bool Grammar::is_exhausted() const {
  const ProgramLock lock(*program_);
  return program_->IsExhausted();
}

size_t Grammar::memory_bytes() const { return program_->memory_bytes() + masks_->memory_bytes(); }

}  // namespace millrace::grammar
