// How a conversation becomes a prompt. Two kinds of renderer stand behind Template: the Jinja text
// of a GGUF file, compiled once and rendered for each request, and encoders written in C++ for
// families that publish no template.
//
// The semantics of Jinja are those of Python's jinja2 in the environment transformers uses:
// trim_blocks, lstrip_blocks, loop controls, `raise_exception`, `strftime_now`, `generation`
// blocks, `tojson` with ", " and ": " separators, key order and non-ASCII text kept. Known
// differences:
// - Integers have 64 bits; leaving them is an error.
// - Filters and tests that do not exist are errors at once, also in branches never taken; so are
//   calls of names that the template neither sets nor asks for with `is defined`.
// - `map`, `select` and their kin do their work at once, not when their items are taken.
// - Upper and lower case cover Latin, Greek and Cyrillic letters.
// - Keys of mappings are no tuples.
// - Not there: templates that include or extend others, `self`, `autoescape`, `cycler`, `joiner`,
//   `lipsum` and the filters filesizeformat, pprint, random, striptags, urlencode, urlize,
//   wordwrap, xmlattr. There besides: `from_json`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/chat_request.h"
#include "chat/message.h"

namespace millrace::chat_template {

// A stretch of the prompt, and whether it came from the template (where special tokens count) or
// from the conversation (where they are ordinary text: a message can never inject a control token).
struct PromptPiece {
  std::string text;
  bool from_template = true;
};

struct RenderInput {
  std::vector<chat::Message> messages;
  std::vector<chat::ToolSpec> tools;
  bool add_generation_prompt = true;
  bool enable_thinking = true;
  std::optional<chat::ReasoningEffort> reasoning_effort;  // while thinking, where the model has it
  std::string bos_token;
  std::string eos_token;
  int64_t unix_seconds = 0;  // for strftime_now
};

struct RenderLimits {
  int64_t steps_max = 20'000'000;       // interpreter steps
  int64_t output_bytes_max = 64 << 20;  // rendered text
};

// Immutable and thread-safe.
class Template {
 public:
  // Errors: kInvalidArgument with line and column; unknown filters, tests and functions are found
  // here, not when a request comes.
  static base::Result<std::shared_ptr<const Template>> Compile(std::string_view source);

  virtual ~Template() = default;

  // Errors: kInvalidArgument (`raise_exception` and type errors, with the template's line),
  // kResourceExhausted (a limit was hit).
  virtual base::Result<std::vector<PromptPiece>> Render(const RenderInput& input,
                                                        const RenderLimits& limits = {}) const = 0;

  // Whether `enable_thinking` (or `thinking`) is read: the model can switch.
  virtual bool has_thinking_switch() const = 0;
  // Whether a prompt that says nothing of thinking is one of a model that thinks: with a switch,
  // unlike the prompt with the switch off.
  virtual bool thinks_by_default() const = 0;
  // Whether `tools` is read.
  virtual bool has_tools() const = 0;
  // Whether the family wants the reasoning of all turns back when tools are given, and drops by
  // itself what it does not want. Templates of files are given no reasoning of finished turns.
  virtual bool keeps_reasoning_with_tools() const { return false; }
};

// A prompt encoder of a family that publishes no template, or one that renders no tools.
struct Encoder {
  // "deepseek_v31", "deepseek_v32", "deepseek_v4", "deepseek_v4_0731"
  std::string_view name;
  // `general.architecture` of the family's GGUF files; empty when other families have it as well.
  std::string_view architecture;
  std::string_view syntax;  // the name of the answers' syntax (output_parser/syntax.h)
  std::shared_ptr<const Template> (*make)();
};
std::span<const Encoder> Encoders();
// Null when there is none of that name.
const Encoder* FindEncoder(std::string_view name);
// The encoder for a file of that architecture, or null. Releases of a family that differ in their
// prompts are told apart by the file's name of the model and by its template, if someone gave it
// one.
const Encoder* EncoderOf(std::string_view architecture, std::string_view model_name,
                         std::string_view template_source);

// The encoder to use instead of a template that renders no tools, or null: that of the family whose
// answers have that syntax.
const Encoder* EncoderWithTools(std::string_view syntax);

// The ChatML template used for files that carry none.
std::string_view ChatMlSource();

}  // namespace millrace::chat_template
