#include <fmt/format.h>

#include <algorithm>

#include "chat_template/template_parser.h"

namespace millrace::chat_template {

using base::Result;

int32_t HeightOf(const CallArguments& arguments) {
  int32_t height = HeightOf(arguments.spread, arguments.spread_named);
  for (const ExpressionPtr& argument : arguments.positional) {
    height = std::max(height, argument->height);
  }
  for (const auto& [name, argument] : arguments.named) {
    height = std::max(height, argument->height);
  }
  return height;
}

namespace {

int32_t HeightOf(const std::vector<ExpressionPtr>& items) {
  int32_t height = 0;
  for (const ExpressionPtr& item : items) {
    height = std::max(height, item->height);
  }
  return height;
}

}  // namespace

Result<ExpressionPtr> TemplateParser::Make(Position position, decltype(Expression::node) node,
                                           int32_t children_height) {
  if (children_height >= kHeightMax) {
    return TemplateError(position, "the expression is nested too deeply");
  }
  return std::make_unique<Expression>(Expression{position, children_height + 1, std::move(node)});
}

bool TemplateParser::AtTupleEnd(std::string_view end_name) const {
  return current().kind == TokenKind::kVariableEnd || current().kind == TokenKind::kBlockEnd ||
         IsOperator(")") || (!end_name.empty() && IsName(end_name));
}

// One expression, or several with commas between them, which make a tuple. `end_name` is a name
// that may follow a trailing comma.
Result<ExpressionPtr> TemplateParser::ParseTuple(Ternary ternary, std::string_view end_name,
                                                 bool in_parentheses) {
  Position position = current().position;
  std::vector<ExpressionPtr> items;
  bool tuple = false;
  while (!AtTupleEnd(end_name)) {
    items.push_back(TRY(ParseExpression(ternary)));
    if (!SkipOperator(",")) {
      break;
    }
    tuple = true;
  }
  if (!tuple && !items.empty()) {
    return std::move(items[0]);
  }
  if (!tuple && !in_parentheses) {
    return Fail("expected an expression");
  }
  int32_t height = HeightOf(items);
  return Make(position, ListDisplay{std::move(items), true}, height);
}

Result<ExpressionPtr> TemplateParser::ParseExpression(Ternary ternary) {
  Nested nested(depth_);
  TRY(CheckNesting());
  Position position = current().position;
  ExpressionPtr value = TRY(ParseLogical(false));
  while (ternary == Ternary::kYes && SkipName("if")) {
    ExpressionPtr condition = TRY(ParseLogical(false));
    ExpressionPtr otherwise;
    if (SkipName("else")) {
      otherwise = TRY(ParseExpression());
    }
    int32_t height = chat_template::HeightOf(value, condition, otherwise);
    value = TRY(Make(position,
                     Conditional{std::move(condition), std::move(value), std::move(otherwise)},
                     height));
  }
  return value;
}

Result<ExpressionPtr> TemplateParser::ParseLogical(bool is_and) {
  Position position = current().position;
  ExpressionPtr left = TRY(is_and ? ParseNot() : ParseLogical(true));
  while (SkipName(is_and ? "and" : "or")) {
    ExpressionPtr right = TRY(is_and ? ParseNot() : ParseLogical(true));
    int32_t height = chat_template::HeightOf(left, right);
    left = TRY(Make(position, Logical{is_and, std::move(left), std::move(right)}, height));
  }
  return left;
}

Result<ExpressionPtr> TemplateParser::ParseNot() {
  Position position = current().position;
  if (!SkipName("not")) {
    return ParseComparison();
  }
  Nested nested(depth_);
  TRY(CheckNesting());
  ExpressionPtr operand = TRY(ParseNot());
  int32_t height = operand->height;
  return Make(position, Not{std::move(operand)}, height);
}

Result<ExpressionPtr> TemplateParser::ParseComparison() {
  constexpr std::pair<std::string_view, ComparisonOperator> kOperators[] = {
      {"==", ComparisonOperator::kEqual},  {"!=", ComparisonOperator::kNotEqual},
      {"<", ComparisonOperator::kLess},    {"<=", ComparisonOperator::kLessOrEqual},
      {">", ComparisonOperator::kGreater}, {">=", ComparisonOperator::kGreaterOrEqual},
  };
  Position position = current().position;
  ExpressionPtr first = TRY(ParseSum());
  std::vector<std::pair<ComparisonOperator, ExpressionPtr>> rest;
  int32_t height = first->height;
  while (true) {
    std::optional<ComparisonOperator> op;
    for (const auto& [text, candidate] : kOperators) {
      if (IsOperator(text)) {
        op = candidate;
      }
    }
    if (IsName("in")) {
      op = ComparisonOperator::kIn;
    } else if (IsName("not") && next().kind == TokenKind::kName && next().text == "in") {
      op = ComparisonOperator::kNotIn;
      Advance();
    }
    if (!op.has_value()) {
      break;
    }
    Advance();
    rest.emplace_back(*op, TRY(ParseSum()));
    height = std::max(height, rest.back().second->height);
  }
  if (rest.empty()) {
    return first;
  }
  return Make(position, Comparison{std::move(first), std::move(rest)}, height);
}

Result<ExpressionPtr> TemplateParser::ParseSum() {
  Position position = current().position;
  ExpressionPtr left = TRY(ParseConcatenation());
  while (IsOperator("+") || IsOperator("-")) {
    BinaryOperator op = IsOperator("+") ? BinaryOperator::kAdd : BinaryOperator::kSubtract;
    Advance();
    ExpressionPtr right = TRY(ParseConcatenation());
    int32_t height = chat_template::HeightOf(left, right);
    left = TRY(Make(position, Binary{op, std::move(left), std::move(right)}, height));
  }
  return left;
}

Result<ExpressionPtr> TemplateParser::ParseConcatenation() {
  Position position = current().position;
  std::vector<ExpressionPtr> parts;
  do {
    parts.push_back(TRY(ParseProduct()));
  } while (SkipOperator("~"));
  if (parts.size() == 1) {
    return std::move(parts[0]);
  }
  int32_t height = HeightOf(parts);
  return Make(position, Concatenation{std::move(parts)}, height);
}

Result<ExpressionPtr> TemplateParser::ParseProduct() {
  constexpr std::pair<std::string_view, BinaryOperator> kOperators[] = {
      {"*", BinaryOperator::kMultiply},
      {"/", BinaryOperator::kDivide},
      {"//", BinaryOperator::kFloorDivide},
      {"%", BinaryOperator::kModulo},
  };
  Position position = current().position;
  ExpressionPtr left = TRY(ParsePower());
  while (true) {
    const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                     [this](const auto& op) { return IsOperator(op.first); });
    if (found == std::end(kOperators)) {
      return left;
    }
    Advance();
    ExpressionPtr right = TRY(ParsePower());
    int32_t height = chat_template::HeightOf(left, right);
    left = TRY(Make(position, Binary{found->second, std::move(left), std::move(right)}, height));
  }
}

