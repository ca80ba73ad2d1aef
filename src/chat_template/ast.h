// A parsed template. Immutable once parsed; names are numbers into Ast::names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat_template/builtins.h"
#include "chat_template/lexer.h"
#include "chat_template/operators.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;
struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

// Index of a variable's name in Ast::names.
enum class NameId : int32_t {};

// ---- expressions ----

struct Constant {
  Value value;
};
struct Name {
  NameId id;
};
struct ListDisplay {
  std::vector<ExpressionPtr> items;
  bool tuple = false;
};
struct DictDisplay {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};
struct Negation {  // unary minus; unary plus is `negative` = false
  ExpressionPtr operand;
  bool negative = true;
};
struct Not {
  ExpressionPtr operand;
};
struct Binary {
  BinaryOperator op;
  ExpressionPtr left;
  ExpressionPtr right;
};
struct Logical {
  bool is_and = false;
  ExpressionPtr left;
  ExpressionPtr right;
};
enum class ComparisonOperator {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIn,
  kNotIn
};
struct Comparison {  // a < b < c
  ExpressionPtr first;
  std::vector<std::pair<ComparisonOperator, ExpressionPtr>> rest;
};
struct Concatenation {
  std::vector<ExpressionPtr> parts;
};
struct Conditional {
  ExpressionPtr condition;
  ExpressionPtr then;
  ExpressionPtr otherwise;  // may be null: undefined
};
struct AttributeAccess {
  ExpressionPtr object;
  std::string name;
};
struct ItemAccess {
  ExpressionPtr object;
  ExpressionPtr key;
};
struct SliceAccess {
  ExpressionPtr object;
  ExpressionPtr start, stop, step;  // each may be null
};
struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread;        // *expression, may be null
  ExpressionPtr spread_named;  // **expression, may be null
};
struct CallExpression {
  ExpressionPtr callee;
  CallArguments arguments;
};
struct FilterExpression {
  ExpressionPtr input;  // null in filter blocks: the block's text
  Filter filter = nullptr;
  CallArguments arguments;
};
struct TestExpression {
  ExpressionPtr input;
  Test test = nullptr;
  CallArguments arguments;
};

struct Expression {
  Position position;
  int32_t height = 1;  // of the tree; bounded, so that walks may recurse
  std::variant<Constant, Name, ListDisplay, DictDisplay, Negation, Not, Binary, Logical, Comparison,
               Concatenation, Conditional, AttributeAccess, ItemAccess, SliceAccess, CallExpression,
               FilterExpression, TestExpression>
      node;
};

// ---- statements ----

struct Target;
struct NamespaceTarget {
  NameId name;
  std::string attribute;
};
// What an assignment or a loop binds.
struct Target {
  Position position;
  std::variant<NameId, NamespaceTarget, std::vector<Target>> node;
};

struct Output {  // text and values to print
  std::vector<ExpressionPtr> parts;
};
struct If {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct For {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  // may be null
  bool recursive = false;
  bool captured = false;  // holds a macro, or calls itself: its variables outlive an iteration
  Body body;
  Body otherwise;
};
struct Set {
  Target target;
  ExpressionPtr value;
};
// Filters applied to a block's text, in order.
using FilterChain = std::vector<ExpressionPtr>;
struct SetBlock {
  Target target;
  FilterChain filters;
  Body body;
  bool captured = false;
};
struct FilterBlock {
  FilterChain filters;
  Body body;
  bool captured = false;
};
struct With {
  std::vector<std::pair<Target, ExpressionPtr>> bindings;
  Body body;
  bool captured = false;
};
struct MacroBody {
  std::string name;
  struct Parameter {
    NameId name;
    ExpressionPtr default_value;  // may be null
  };
  std::vector<Parameter> parameters;
  Body body;
  // Which of the special names the body reads, and so takes.
  bool takes_varargs = false;
  bool takes_kwargs = false;
  bool takes_caller = false;
  bool captured = false;
};
struct MacroDefinition {
  NameId name;
  MacroBody macro;
};
struct CallBlock {
  ExpressionPtr call;  // a CallExpression
  MacroBody caller;
};
struct Scope {  // `block`, `generation`: a body with its own variables
  Body body;
  bool from_root = false;  // sees only the outermost variables
  bool captured = false;
};
struct Break {};
struct Continue {};

struct Statement {
  Position position;
  std::variant<Output, If, For, Set, SetBlock, FilterBlock, With, MacroDefinition, CallBlock, Scope,
               Break, Continue>
      node;
};

struct Ast {
  Body body;
  std::vector<std::string> names;
  std::set<std::string, std::less<>> reads;  // names whose values the template uses
  std::vector<Function>
      functions;  // by name: the built-in function it is when no variable has it, or null
};

}  // namespace millrace::chat_template
