#include <fmt/format.h>

#include <algorithm>

#include "chat_template/interpreter.h"
#include "chat_template/methods.h"
#include "chat_template/operators.h"
#include "chat_template/stringify.h"

namespace millrace::chat_template {

using base::Result;
using base::Status;

Result<Value> Interpreter::Evaluate(const Expression& expression, Frame& frame) {
  Status entered = Enter();
  if (!entered.has_value()) {
    return Located(std::move(entered).error(), expression.position);
  }
  Result<Value> value =
      std::visit([&](const auto& node) { return Get(node, frame); }, expression.node);
  --depth_;
  if (!value.has_value()) {
    return Located(std::move(value).error(), expression.position);
  }
  if (value->depth() > kValueDepthMax) {
    return Located({base::ErrorKind::kResourceExhausted, "a value is nested too deeply"},
                   expression.position);
  }
  return value;
}

const Value* Interpreter::FindVariable(NameId name, Frame& frame) {
  for (Frame* scope = &frame; scope != nullptr; scope = scope->parent) {
    budget_.Debit(static_cast<int64_t>(scope->variables.size() / 16));
    if (const Value* value = scope->Find(name)) {
      return value;
    }
  }
  const std::optional<Value>& input = inputs_[static_cast<size_t>(name)];
  return input.has_value() ? &*input : nullptr;
}

Result<Value> Interpreter::Get(const Name& node, Frame& frame) {
  if (const Value* value = FindVariable(node.id, frame)) {
    return *value;
  }
  if (Function function = ast_.functions[static_cast<size_t>(node.id)]) {
    return Value::FromObject(std::make_shared<FunctionObject>(function));
  }
  return Value::Undefined(
      fmt::format("'{}' is undefined", Shortened(ast_.names[static_cast<size_t>(node.id)])));
}

Result<Value> Interpreter::Get(const ListDisplay& node, Frame& frame) {
  std::vector<Value> items;
  items.reserve(node.items.size());
  for (const ExpressionPtr& item : node.items) {
    items.push_back(TRY(Evaluate(*item, frame)));
  }
  return Value::List(std::move(items), node.tuple ? SequenceKind::kTuple : SequenceKind::kList);
}

Result<Value> Interpreter::Get(const DictDisplay& node, Frame& frame) {
  Dict dict;
  for (const auto& [key_expression, value_expression] : node.entries) {
    Value key = TRY(Evaluate(*key_expression, frame));
    Value value = TRY(Evaluate(*value_expression, frame));
    if (!key.Hashable()) {
      return base::InvalidArgument(fmt::format("unhashable type: '{}'", key.TypeName()));
    }
    TRY(ChargeLookup(*this, dict, key));
    dict.Set(std::move(key), std::move(value));
  }
  return Value::FromDict(std::move(dict));
}

Result<Value> Interpreter::Get(const Negation& node, Frame& frame) {
  Value operand = TRY(Evaluate(*node.operand, frame));
  if (node.negative) {
    return Negate(operand);
  }
  return Apply(*this, BinaryOperator::kAdd, operand, Value::Int(0));
}

Result<Value> Interpreter::Get(const Not& node, Frame& frame) {
  Value operand = TRY(Evaluate(*node.operand, frame));
  return Value::Bool(!operand.Truth());
}

Result<Value> Interpreter::Get(const Binary& node, Frame& frame) {
  Value left = TRY(Evaluate(*node.left, frame));
  Value right = TRY(Evaluate(*node.right, frame));
  return Apply(*this, node.op, left, right);
}

Result<Value> Interpreter::Get(const Logical& node, Frame& frame) {
  Value left = TRY(Evaluate(*node.left, frame));
  return left.Truth() == node.is_and ? Evaluate(*node.right, frame) : Result<Value>(left);
}

Result<Value> Interpreter::Get(const Comparison& node, Frame& frame) {
  Value left = TRY(Evaluate(*node.first, frame));
  for (const auto& [op, expression] : node.rest) {
    Value right = TRY(Evaluate(*expression, frame));
    bool holds = false;
    switch (op) {
      case ComparisonOperator::kEqual:
        holds = TRY(Equals(*this, left, right));
        break;
      case ComparisonOperator::kNotEqual:
        holds = !TRY(Equals(*this, left, right));
        break;
      case ComparisonOperator::kLess:
        holds = std::is_lt(TRY(Compare(*this, left, right)));
        break;
      case ComparisonOperator::kLessOrEqual:
        holds = std::is_lteq(TRY(Compare(*this, left, right)));
        break;
      case ComparisonOperator::kGreater:
        holds = std::is_gt(TRY(Compare(*this, left, right)));
        break;
      case ComparisonOperator::kGreaterOrEqual:
        holds = std::is_gteq(TRY(Compare(*this, left, right)));
        break;
      case ComparisonOperator::kIn:
        holds = TRY(Contains(*this, right, left));
        break;
      case ComparisonOperator::kNotIn:
        holds = !TRY(Contains(*this, right, left));
        break;
    }
    if (!holds) {
      return Value::Bool(false);
    }
    left = std::move(right);
  }
  return Value::Bool(true);
}

Result<Value> Interpreter::Get(const Concatenation& node, Frame& frame) {
  Text text;
  for (const ExpressionPtr& part : node.parts) {
    Value value = TRY(Evaluate(*part, frame));
    Text piece = TRY(ToText(*this, value));
    TRY(budget_.ChargeText(piece.size()));
    TRY(budget_.LimitText(text.size()));
    text.Append(piece);
  }
  return Value::FromText(std::move(text));
}

Result<Value> Interpreter::Get(const Conditional& node, Frame& frame) {
  Value condition = TRY(Evaluate(*node.condition, frame));
  if (condition.Truth()) {
    return Evaluate(*node.then, frame);
  }
  if (node.otherwise == nullptr) {
    return Value::Undefined(
        "the inline if-expression evaluated to false and no else section was defined.");
  }
  return Evaluate(*node.otherwise, frame);
}

Result<Value> Interpreter::Get(const AttributeAccess& node, Frame& frame) {
  Value object = TRY(Evaluate(*node.object, frame));
  if (object.is_object_kind(ObjectKind::kLoop) &&
      (node.name == "cycle" || node.name == "changed")) {
    return Value::FromObject(std::make_shared<BoundMethod>(object, node.name));
  }
  return GetAttribute(*this, object, node.name);
}

Result<Value> Interpreter::Get(const ItemAccess& node, Frame& frame) {
  Value object = TRY(Evaluate(*node.object, frame));
  Value key = TRY(Evaluate(*node.key, frame));
  return GetItem(*this, object, key);
}

Result<Value> Interpreter::Get(const SliceAccess& node, Frame& frame) {
  Value object = TRY(Evaluate(*node.object, frame));
  SliceBounds bounds;
  if (node.start != nullptr) {
    bounds.start = TRY(Evaluate(*node.start, frame));
  }
  if (node.stop != nullptr) {
    bounds.stop = TRY(Evaluate(*node.stop, frame));
  }
  if (node.step != nullptr) {
    bounds.step = TRY(Evaluate(*node.step, frame));
  }
  return GetSlice(*this, object, bounds);
}

Result<Value> Interpreter::Get(const FilterExpression& node, Frame& frame) {
  Value input = TRY(Evaluate(*node.input, frame));
  Arguments arguments = TRY(EvaluateArguments(node.arguments, frame));
  return RunFilter(*this, node.filter, input, arguments);
}

Result<Value> Interpreter::Get(const TestExpression& node, Frame& frame) {
  Value input = TRY(Evaluate(*node.input, frame));
  Arguments arguments = TRY(EvaluateArguments(node.arguments, frame));
  return Value::Bool(TRY(RunTest(*this, node.test, input, arguments)));
}

// ---- calls ----

Result<Arguments> Interpreter::EvaluateArguments(const CallArguments& nodes, Frame& frame) {
  Arguments arguments;
  arguments.positional.reserve(nodes.positional.size());
  for (const ExpressionPtr& node : nodes.positional) {
    arguments.positional.push_back(TRY(Evaluate(*node, frame)));
  }
  for (const auto& [name, node] : nodes.named) {
    arguments.named.emplace_back(name, TRY(Evaluate(*node, frame)));
  }
  if (nodes.spread != nullptr) {
    Value spread = TRY(Evaluate(*nodes.spread, frame));
    std::shared_ptr<const Sequence> items = TRY(Iterate(*this, spread));
    TRY(budget_.ChargeItems(items->items.size()));
    arguments.positional.insert(arguments.positional.end(), items->items.begin(),
                                items->items.end());
  }
  if (nodes.spread_named != nullptr) {
    Value spread = TRY(Evaluate(*nodes.spread_named, frame));
    if (!spread.is_dict()) {
      return base::InvalidArgument("the argument after ** must be a mapping");
    }
    TRY(budget_.ChargeItems(spread.dict().size()));
    for (const auto& [key, value] : spread.dict().entries()) {
      if (!key.is_string()) {
        return base::InvalidArgument("keywords must be strings");
      }
      arguments.named.emplace_back(key.bytes(), value);
    }
  }
  return arguments;
}

Result<Value> Interpreter::Get(const CallExpression& node, Frame& frame) {
  return CallWith(node, frame, nullptr);
}

// `caller` is passed on under that name by call blocks.
Result<Value> Interpreter::CallWith(const CallExpression& node, Frame& frame, const Macro* caller) {
  const auto* attribute = std::get_if<AttributeAccess>(&node.callee->node);
  Value callee;
  if (attribute != nullptr) {
    // Calls a method without making a value of it first.
    Value object = TRY(Evaluate(*attribute->object, frame));
    if (caller == nullptr && FindMethod(object, attribute->name) == MethodAccess::kCallable) {
      Arguments arguments = TRY(EvaluateArguments(node.arguments, frame));
      return CallMethod(*this, object, attribute->name, arguments);
    }
    bool loop_method = object.is_object_kind(ObjectKind::kLoop) &&
                       (attribute->name == "cycle" || attribute->name == "changed");
    callee = loop_method ? Value::FromObject(std::make_shared<BoundMethod>(object, attribute->name))
                         : TRY(GetAttribute(*this, object, attribute->name));
  } else {
    callee = TRY(Evaluate(*node.callee, frame));
  }
  Arguments arguments = TRY(EvaluateArguments(node.arguments, frame));
  if (caller != nullptr) {
    arguments.named.emplace_back(
        "caller", Value::FromObject(std::make_shared<Macro>(caller->body, caller->frame)));
  }
  return Call(callee, std::move(arguments));
}

Result<Value> Interpreter::Call(const Value& callee, Arguments arguments) {
  if (callee.is_undefined()) {
    return base::InvalidArgument(callee.missing_message());
  }
  if (callee.is_object_kind(ObjectKind::kMacro)) {
    return CallMacro(static_cast<const Macro&>(*callee.object()), std::move(arguments));
  }
  if (callee.is_object_kind(ObjectKind::kFunction)) {
    return static_cast<const FunctionObject&>(*callee.object()).function(*this, arguments);
  }
  if (callee.is_object_kind(ObjectKind::kLoop)) {
    return Recurse(static_cast<Loop&>(*callee.object()), arguments);
  }
  if (callee.is_object_kind(ObjectKind::kBoundMethod)) {
    const auto& method = static_cast<const BoundMethod&>(*callee.object());
    if (method.receiver.is_object_kind(ObjectKind::kLoop)) {
      return CallLoopMethod(method.receiver.object(), method.name, arguments);
    }
    return CallMethod(*this, method.receiver, method.name, arguments);
  }
  return base::InvalidArgument(fmt::format("'{}' object is not callable", callee.TypeName()));
}

// Fills the macro's frame: parameters, then the special names it reads.
Status Interpreter::BindParameters(const Macro& macro, Arguments& arguments, Frame& frame) {
  const MacroBody& body = *macro.body;
  TRY(budget_.ChargeNames(body.parameters.size() * (arguments.named.size() + 1)));
  TRY(budget_.ChargeNames(ast_.names.size()));
  auto take_named = [&](std::string_view name) -> std::optional<Value> {
    for (auto named = arguments.named.begin(); named != arguments.named.end(); ++named) {
      if (named->first == name) {
        Value value = std::move(named->second);
        arguments.named.erase(named);
        return value;
      }
    }
    return std::nullopt;
  };
  auto name_of = [&](NameId id) -> const std::string& {
    return ast_.names[static_cast<size_t>(id)];
  };
  std::vector<bool> missing(body.parameters.size());
  for (size_t i = 0; i < body.parameters.size(); ++i) {
    NameId id = body.parameters[i].name;
    std::optional<Value> value;
    if (i < arguments.positional.size()) {
      value = arguments.positional[i];
    } else {
      value = take_named(name_of(id));
    }
    missing[i] = !value.has_value();
    frame.Store(id, value.has_value()
                        ? std::move(*value)
                        : Value::Undefined(fmt::format("parameter '{}' was not provided",
                                                       Shortened(name_of(id)))));
  }
  auto store_special = [&](std::string_view name, Value value) {
    auto found = std::find(ast_.names.begin(), ast_.names.end(), name);
    frame.Store(NameId{static_cast<int32_t>(found - ast_.names.begin())}, std::move(value));
  };
  if (body.takes_caller) {
    store_special("caller", take_named("caller").value_or(Value::Undefined("No caller defined")));
  }
  if (body.takes_kwargs) {
    TRY(budget_.ChargeItems(arguments.named.size() * 4));
    Dict rest;
    for (auto& [name, value] : arguments.named) {
      rest.Set(Value::Data(name), std::move(value));
    }
    store_special("kwargs", Value::FromDict(std::move(rest)));
  } else if (!arguments.named.empty()) {
    return base::InvalidArgument(fmt::format("macro '{}' takes no keyword argument '{}'",
                                             Shortened(body.name),
                                             Shortened(arguments.named[0].first)));
  }
  size_t positional = std::min(arguments.positional.size(), body.parameters.size());
  if (body.takes_varargs) {
    store_special("varargs", Value::Tuple({arguments.positional.begin() +
                                               static_cast<std::ptrdiff_t>(positional),
                                           arguments.positional.end()}));
  } else if (arguments.positional.size() > body.parameters.size()) {
    return base::InvalidArgument(fmt::format("macro '{}' takes not more than {} argument(s)",
                                             body.name, body.parameters.size()));
  }
  for (size_t i = 0; i < body.parameters.size(); ++i) {
    if (missing[i] && body.parameters[i].default_value != nullptr) {
      Value value = TRY(Evaluate(*body.parameters[i].default_value, frame));
      frame.Store(body.parameters[i].name, std::move(value));
    }
  }
  return {};
}

Result<Value> Interpreter::CallMacro(const Macro& macro, Arguments arguments) {
  ScopedFrame frame(*this, macro.frame, macro.body->captured);
  TRY(BindParameters(macro, arguments, *frame));
  return Capture(macro.body->body, *frame);
}

// `loop(items)`: the body of a recursive loop over other items.
Result<Value> Interpreter::Recurse(Loop& loop, const Arguments& arguments) {
  if (!loop.node->recursive) {
    return base::InvalidArgument(
        "The loop must have the 'recursive' marker to be called recursively.");
  }
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    return base::InvalidArgument("loop() takes one argument");
  }
  std::shared_ptr<const Sequence> items = TRY(Iterate(*this, arguments.positional[0]));
  Text captured;
  Text* outer = std::exchange(out_, &captured);
  Result<Flow> flow = RunLoop(*loop.node, std::move(items), *loop.outer, loop.depth0 + 1);
  out_ = outer;
  if (!flow.has_value()) {
    return std::move(flow).error();
  }
  return Value::FromText(std::move(captured));
}

Result<Value> Interpreter::CallLoopMethod(const std::shared_ptr<Object>& object,
                                          std::string_view name, const Arguments& arguments) {
  auto loop = std::static_pointer_cast<Loop>(object);
  if (name == "cycle") {
    if (arguments.positional.empty()) {
      return base::InvalidArgument("no items for cycling given");
    }
    auto index = static_cast<size_t>(std::max<int64_t>(loop->index0, 0));
    return arguments.positional[index % arguments.positional.size()];
  }
  bool same = loop->last_changed.has_value() && TRY(Equals(*this, Value::Tuple(*loop->last_changed),
                                                           Value::Tuple(arguments.positional)));
  if (!same) {
    if (!loop->last_changed.has_value()) {
      changed_loops_.push_back(loop);
    }
    loop->last_changed = arguments.positional;
  }
  return Value::Bool(!same);
}

}  // namespace millrace::chat_template