Result<ExpressionPtr> TemplateParser::ParsePower() {
  Position position = current().position;
  ExpressionPtr left = TRY(ParseUnary(true));
  while (SkipOperator("**")) {
    ExpressionPtr right = TRY(ParseUnary(true));
    int32_t height = chat_template::HeightOf(left, right);
    left = TRY(
        Make(position, Binary{BinaryOperator::kPower, std::move(left), std::move(right)}, height));
  }
  return left;
}

Result<ExpressionPtr> TemplateParser::ParseUnary(bool with_filters) {
  Nested nested(depth_);
  TRY(CheckNesting());
  Position position = current().position;
  ExpressionPtr value;
  if (IsOperator("-") || IsOperator("+")) {
    bool negative = IsOperator("-");
    Advance();
    ExpressionPtr operand = TRY(ParseUnary(false));
    int32_t height = operand->height;
    value = TRY(Make(position, Negation{std::move(operand), negative}, height));
  } else {
    value = TRY(ParsePrimary());
  }
  value = TRY(ParsePostfix(std::move(value)));
  return with_filters ? ParseFilters(std::move(value)) : Result<ExpressionPtr>(std::move(value));
}

Result<ExpressionPtr> TemplateParser::ParsePrimary() {
  const Token& token = current();
  Position position = token.position;
  if (token.kind == TokenKind::kName) {
    return ParseNamePrimary();
  }
  if (token.kind == TokenKind::kString) {
    std::string text;
    for (; current().kind == TokenKind::kString; Advance()) {
      text += current().text;
    }
    return Make(position, Constant{Value::Literal(std::move(text))}, 0);
  }
  if (token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat) {
    Value value =
        token.kind == TokenKind::kInteger ? Value::Int(token.integer) : Value::Float(token.real);
    Advance();
    return Make(position, Constant{std::move(value)}, 0);
  }
  if (SkipOperator("(")) {
    ExpressionPtr value = TRY(ParseTuple(Ternary::kYes, "", true));
    TRY(ExpectOperator(")"));
    return value;
  }
  if (IsOperator("[")) {
    return ParseList();
  }
  if (IsOperator("{")) {
    return ParseDict();
  }
  return Unexpected();
}

