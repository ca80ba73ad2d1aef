// What an answer may look like: an expression over literals, regular expressions, JSON by schema,
// free text and single tokens, compiled once and matched by any number of matchers.
//
//   // A required call of one of two tools in the `<tool_call>` syntax.
//   Expression call = Expression::OneOf({
//       Expression::Sequence({Expression::Literal("{\"name\": \"a\", \"arguments\": "),
//       Expression::Json(schema_a)}), Expression::Sequence({Expression::Literal("{\"name\": \"b\",
//       \"arguments\": "), Expression::Json(schema_b)})});
//   Expression block = Expression::Sequence(
//       {Expression::Literal("<tool_call>\n"), call, Expression::Literal("}\n</tool_call>")});
//   // Text first, then any number of calls; the trigger cannot occur in the text, so it always
//   starts a call. Expression answer = Expression::Sequence(
//       {Expression::FreeText({"<tool_call>"}), Expression::Repeat(block, 0, 128)});
//
// A typed parameter in an XML-like form is `Literal("<parameter=x>\n")`, then `Json` for a typed
// value or `FreeText({"\n</parameter>"})` for a raw string, then the literal that ends it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "grammar/json_schema.h"

namespace millrace::grammar {

// A set of answers. A cheap, immutable value; parts may be shared between expressions.
class Expression {
 public:
  static constexpr int32_t kUnbounded = -1;

  // Exactly these bytes; none = the empty text.
  static Expression Literal(std::string bytes);
  // All of `parts`, one after the other.
  static Expression Sequence(std::vector<Expression> parts);
  // Any one of `choices`; none = nothing matches, so give at least one. Choices may begin alike.
  static Expression OneOf(std::vector<Expression> choices);
  // `part` at least `min` and at most `max` times; `max` kUnbounded = without a bound.
  static Expression Repeat(Expression part, int32_t min, int32_t max);
  static Expression Optional(Expression part) { return Repeat(std::move(part), 0, 1); }

  // Any bytes, the empty text included, in which none of `stops` occurs. What follows in a
  // sequence usually begins with one of them: then the first occurrence ends the text, and a stop
  // that is spread over tokens or followed by other text inside of one token is handled exactly.
  static Expression FreeText(std::vector<std::string> stops);

  // UTF-8 text that `pattern` matches as a whole. ECMA-262 with flag u, as far as it is regular.
  // Errors: kInvalidArgument (syntax; kNothingMatches), kUnsupported (back-references, look-behind
  // and the like).
  static constexpr std::string_view kNothingMatches = "no text matches the pattern";
  static base::Result<Expression> Regex(std::string_view pattern);

  // A JSON value valid under `schema`.
  static Expression Json(std::shared_ptr<const JsonSchema> schema);

  // One of these tokens by id, whatever its bytes: the only way to admit a special token. It adds
  // nothing to the text.
  static Expression Token(std::vector<base::TokenId> ids);

  struct Node;
  const std::shared_ptr<const Node>& node() const { return node_; }

 private:
  explicit Expression(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

  std::shared_ptr<const Node> node_;
};

class GrammarProgram;
class MaskMemo;

// A compiled expression. Immutable to its users, shared between threads and requests; remembers
// masks for all of them, within `mask_memory_bytes`.
class Grammar {
 public:
  struct Options {
    size_t mask_memory_bytes = 16U << 20;  // of remembered masks
    size_t threads_max = 1024;             // readings of one text followed side by side
  };
  // Errors (kInvalidArgument): nothing matches the expression.
  static base::Result<std::shared_ptr<const Grammar>> Compile(const Expression& expression,
                                                              const Options& options);
  static base::Result<std::shared_ptr<const Grammar>> Compile(const Expression& expression) {
    return Compile(expression, Options{});
  }
  // The whole answer is one JSON value of `schema`, and one JSON object.
  static std::shared_ptr<const Grammar> OfSchema(std::shared_ptr<const JsonSchema> schema);
  static std::shared_ptr<const Grammar> JsonObject();

  Grammar(std::unique_ptr<GrammarProgram> program, const Options& options);
  ~Grammar();
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  const GrammarProgram& program() const { return *program_; }
  MaskMemo& masks() const { return *masks_; }
  // A matcher's question took more than there is for one: matchers of it allow nothing any more,
  // and it is to be compiled anew. Waits for questions that are being answered.
  bool is_exhausted() const;
  // Including what matchers have made it remember.
  // Does not wait for matchers: what these add meanwhile may be missing.
  size_t memory_bytes() const;

 private:
  std::unique_ptr<GrammarProgram> program_;
  std::unique_ptr<MaskMemo> masks_;
};

}  // namespace millrace::grammar
