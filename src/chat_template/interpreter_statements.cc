#include <fmt/format.h>

#include <algorithm>

#include "chat_template/interpreter.h"
#include "chat_template/operators.h"
#include "chat_template/stringify.h"

namespace millrace::chat_template {

using base::Result;
using base::Status;

namespace {

// What keeping a scope to the end costs, so that their number bounds memory.
constexpr int64_t kKeptFrameSteps = 32;

}  // namespace

base::Result<Text> RenderAst(const Ast& ast, const Context& context, const RenderLimits& limits,
                             int64_t unix_seconds) {
  return Interpreter(ast, context, limits, unix_seconds).Run();
}

Value* Frame::Find(NameId name) {
  for (auto& [id, value] : variables) {
    if (id == name) {
      return &value;
    }
  }
  return nullptr;
}

void Frame::Store(NameId name, Value value) {
  if (Value* old = Find(name)) {
    *old = std::move(value);
  } else {
    variables.emplace_back(name, std::move(value));
  }
}

Loop::Loop(const For* loop_node, Frame* outer_frame, std::shared_ptr<const Sequence> items,
           int64_t recursion_depth)
    : Object(ObjectKind::kLoop),
      node(loop_node),
      outer(outer_frame),
      sequence(std::move(items)),
      depth0(recursion_depth) {
  depth = sequence->depth + 1;
}

Interpreter::ScopedFrame::ScopedFrame(Interpreter& interpreter, Frame* parent, bool captured) {
  if (captured) {
    interpreter.budget_.Debit(kKeptFrameSteps);
    interpreter.kept_frames_.push_back(std::make_unique<Frame>());
    frame_ = interpreter.kept_frames_.back().get();
  }
  frame_->parent = parent;
}

Interpreter::Interpreter(const Ast& ast, const Context& context, const RenderLimits& limits,
                         int64_t unix_seconds)
    : ast_(ast),
      budget_(limits.steps_max, limits.output_bytes_max),
      unix_seconds_(unix_seconds),
      inputs_(ast.names.size()) {
  for (size_t i = 0; i < ast.names.size(); ++i) {
    if (ast.names[i] == "loop") {
      loop_name_ = NameId{static_cast<int32_t>(i)};
    }
    for (const auto& [name, value] : context) {
      if (name == ast.names[i]) {
        inputs_[i] = value;
      }
    }
  }
}

Interpreter::~Interpreter() {
  // All are still held here, so that emptying one never destroys another in a chain.
  for (const auto& loop : changed_loops_) {
    loop->last_changed.reset();
  }
  for (const auto& space : namespaces_) {
    space->attributes.clear();
  }
}

Result<Text> Interpreter::Run() {
  Result<Flow> flow = Execute(ast_.body, root_);
  if (!flow.has_value()) {
    return std::move(flow).error();
  }
  return std::move(output_);
}

Status Interpreter::Enter() {
  TRY(budget_.Charge(1));
  if (depth_ >= kDepthMax) {
    return base::Error{base::ErrorKind::kResourceExhausted, "calls are nested too deeply"};
  }
  ++depth_;
  return {};
}

base::Error Interpreter::Located(base::Error error, Position position) {
  if (!located_) {
    located_ = true;
    error.message = fmt::format("chat template, line {}: {}", position.line, error.message);
  }
  return error;
}

std::shared_ptr<Namespace> Interpreter::MakeNamespace() {
  namespaces_.push_back(std::make_shared<Namespace>());
  return namespaces_.back();
}

Result<Interpreter::Flow> Interpreter::Execute(const Body& body, Frame& frame) {
  for (const std::unique_ptr<Statement>& statement : body) {
    Flow flow = TRY(Execute(*statement, frame));
    if (flow != Flow::kNormal) {
      return flow;
    }
  }
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::Execute(const Statement& statement, Frame& frame) {
  Status entered = Enter();
  if (!entered.has_value()) {
    return Located(std::move(entered).error(), statement.position);
  }
  Result<Flow> flow =
      std::visit([&](const auto& node) { return Run(node, frame); }, statement.node);
  --depth_;
  if (!flow.has_value()) {
    return Located(std::move(flow).error(), statement.position);
  }
  return flow;
}

Status Interpreter::Print(const Value& value) {
  if (value.is_string()) {
    TRY(budget_.ChargeText(value.text().size()));
    out_->Append(value.text());
  } else {
    Text text = TRY(ToText(*this, value));
    TRY(budget_.ChargeText(text.size()));
    out_->Append(text);
  }
  return budget_.LimitText(out_->size());
}

Result<Interpreter::Flow> Interpreter::Run(const Output& node, Frame& frame) {
  for (const ExpressionPtr& part : node.parts) {
    Value value = TRY(Evaluate(*part, frame));
    TRY(Print(value));
  }
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::Run(const If& node, Frame& frame) {
  for (const auto& [condition, body] : node.branches) {
    Value value = TRY(Evaluate(*condition, frame));
    if (value.Truth()) {
      return Execute(body, frame);
    }
  }
  return Execute(node.otherwise, frame);
}

Result<Value> Interpreter::Capture(const Body& body, Frame& frame) {
  Text captured;
  Text* outer = std::exchange(out_, &captured);
  Result<Flow> flow = Execute(body, frame);
  out_ = outer;
  if (!flow.has_value()) {
    return std::move(flow).error();
  }
  return Value::FromText(std::move(captured));
}

Result<Value> Interpreter::ApplyFilters(const FilterChain& filters, Value value, Frame& frame) {
  for (const ExpressionPtr& link : filters) {
    const auto& node = std::get<FilterExpression>(link->node);
    Arguments arguments = TRY(EvaluateArguments(node.arguments, frame));
    value = TRY(RunFilter(*this, node.filter, value, arguments));
  }
  return value;
}

Result<Interpreter::Flow> Interpreter::Run(const Set& node, Frame& frame) {
  Value value = TRY(Evaluate(*node.value, frame));
  TRY(Assign(node.target, std::move(value), frame));
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::Run(const SetBlock& node, Frame& frame) {
  ScopedFrame inner(*this, &frame, node.captured);
  Value text = TRY(Capture(node.body, *inner));
  Value value = TRY(ApplyFilters(node.filters, std::move(text), frame));
  TRY(Assign(node.target, std::move(value), frame));
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::Run(const FilterBlock& node, Frame& frame) {
  ScopedFrame inner(*this, &frame, node.captured);
  Value text = TRY(Capture(node.body, *inner));
  Value value = TRY(ApplyFilters(node.filters, std::move(text), frame));
  TRY(Print(value));
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::Run(const With& node, Frame& frame) {
  ScopedFrame inner(*this, &frame, node.captured);
  for (const auto& [target, expression] : node.bindings) {
    Value value = TRY(Evaluate(*expression, frame));
    TRY(Assign(target, std::move(value), *inner));
  }
  return Execute(node.body, *inner);
}

Result<Interpreter::Flow> Interpreter::Run(const MacroDefinition& node, Frame& frame) {
  TRY(budget_.ChargeNames(frame.variables.size()));
  frame.Store(node.name, Value::FromObject(std::make_shared<Macro>(&node.macro, &frame)));
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::Run(const CallBlock& node, Frame& frame) {
  Macro caller(&node.caller, &frame);
  Value value = TRY(CallWith(std::get<CallExpression>(node.call->node), frame, &caller));
  TRY(Print(value));
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::Run(const Scope& node, Frame& frame) {
  ScopedFrame inner(*this, node.from_root ? &root_ : &frame, node.captured);
  return Execute(node.body, *inner);
}

// ---- assignment ----

Status Interpreter::Assign(const Target& target, Value value, Frame& frame) {
  if (const auto* name = std::get_if<NameId>(&target.node)) {
    TRY(budget_.ChargeNames(frame.variables.size()));
    frame.Store(*name, std::move(value));
    return {};
  }
  if (const auto* attribute = std::get_if<NamespaceTarget>(&target.node)) {
    const Value* space = FindVariable(attribute->name, frame);
    if (space == nullptr || !space->is_object_kind(ObjectKind::kNamespace)) {
      return base::InvalidArgument("cannot assign attribute on non-namespace object");
    }
    if (attribute->attribute.starts_with('_')) {
      return base::InvalidArgument("attributes of a namespace cannot start with an underscore");
    }
    auto& attributes = static_cast<Namespace&>(*space->object());
    TRY(budget_.ChargeNames(attributes.attributes.size()));
    attributes.Set(attribute->attribute, std::move(value));
    return {};
  }
  const auto& targets = std::get<std::vector<Target>>(target.node);
  if (!IsIterable(value)) {
    return base::InvalidArgument(
        value.is_undefined()
            ? value.missing_message()
            : fmt::format("cannot unpack non-iterable {} object", value.TypeName()));
  }
  std::shared_ptr<const Sequence> sequence = TRY(Iterate(*this, value));
  if (sequence->items.size() != targets.size()) {
    return base::InvalidArgument(fmt::format("cannot unpack {} values into {} names",
                                             sequence->items.size(), targets.size()));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    TRY(Assign(targets[i], sequence->items[i], frame));
  }
  return {};
}

// ---- loops ----

Result<Interpreter::Flow> Interpreter::Run(const For& node, Frame& frame) {
  Value iterable = TRY(Evaluate(*node.iterable, frame));
  std::shared_ptr<const Sequence> items = TRY(Iterate(*this, iterable));
  return RunLoop(node, std::move(items), frame, 0);
}

Result<Interpreter::Flow> Interpreter::RunLoop(const For& node,
                                               std::shared_ptr<const Sequence> items, Frame& outer,
                                               int64_t depth0) {
  auto loop = std::make_shared<Loop>(&node, &outer, std::move(items), depth0);
  Value loop_value = Value::FromObject(loop);
  std::optional<ScopedFrame> inner;
  bool finished_a_round = false;
  while (true) {
    TRY(budget_.Charge(1));
    std::optional<Value> item;
    if (loop->ahead_begin < loop->ahead.size()) {
      item = std::move(loop->ahead[loop->ahead_begin++]);
    } else {
      item = TRY(FetchNext(*loop));
    }
    if (!item.has_value()) {
      break;
    }
    ++loop->index0;
    loop->previous = std::move(loop->current);
    loop->current = *item;
    if (!inner.has_value() || node.captured) {
      inner.emplace(*this, &outer, node.captured);
    } else {
      (**inner).variables.clear();
    }
    Frame& frame = **inner;
    if (loop_name_.has_value()) {
      frame.Store(*loop_name_, loop_value);
    }
    TRY(Assign(node.target, std::move(*item), frame));
    Flow flow = TRY(Execute(node.body, frame));
    if (flow == Flow::kBreak) {
      break;
    }
    finished_a_round = finished_a_round || flow == Flow::kNormal;
  }
  // As in jinja2, rounds that `continue` or `break` left early do not count.
  if (finished_a_round || node.otherwise.empty()) {
    return Flow::kNormal;
  }
  ScopedFrame otherwise(*this, &outer, true);
  return Execute(node.otherwise, *otherwise);
}

// The next item that meets the loop's condition.
Result<std::optional<Value>> Interpreter::FetchNext(Loop& loop) {
  const std::vector<Value>& items = loop.sequence->items;
  while (loop.cursor < items.size()) {
    const Value& item = items[loop.cursor++];
    if (loop.node->condition == nullptr) {
      return std::optional<Value>(item);
    }
    ScopedFrame frame(*this, loop.outer, false);
    TRY(Assign(loop.node->target, item, *frame));
    Value accepted = TRY(Evaluate(*loop.node->condition, *frame));
    if (accepted.Truth()) {
      return std::optional<Value>(item);
    }
  }
  return std::optional<Value>();
}

// Null at the end.
Result<const Value*> Interpreter::Peek(Loop& loop) {
  if (loop.ahead_begin == loop.ahead.size()) {
    std::optional<Value> item = TRY(FetchNext(loop));
    if (!item.has_value()) {
      return nullptr;
    }
    loop.ahead.clear();
    loop.ahead_begin = 0;
    loop.ahead.push_back(std::move(*item));
  }
  return &loop.ahead[loop.ahead_begin];
}

Result<int64_t> Interpreter::LoopLength(Loop& loop) {
  if (loop.node->condition == nullptr) {
    return static_cast<int64_t>(loop.sequence->items.size());
  }
  while (true) {
    std::optional<Value> item = TRY(FetchNext(loop));
    if (!item.has_value()) {
      break;
    }
    loop.ahead.push_back(std::move(*item));
  }
  return loop.index0 + 1 + static_cast<int64_t>(loop.ahead.size() - loop.ahead_begin);
}

Result<Value> Interpreter::LoopAttribute(Object& object, std::string_view name) {
  auto& loop = static_cast<Loop&>(object);
  if (name == "index0") {
    return Value::Int(loop.index0);
  }
  if (name == "index") {
    return Value::Int(loop.index0 + 1);
  }
  if (name == "first") {
    return Value::Bool(loop.index0 == 0);
  }
  if (name == "last" || name == "nextitem") {
    const Value* next = TRY(Peek(loop));
    if (name == "last") {
      return Value::Bool(next == nullptr);
    }
    return next != nullptr ? *next : Value::Undefined("there is no next item");
  }
  if (name == "previtem") {
    return loop.previous.has_value() ? *loop.previous
                                     : Value::Undefined("there is no previous item");
  }
  if (name == "length" || name == "revindex" || name == "revindex0") {
    int64_t length = TRY(LoopLength(loop));
    return Value::Int(name == "length"     ? length
                      : name == "revindex" ? length - loop.index0
                                           : length - loop.index0 - 1);
  }
  if (name == "depth" || name == "depth0") {
    return Value::Int(loop.depth0 + (name == "depth" ? 1 : 0));
  }
  return Value::Undefined(fmt::format("'LoopContext object' has no attribute '{}'", name));
}

}  // namespace millrace::chat_template