Result<ExpressionPtr> TemplateParser::ParseNamePrimary() {
  Position position = current().position;
  std::string name = current().text;
  Advance();
  if (name == "true" || name == "True" || name == "false" || name == "False") {
    return Make(position, Constant{Value::Bool(name == "true" || name == "True")}, 0);
  }
  if (name == "none" || name == "None") {
    return Make(position, Constant{Value::NoneValue()}, 0);
  }
  NoteRead(name);
  return Make(position, Name{Intern(name)}, 0);
}

Result<ExpressionPtr> TemplateParser::ParseList() {
  Position position = current().position;
  Advance();
  std::vector<ExpressionPtr> items;
  while (!IsOperator("]")) {
    items.push_back(TRY(ParseExpression()));
    if (!SkipOperator(",")) {
      break;
    }
  }
  TRY(ExpectOperator("]"));
  int32_t height = HeightOf(items);
  return Make(position, ListDisplay{std::move(items), false}, height);
}

Result<ExpressionPtr> TemplateParser::ParseDict() {
  Position position = current().position;
  Advance();
  DictDisplay dict;
  int32_t height = 0;
  while (!IsOperator("}")) {
    ExpressionPtr key = TRY(ParseExpression());
    TRY(ExpectOperator(":"));
    ExpressionPtr value = TRY(ParseExpression());
    height = std::max(height, chat_template::HeightOf(key, value));
    dict.entries.emplace_back(std::move(key), std::move(value));
    if (!SkipOperator(",")) {
      break;
    }
  }
  TRY(ExpectOperator("}"));
  return Make(position, std::move(dict), height);
}

Result<ExpressionPtr> TemplateParser::ParsePostfix(ExpressionPtr expression) {
  while (true) {
    if (IsOperator(".") || IsOperator("[")) {
      expression = TRY(ParseSubscript(std::move(expression)));
    } else if (IsOperator("(")) {
      expression = TRY(ParseCall(std::move(expression)));
    } else {
      return expression;
    }
  }
}

Result<ExpressionPtr> TemplateParser::ParseFilters(ExpressionPtr expression) {
  while (true) {
    if (SkipOperator("|")) {
      expression = TRY(ParseFilter(std::move(expression)));
    } else if (IsName("is")) {
      expression = TRY(ParseTest(std::move(expression)));
    } else if (IsOperator("(")) {
      expression = TRY(ParseCall(std::move(expression)));
    } else {
      return expression;
    }
  }
}

Result<ExpressionPtr> TemplateParser::ParseIndexTuple(ExpressionPtr first) {
  Position position = current().position;
  std::vector<ExpressionPtr> items;
  if (first != nullptr) {
    items.push_back(std::move(first));
  }
  while (SkipOperator(",")) {
    items.push_back(TRY(ParseExpression()));
  }
  int32_t height = HeightOf(items);
  return Make(position, ListDisplay{std::move(items), true}, height);
}

Result<ExpressionPtr> TemplateParser::ParseSubscript(ExpressionPtr object) {
  Position position = current().position;
  int32_t height = object->height;
  if (SkipOperator(".")) {
    if (current().kind == TokenKind::kInteger) {
      ExpressionPtr key = TRY(Make(position, Constant{Value::Int(current().integer)}, 0));
      Advance();
      return Make(position, ItemAccess{std::move(object), std::move(key)}, height);
    }
    std::string name = TRY(ExpectIdentifier());
    return Make(position, AttributeAccess{std::move(object), std::move(name)}, height);
  }
  Advance();
  ExpressionPtr parts[3];
  bool slice = false;
  for (size_t i = 0; i < 3; ++i) {
    if (!IsOperator(":") && !IsOperator("]")) {
      parts[i] = TRY(ParseExpression());
    }
    if (i < 2 && SkipOperator(":")) {
      slice = true;
      continue;
    }
    break;
  }
  if (!slice && (parts[0] == nullptr || IsOperator(","))) {
    parts[0] = TRY(ParseIndexTuple(std::move(parts[0])));
  }
  TRY(ExpectOperator("]"));
  height = std::max(height, chat_template::HeightOf(parts[0], parts[1], parts[2]));
  if (!slice) {
    return Make(position, ItemAccess{std::move(object), std::move(parts[0])}, height);
  }
  return Make(
      position,
      SliceAccess{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])},
      height);
}

