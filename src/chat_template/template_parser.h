// The recursive-descent parser behind Parse(). Statements are in template_parser.cc, expressions in
// expression_parser.cc; both follow jinja2's grammar, whose precedence differs from Python's in
// places.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "chat_template/ast.h"
#include "chat_template/lexer.h"

namespace millrace::chat_template {

class TemplateParser {
 public:
  explicit TemplateParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  base::Result<Ast> Run();

 private:
  // Deeper nesting of blocks, brackets and prefix operators is refused.
  static constexpr int kNestingMax = 150;
  // Higher expression trees, as of long chains of operators, are refused.
  static constexpr int32_t kHeightMax = 400;

  // The special names a macro body reads.
  struct SpecialNames {
    bool varargs = false;
    bool kwargs = false;
    bool caller = false;
  };

  class Nested {
   public:
    explicit Nested(int& depth) : depth_(depth) { ++depth_; }
    ~Nested() { --depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    int& depth_;
  };
  base::Status CheckNesting() const;

  // ---- tokens ----
  const Token& current() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void Advance() { at_ += at_ + 1 < tokens_.size() ? 1 : 0; }
  bool IsOperator(std::string_view text) const {
    return current().kind == TokenKind::kOperator && current().text == text;
  }
  bool IsName(std::string_view text) const {
    return current().kind == TokenKind::kName && current().text == text;
  }
  bool SkipOperator(std::string_view text);
  bool SkipName(std::string_view text);
  base::Status ExpectOperator(std::string_view text);
  base::Status ExpectName(std::string_view text);
  base::Result<std::string> ExpectIdentifier();
  base::Status Expect(TokenKind kind, std::string_view what);
  base::Error Fail(std::string_view message) const {
    return TemplateError(current().position, message);
  }
  base::Error Unexpected() const;

  // ---- statements ----
  base::Result<Body> ParseBody(std::initializer_list<std::string_view> ends);
  base::Result<Body> ParseBlockBody(std::initializer_list<std::string_view> ends);
  base::Result<Body> ParseBlockToEnd(std::string_view end);
  base::Status ParseStatement(Body& body);
  base::Result<If> ParseIf();
  base::Result<For> ParseFor();
  base::Status ParseSet(Position position, Body& body);
  base::Result<FilterBlock> ParseFilterBlock();
  base::Result<With> ParseWith();
  base::Result<MacroDefinition> ParseMacro();
  base::Result<CallBlock> ParseCallBlock();
  base::Result<Scope> ParseScope(std::string_view end, bool named);
  base::Result<Output> ParsePrint();
  base::Status ParseSignature(MacroBody& macro);
  base::Status ParseMacroBody(std::string_view end, MacroBody& macro);
  base::Result<FilterChain> ParseFilterChain();
  base::Result<Target> ParseTarget(bool with_namespace);
  base::Result<Target> ParseTargetItem(bool with_namespace);

  // ---- expressions ----
  enum class Ternary : bool { kNo, kYes };
  base::Result<ExpressionPtr> ParseTuple(Ternary ternary, std::string_view end_name,
                                         bool in_parentheses);
  bool AtTupleEnd(std::string_view end_name) const;
  base::Result<ExpressionPtr> ParseExpression(Ternary ternary = Ternary::kYes);
  base::Result<ExpressionPtr> ParseLogical(bool is_and);
  base::Result<ExpressionPtr> ParseNot();
  base::Result<ExpressionPtr> ParseComparison();
  base::Result<ExpressionPtr> ParseSum();
  base::Result<ExpressionPtr> ParseConcatenation();
  base::Result<ExpressionPtr> ParseProduct();
  base::Result<ExpressionPtr> ParsePower();
  base::Result<ExpressionPtr> ParseUnary(bool with_filters);
  base::Result<ExpressionPtr> ParsePrimary();
  base::Result<ExpressionPtr> ParseNamePrimary();
  base::Result<ExpressionPtr> ParseList();
  base::Result<ExpressionPtr> ParseDict();
  base::Result<ExpressionPtr> ParsePostfix(ExpressionPtr expression);
  base::Result<ExpressionPtr> ParseFilters(ExpressionPtr expression);
  base::Result<ExpressionPtr> ParseSubscript(ExpressionPtr object);
  // Several expressions between brackets, or none, are a tuple; `first` may be null.
  base::Result<ExpressionPtr> ParseIndexTuple(ExpressionPtr first);
  base::Result<ExpressionPtr> ParseFilter(ExpressionPtr input);
  base::Result<ExpressionPtr> ParseTest(ExpressionPtr input);
  base::Result<ExpressionPtr> ParseCall(ExpressionPtr callee);
  base::Result<CallArguments> ParseCallArguments();
  base::Result<std::string> ParseDottedName();

  base::Result<ExpressionPtr> Make(Position position, decltype(Expression::node) node,
                                   int32_t children_height);

  NameId Intern(std::string_view name);
  void NoteRead(std::string_view name);
  NameId NoteStored(std::string_view name);
  base::Status CheckCalls() const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int loop_depth_ = 0;

  Ast ast_;
  std::unordered_map<std::string, NameId> name_ids_;
  SpecialNames special_;
  int closures_ = 0;  // things parsed so far that keep the variables around them alive

  // For the check of called names.
  std::vector<std::pair<std::string, Position>> called_;
  std::set<std::string, std::less<>> stored_;
  std::set<std::string, std::less<>> guarded_;  // asked for with `is defined`
};

// The height of the tallest of some trees, null ones counting 0.
template <typename... Pointers>
int32_t HeightOf(const Pointers&... trees) {
  return std::max({0, (trees == nullptr ? 0 : trees->height)...});
}
int32_t HeightOf(const CallArguments& arguments);

}  // namespace millrace::chat_template
