#include "chat_template/template_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "chat_template/parser.h"

namespace millrace::chat_template {

using base::Result;
using base::Status;

Result<Ast> Parse(std::string_view source) {
  if (source.size() > kSourceBytesMax) {
    return base::InvalidArgument(
        fmt::format("line 1, column 1: the template has {} bytes, more than the {} that are read",
                    source.size(), kSourceBytesMax));
  }
  if (!base::IsValidUtf8(source)) {
    return base::InvalidArgument("line 1, column 1: the template is not UTF-8");
  }
  std::vector<Token> tokens = TRY(Tokenize(source));
  return TemplateParser(std::move(tokens)).Run();
}

Result<Ast> TemplateParser::Run() {
  ast_.body = TRY(ParseBody({}));
  TRY(CheckCalls());
  return std::move(ast_);
}

// ---- tokens ----

Status TemplateParser::CheckNesting() const {
  if (depth_ > kNestingMax) {
    return Fail("the template is nested too deeply");
  }
  return {};
}

bool TemplateParser::SkipOperator(std::string_view text) {
  bool found = IsOperator(text);
  if (found) {
    Advance();
  }
  return found;
}

bool TemplateParser::SkipName(std::string_view text) {
  bool found = IsName(text);
  if (found) {
    Advance();
  }
  return found;
}

base::Error TemplateParser::Unexpected() const {
  switch (current().kind) {
    case TokenKind::kEnd:
      return Fail("unexpected end of the template");
    case TokenKind::kBlockEnd:
    case TokenKind::kVariableEnd:
      return Fail("unexpected end of the tag");
    case TokenKind::kText:
    case TokenKind::kBlockBegin:
    case TokenKind::kVariableBegin:
      return Fail("unexpected template text");
    case TokenKind::kString:
      return Fail("unexpected string");
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return Fail("unexpected number");
    case TokenKind::kName:
    case TokenKind::kOperator:
      return Fail(fmt::format("unexpected '{}'", current().text));
  }
  std::unreachable();
}

Status TemplateParser::ExpectOperator(std::string_view text) {
  if (!SkipOperator(text)) {
    return Fail(fmt::format("expected '{}'", text));
  }
  return {};
}

Status TemplateParser::ExpectName(std::string_view text) {
  if (!SkipName(text)) {
    return Fail(fmt::format("expected '{}'", text));
  }
  return {};
}

Result<std::string> TemplateParser::ExpectIdentifier() {
  if (current().kind != TokenKind::kName) {
    return Fail("expected a name");
  }
  std::string name = current().text;
  Advance();
  return name;
}

Status TemplateParser::Expect(TokenKind kind, std::string_view what) {
  if (current().kind != kind) {
    return Fail(fmt::format("expected {}", what));
  }
  Advance();
  return {};
}

// ---- names ----

NameId TemplateParser::Intern(std::string_view name) {
  auto [entry, added] =
      name_ids_.emplace(std::string(name), NameId{static_cast<int32_t>(ast_.names.size())});
  if (added) {
    ast_.names.emplace_back(name);
    ast_.functions.push_back(FindFunction(name));
  }
  return entry->second;
}

void TemplateParser::NoteRead(std::string_view name) {
  ast_.reads.emplace(name);
  special_.varargs = special_.varargs || name == "varargs";
  special_.kwargs = special_.kwargs || name == "kwargs";
  special_.caller = special_.caller || name == "caller";
}

NameId TemplateParser::NoteStored(std::string_view name) {
  stored_.emplace(name);
  return Intern(name);
}

Status TemplateParser::CheckCalls() const {
  for (const auto& [name, position] : called_) {
    bool special = name == "loop" || name == "caller";
    if (!special && FindFunction(name) == nullptr && !stored_.contains(name) &&
        !guarded_.contains(name)) {
      return TemplateError(position, fmt::format("unknown function '{}'", name));
    }
  }
  return {};
}

// ---- statements ----

// Statements up to a block tag named in `ends`, whose name is then current; to the template's end
// when there are none.
Result<Body> TemplateParser::ParseBody(std::initializer_list<std::string_view> ends) {
  Nested nested(depth_);
  TRY(CheckNesting());
  Body body;
  Output* output = nullptr;
  auto print = [&](Position position, ExpressionPtr expression) {
    if (output == nullptr) {
      body.push_back(std::make_unique<Statement>(Statement{position, Output{}}));
      output = &std::get<Output>(body.back()->node);
    }
    output->parts.push_back(std::move(expression));
  };
  while (current().kind != TokenKind::kEnd) {
    Position position = current().position;
    if (current().kind == TokenKind::kText) {
      Value text = Value::Literal(current().text);
      print(position, TRY(Make(position, Constant{std::move(text)}, 0)));
      Advance();
    } else if (current().kind == TokenKind::kVariableBegin) {
      Advance();
      print(position, TRY(ParseTuple(Ternary::kYes, "", false)));
      TRY(Expect(TokenKind::kVariableEnd, "'}}'"));
    } else {
      output = nullptr;
      TRY(Expect(TokenKind::kBlockBegin, "'{%'"));
      if (current().kind == TokenKind::kName &&
          std::find(ends.begin(), ends.end(), current().text) != ends.end()) {
        return body;
      }
      TRY(ParseStatement(body));
      TRY(Expect(TokenKind::kBlockEnd, "'%}'"));
    }
  }
  if (ends.size() != 0) {
    return Fail(fmt::format("the template ends where '{}' is missing", *(ends.end() - 1)));
  }
  return body;
}

// The rest of an opening tag, then its body.
Result<Body> TemplateParser::ParseBlockBody(std::initializer_list<std::string_view> ends) {
  SkipOperator(":");
  TRY(Expect(TokenKind::kBlockEnd, "'%}'"));
  return ParseBody(ends);
}

Result<Body> TemplateParser::ParseBlockToEnd(std::string_view end) {
  Body body = TRY(ParseBlockBody({end}));
  Advance();
  return body;
}

Status TemplateParser::ParseStatement(Body& body) {
  Position position = current().position;
  if (current().kind != TokenKind::kName) {
    return Fail("expected the name of a statement");
  }
  std::string tag = current().text;
  Advance();
  auto add = [&](decltype(Statement::node) node) {
    body.push_back(std::make_unique<Statement>(Statement{position, std::move(node)}));
  };
  if (tag == "if") {
    add(TRY(ParseIf()));
  } else if (tag == "for") {
    add(TRY(ParseFor()));
  } else if (tag == "set") {
    TRY(ParseSet(position, body));
  } else if (tag == "macro") {
    add(TRY(ParseMacro()));
  } else if (tag == "call") {
    add(TRY(ParseCallBlock()));
  } else if (tag == "filter") {
    add(TRY(ParseFilterBlock()));
  } else if (tag == "with") {
    add(TRY(ParseWith()));
  } else if (tag == "print") {
    add(TRY(ParsePrint()));
  } else if (tag == "generation") {
    add(TRY(ParseScope("endgeneration", false)));
  } else if (tag == "block") {
    add(TRY(ParseScope("endblock", true)));
  } else if (tag == "break" || tag == "continue") {
    if (loop_depth_ == 0) {
      return TemplateError(position, fmt::format("'{}' outside of a loop", tag));
    }
    tag == "break" ? add(Break{}) : add(Continue{});
  } else {
    return TemplateError(position, fmt::format("unknown statement '{}'", tag));
  }
  return {};
}

Result<If> TemplateParser::ParseIf() {
  If node;
  while (true) {
    ExpressionPtr condition = TRY(ParseTuple(Ternary::kNo, "", false));
    Body body = TRY(ParseBlockBody({"elif", "else", "endif"}));
    node.branches.emplace_back(std::move(condition), std::move(body));
    std::string tag = current().text;
    Advance();
    if (tag == "elif") {
      continue;
    }
    if (tag == "else") {
      node.otherwise = TRY(ParseBlockToEnd("endif"));
    }
    return node;
  }
}

Result<For> TemplateParser::ParseFor() {
  int closures_before = closures_;
  For node;
  node.target = TRY(ParseTarget(false));
  TRY(ExpectName("in"));
  node.iterable = TRY(ParseTuple(Ternary::kNo, "recursive", false));
  if (SkipName("if")) {
    node.condition = TRY(ParseExpression());
  }
  node.recursive = SkipName("recursive");
  ++loop_depth_;
  node.body = TRY(ParseBlockBody({"else", "endfor"}));
  --loop_depth_;
  node.captured = closures_ != closures_before;
  // The loop object of these evaluates in the variables around the loop, and may outlive them.
  closures_ += node.recursive || node.condition != nullptr ? 1 : 0;
  bool has_else = IsName("else");
  Advance();
  if (has_else) {
    node.otherwise = TRY(ParseBlockToEnd("endfor"));
  }
  return node;
}

Status TemplateParser::ParseSet(Position position, Body& body) {
  int closures_before = closures_;
  Target target = TRY(ParseTarget(true));
  auto add = [&](decltype(Statement::node) node) {
    body.push_back(std::make_unique<Statement>(Statement{position, std::move(node)}));
  };
  if (SkipOperator("=")) {
    ExpressionPtr value = TRY(ParseTuple(Ternary::kYes, "", false));
    add(Set{std::move(target), std::move(value)});
    return {};
  }
  FilterChain filters = TRY(ParseFilterChain());
  Body block = TRY(ParseBlockToEnd("endset"));
  add(SetBlock{std::move(target), std::move(filters), std::move(block),
               closures_ != closures_before});
  return {};
}

Result<FilterChain> TemplateParser::ParseFilterChain() {
  FilterChain filters;
  while (SkipOperator("|")) {
    filters.push_back(TRY(ParseFilter(nullptr)));
  }
  return filters;
}

Result<FilterBlock> TemplateParser::ParseFilterBlock() {
  int closures_before = closures_;
  FilterBlock node;
  node.filters.push_back(TRY(ParseFilter(nullptr)));
  FilterChain more = TRY(ParseFilterChain());
  std::move(more.begin(), more.end(), std::back_inserter(node.filters));
  node.body = TRY(ParseBlockToEnd("endfilter"));
  node.captured = closures_ != closures_before;
  return node;
}

Result<With> TemplateParser::ParseWith() {
  int closures_before = closures_;
  With node;
  while (current().kind != TokenKind::kBlockEnd) {
    if (!node.bindings.empty()) {
      TRY(ExpectOperator(","));
    }
    Target target = TRY(ParseTarget(false));
    TRY(ExpectOperator("="));
    ExpressionPtr value = TRY(ParseExpression());
    node.bindings.emplace_back(std::move(target), std::move(value));
  }
  node.body = TRY(ParseBlockToEnd("endwith"));
  node.captured = closures_ != closures_before;
  return node;
}

Result<Output> TemplateParser::ParsePrint() {
  Output node;
  while (current().kind != TokenKind::kBlockEnd) {
    if (!node.parts.empty()) {
      TRY(ExpectOperator(","));
    }
    node.parts.push_back(TRY(ParseExpression()));
  }
  return node;
}

Result<Scope> TemplateParser::ParseScope(std::string_view end, bool named) {
  int closures_before = closures_;
  Scope node;
  if (named) {
    TRY(ExpectIdentifier());
    node.from_root = !SkipName("scoped");
    SkipName("required");
  }
  int loop_depth = std::exchange(loop_depth_, 0);
  node.body = TRY(ParseBlockToEnd(end));
  loop_depth_ = loop_depth;
  if (named && current().kind == TokenKind::kName) {
    Advance();
  }
  node.captured = closures_ != closures_before;
  return node;
}

Status TemplateParser::ParseSignature(MacroBody& macro) {
  TRY(ExpectOperator("("));
  while (!IsOperator(")")) {
    if (!macro.parameters.empty()) {
      TRY(ExpectOperator(","));
    }
    std::string name = TRY(ExpectIdentifier());
    MacroBody::Parameter parameter{NoteStored(name), nullptr};
    if (SkipOperator("=")) {
      parameter.default_value = TRY(ParseExpression());
    } else if (!macro.parameters.empty() && macro.parameters.back().default_value != nullptr) {
      return Fail("a parameter without a default follows one with a default");
    }
    macro.parameters.push_back(std::move(parameter));
  }
  Advance();
  return {};
}

Status TemplateParser::ParseMacroBody(std::string_view end, MacroBody& macro) {
  int closures_before = closures_;
  SpecialNames outer = std::exchange(special_, {});
  int loop_depth = std::exchange(loop_depth_, 0);
  macro.body = TRY(ParseBlockToEnd(end));
  loop_depth_ = loop_depth;
  auto has_parameter = [&](std::string_view name) {
    return std::any_of(macro.parameters.begin(), macro.parameters.end(), [&](const auto& p) {
      return ast_.names[static_cast<size_t>(p.name)] == name;
    });
  };
  macro.takes_varargs = special_.varargs && !has_parameter("varargs");
  macro.takes_kwargs = special_.kwargs && !has_parameter("kwargs");
  macro.takes_caller = special_.caller && !has_parameter("caller");
  macro.captured = closures_ != closures_before;
  special_ = {special_.varargs || outer.varargs, special_.kwargs || outer.kwargs,
              special_.caller || outer.caller};
  ++closures_;
  return {};
}

Result<MacroDefinition> TemplateParser::ParseMacro() {
  MacroDefinition node;
  node.macro.name = TRY(ExpectIdentifier());
  node.name = NoteStored(node.macro.name);
  TRY(ParseSignature(node.macro));
  TRY(ParseMacroBody("endmacro", node.macro));
  return node;
}

Result<CallBlock> TemplateParser::ParseCallBlock() {
  CallBlock node;
  node.caller.name = "caller";
  if (IsOperator("(")) {
    TRY(ParseSignature(node.caller));
  }
  Position position = current().position;
  node.call = TRY(ParseExpression());
  if (!std::holds_alternative<CallExpression>(node.call->node)) {
    return TemplateError(position, "expected a call");
  }
  TRY(ParseMacroBody("endcall", node.caller));
  return node;
}

// ---- targets ----

Result<Target> TemplateParser::ParseTargetItem(bool with_namespace) {
  Position position = current().position;
  if (IsOperator("(")) {
    Nested nested(depth_);
    TRY(CheckNesting());
    Advance();
    std::vector<Target> items;
    while (!IsOperator(")")) {
      items.push_back(TRY(ParseTargetItem(with_namespace)));
      if (!SkipOperator(",")) {
        break;
      }
    }
    TRY(ExpectOperator(")"));
    return Target{position, std::move(items)};
  }
  std::string name = TRY(ExpectIdentifier());
  for (std::string_view reserved : {"true", "false", "none", "True", "False", "None"}) {
    if (name == reserved) {
      return TemplateError(position, fmt::format("cannot assign to '{}'", name));
    }
  }
  if (with_namespace && SkipOperator(".")) {
    std::string attribute = TRY(ExpectIdentifier());
    return Target{position, NamespaceTarget{Intern(name), std::move(attribute)}};
  }
  return Target{position, NoteStored(name)};
}

Result<Target> TemplateParser::ParseTarget(bool with_namespace) {
  Position position = current().position;
  Target first = TRY(ParseTargetItem(with_namespace));
  if (!IsOperator(",")) {
    return first;
  }
  std::vector<Target> items;
  items.push_back(std::move(first));
  while (SkipOperator(",")) {
    if (IsName("in") || IsOperator("=") || current().kind == TokenKind::kBlockEnd) {
      break;
    }
    items.push_back(TRY(ParseTargetItem(with_namespace)));
  }
  return Target{position, std::move(items)};
}

}  // namespace millrace::chat_template