Result<std::string> TemplateParser::ParseDottedName() {
  std::string name = TRY(ExpectIdentifier());
  while (SkipOperator(".")) {
    name += "." + TRY(ExpectIdentifier());
  }
  return name;
}

// After the '|'. A null input makes a link of a filter block's chain.
Result<ExpressionPtr> TemplateParser::ParseFilter(ExpressionPtr input) {
  Position position = current().position;
  std::string name = TRY(ParseDottedName());
  Filter filter = FindFilter(name);
  if (filter == nullptr) {
    return TemplateError(position, fmt::format("unknown filter '{}'", name));
  }
  CallArguments arguments;
  if (IsOperator("(")) {
    arguments = TRY(ParseCallArguments());
  }
  int32_t height = std::max(chat_template::HeightOf(input), chat_template::HeightOf(arguments));
  return Make(position, FilterExpression{std::move(input), filter, std::move(arguments)}, height);
}

Result<ExpressionPtr> TemplateParser::ParseTest(ExpressionPtr input) {
  Advance();
  bool negated = SkipName("not");
  Position position = current().position;
  std::string name = TRY(ParseDottedName());
  Test test = FindTest(name);
  if (test == nullptr) {
    return TemplateError(position, fmt::format("unknown test '{}'", name));
  }
  const auto* variable = std::get_if<Name>(&input->node);
  if (variable != nullptr && (name == "defined" || name == "undefined")) {
    guarded_.insert(ast_.names[static_cast<size_t>(variable->id)]);
  }
  CallArguments arguments;
  TokenKind kind = current().kind;
  bool starts_operand = kind == TokenKind::kName || kind == TokenKind::kString ||
                        kind == TokenKind::kInteger || kind == TokenKind::kFloat ||
                        IsOperator("[") || IsOperator("{");
  if (IsOperator("(")) {
    arguments = TRY(ParseCallArguments());
  } else if (starts_operand && !IsName("else") && !IsName("or") && !IsName("and")) {
    if (IsName("is")) {
      return Fail("tests with 'is' cannot be chained");
    }
    ExpressionPtr operand = TRY(ParsePrimary());
    arguments.positional.push_back(TRY(ParsePostfix(std::move(operand))));
  }
  int32_t height = std::max(input->height, chat_template::HeightOf(arguments));
  ExpressionPtr result =
      TRY(Make(position, TestExpression{std::move(input), test, std::move(arguments)}, height));
  if (!negated) {
    return result;
  }
  height = result->height;
  return Make(position, Not{std::move(result)}, height);
}

Result<ExpressionPtr> TemplateParser::ParseCall(ExpressionPtr callee) {
  Position position = current().position;
  if (const auto* name = std::get_if<Name>(&callee->node)) {
    called_.emplace_back(ast_.names[static_cast<size_t>(name->id)], callee->position);
  }
  CallArguments arguments = TRY(ParseCallArguments());
  int32_t height = std::max(callee->height, chat_template::HeightOf(arguments));
  return Make(position, CallExpression{std::move(callee), std::move(arguments)}, height);
}

Result<CallArguments> TemplateParser::ParseCallArguments() {
  TRY(ExpectOperator("("));
  CallArguments arguments;
  bool first = true;
  while (!IsOperator(")")) {
    if (!first) {
      TRY(ExpectOperator(","));
      if (IsOperator(")")) {
        break;
      }
    }
    first = false;
    bool spread_before = arguments.spread != nullptr || arguments.spread_named != nullptr;
    if (IsOperator("*") && !spread_before) {
      Advance();
      arguments.spread = TRY(ParseExpression());
    } else if (IsOperator("**") && arguments.spread_named == nullptr) {
      Advance();
      arguments.spread_named = TRY(ParseExpression());
    } else if (current().kind == TokenKind::kName && next().kind == TokenKind::kOperator &&
               next().text == "=" && arguments.spread_named == nullptr) {
      std::string name = current().text;
      Advance();
      Advance();
      ExpressionPtr value = TRY(ParseExpression());
      arguments.named.emplace_back(std::move(name), std::move(value));
    } else if (!spread_before && arguments.named.empty()) {
      arguments.positional.push_back(TRY(ParseExpression()));
    } else {
      return Fail("invalid order of the arguments of a call");
    }
  }
  TRY(ExpectOperator(")"));
  return arguments;
}

}  // namespace millrace::chat_template
