// Runs a parsed template.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "chat_template/ast.h"
#include "chat_template/runtime.h"
#include "chat_template/template.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

// What the template is rendered with: names and values.
using Context = std::vector<std::pair<std::string, Value>>;

// The rendered text, with the origin of every byte. Errors: as Template::Render.
base::Result<Text> RenderAst(const Ast& ast, const Context& context, const RenderLimits& limits,
                             int64_t unix_seconds);

// The variables of one scope. A scope ends with its block, unless something that it holds may be
// called later.
struct Frame {
  Frame* parent = nullptr;
  std::vector<std::pair<NameId, Value>> variables;

  Value* Find(NameId name);
  void Store(NameId name, Value value);
};

// A macro, or the body of a call block, with the variables around it.
struct Macro : Object {
  Macro(const MacroBody* macro_body, Frame* defining_frame)
      : Object(ObjectKind::kMacro), body(macro_body), frame(defining_frame) {}
  const MacroBody* const body;
  Frame* const frame;
};

// A running loop, which is also the value of `loop`. Items are taken one at a time, because the
// condition of a loop may depend on what its body did.
struct Loop : Object {
  Loop(const For* loop_node, Frame* outer_frame, std::shared_ptr<const Sequence> items,
       int64_t recursion_depth);

  const For* const node;
  Frame* const outer;
  const std::shared_ptr<const Sequence> sequence;
  const int64_t depth0;

  size_t cursor = 0;         // items looked at
  std::vector<Value> ahead;  // accepted items not yet visited, from ahead_begin
  size_t ahead_begin = 0;
  int64_t index0 = -1;
  std::optional<Value> previous;
  std::optional<Value> current;
  std::optional<std::vector<Value>> last_changed;
};

class Interpreter : public Runtime {
 public:
  Interpreter(const Ast& ast, const Context& context, const RenderLimits& limits,
              int64_t unix_seconds);
  ~Interpreter() override;

  base::Result<Text> Run();

  Budget& budget() override { return budget_; }
  int64_t unix_seconds() const override { return unix_seconds_; }
  base::Result<Value> Call(const Value& callee, Arguments arguments) override;
  base::Result<Value> LoopAttribute(Object& loop, std::string_view name) override;
  std::shared_ptr<Namespace> MakeNamespace() override;

 private:
  // Calls and statements within each other, as in a macro that calls itself.
  static constexpr int kDepthMax = 1000;
  static constexpr uint32_t kValueDepthMax = 250;

  enum class Flow { kNormal, kBreak, kContinue };

  // A scope for one block: kept to the end of the rendering when it is captured.
  class ScopedFrame;

  // ---- statements: interpreter_statements.cc ----
  base::Result<Flow> Execute(const Body& body, Frame& frame);
  base::Result<Flow> Execute(const Statement& statement, Frame& frame);
  base::Result<Flow> Run(const Output& node, Frame& frame);
  base::Result<Flow> Run(const If& node, Frame& frame);
  base::Result<Flow> Run(const For& node, Frame& frame);
  base::Result<Flow> Run(const Set& node, Frame& frame);
  base::Result<Flow> Run(const SetBlock& node, Frame& frame);
  base::Result<Flow> Run(const FilterBlock& node, Frame& frame);
  base::Result<Flow> Run(const With& node, Frame& frame);
  base::Result<Flow> Run(const MacroDefinition& node, Frame& frame);
  base::Result<Flow> Run(const CallBlock& node, Frame& frame);
  base::Result<Flow> Run(const Scope& node, Frame& frame);
  base::Result<Flow> Run(const Break&, Frame&) { return Flow::kBreak; }
  base::Result<Flow> Run(const Continue&, Frame&) { return Flow::kContinue; }

  base::Status Print(const Value& value);
  // What a body prints, as a value.
  base::Result<Value> Capture(const Body& body, Frame& frame);
  base::Result<Value> ApplyFilters(const FilterChain& filters, Value value, Frame& frame);
  base::Status Assign(const Target& target, Value value, Frame& frame);
  base::Result<Flow> RunLoop(const For& node, std::shared_ptr<const Sequence> items, Frame& outer,
                             int64_t depth0);
  base::Result<std::optional<Value>> FetchNext(Loop& loop);
  base::Result<const Value*> Peek(Loop& loop);
  base::Result<int64_t> LoopLength(Loop& loop);

  // ---- expressions: interpreter_expressions.cc ----
  base::Result<Value> Evaluate(const Expression& expression, Frame& frame);
  base::Result<Value> Get(const Constant& node, Frame&) { return node.value; }
  base::Result<Value> Get(const Name& node, Frame& frame);
  base::Result<Value> Get(const ListDisplay& node, Frame& frame);
  base::Result<Value> Get(const DictDisplay& node, Frame& frame);
  base::Result<Value> Get(const Negation& node, Frame& frame);
  base::Result<Value> Get(const Not& node, Frame& frame);
  base::Result<Value> Get(const Binary& node, Frame& frame);
  base::Result<Value> Get(const Logical& node, Frame& frame);
  base::Result<Value> Get(const Comparison& node, Frame& frame);
  base::Result<Value> Get(const Concatenation& node, Frame& frame);
  base::Result<Value> Get(const Conditional& node, Frame& frame);
  base::Result<Value> Get(const AttributeAccess& node, Frame& frame);
  base::Result<Value> Get(const ItemAccess& node, Frame& frame);
  base::Result<Value> Get(const SliceAccess& node, Frame& frame);
  base::Result<Value> Get(const CallExpression& node, Frame& frame);
  base::Result<Value> Get(const FilterExpression& node, Frame& frame);
  base::Result<Value> Get(const TestExpression& node, Frame& frame);

  const Value* FindVariable(NameId name, Frame& frame);
  base::Result<Arguments> EvaluateArguments(const CallArguments& arguments, Frame& frame);
  base::Result<Value> CallWith(const CallExpression& node, Frame& frame, const Macro* caller);
  base::Result<Value> CallMacro(const Macro& macro, Arguments arguments);
  base::Status BindParameters(const Macro& macro, Arguments& arguments, Frame& frame);
  base::Result<Value> CallLoopMethod(const std::shared_ptr<Object>& object, std::string_view name,
                                     const Arguments& arguments);
  base::Result<Value> Recurse(Loop& loop, const Arguments& arguments);

  base::Status Enter();
  // Adds the place to an error that has none yet.
  base::Error Located(base::Error error, Position position);

  const Ast& ast_;
  Budget budget_;
  const int64_t unix_seconds_;
  std::vector<std::optional<Value>> inputs_;  // the context, by name
  std::optional<NameId> loop_name_;

  Frame root_;
  std::vector<std::unique_ptr<Frame>> kept_frames_;
  // What a template can tie into cycles; untied at the end.
  std::vector<std::shared_ptr<Namespace>> namespaces_;
  std::vector<std::shared_ptr<Loop>> changed_loops_;

  Text output_;
  Text* out_ = &output_;  // where Print goes: the output, or what is being captured
  int depth_ = 0;
  bool located_ = false;
};

class Interpreter::ScopedFrame {
 public:
  ScopedFrame(Interpreter& interpreter, Frame* parent, bool captured);
  Frame& operator*() { return *frame_; }

 private:
  Frame own_;
  Frame* frame_ = &own_;
};

}  // namespace millrace::chat_template
