// How a family of models writes reasoning and tool calls, as data.
//
// One description serves two readers: the parser reads answers by it, and a grammar that forces or
// constrains calls is generated from it. A family is one `Syntax` in a file of its own, listed in
// Syntaxes(); docs/adding/call-syntax.md says how to add one.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace millrace::output_parser {

// The exact text of calls as the model was trained to write it, white space included:
//
//   begin CALL (between CALL)* end
//   CALL := call_begin NAME name_end ARGUMENTS call_end
//
// ARGUMENTS is one JSON object, except in tagged form:
//
//   ARGUMENTS := (argument_begin KEY (text_begin TEXT | json_begin JSON) argument_end)*
//
// where TEXT, any text without the first mark of argument_end, is a value of type string and JSON
// is a value of any other type. Marks begin with '<' and have no other; a name in front of one JSON
// object needs a name_end. The parser reads white space around marks loosely, and values that quote
// the marks; what is here is what a grammar should produce.
struct CallForm {
  enum class Arguments {
    kJsonCall,  // name and arguments are members of one JSON object: call_begin ends inside of it
    kJson,      // the name stands by itself, a JSON object follows
    kTagged,    // the name stands by itself, tagged arguments follow
  };
  Arguments arguments = Arguments::kJsonCall;
  std::string_view lead_in = "";  // between reasoning and calls where no content is between them
  std::string_view begin = "";    // before the first call; empty when calls stand alone
  std::string_view call_begin = "";
  std::string_view name_end = "";
  std::string_view call_end = "";
  std::string_view between = "";  // two calls
  std::string_view end = "";      // behind the last call

  // kTagged only. Where text_begin and json_begin are equal, a value's type is found in the tool's
  // schema; where they differ, the model states it.
  std::string_view argument_begin = "";
  std::string_view text_begin = "";
  std::string_view json_begin = "";
  std::string_view argument_end = "";
};

struct Syntax {
  std::string_view name;  // "hermes"
  // What every chat template of the family holds: tags of calls, as a rule. Empty ones say nothing.
  std::array<std::string_view, 2> template_texts = {};
  std::string_view think_open;    // "<think>"
  std::string_view think_close;   // "</think>"
  std::string_view forced_close;  // what ends reasoning whose budget is spent: "\n</think>\n\n"

  // The marks that an answer is searched for. Section marks stand around all calls of an answer;
  // they are empty in families without them, and a model that leaves them out is understood.
  std::string_view section_open = "";
  std::string_view section_close = "";
  std::string_view call_open = "";   // form.call_begin starts with it
  std::string_view call_close = "";  // form.call_end ends with it
  // What a call begins with when the model leaves call_open out, if it is known to: a part of
  // form.call_begin. Only in content.
  std::string_view bare_call_open = "";

  CallForm form;

  // Where the family wraps the answer itself: left out of content. `answer_lead` is a word that may
  // stand at the beginning of content when there are tools.
  std::string_view answer_open = "";
  std::string_view answer_close = "";
  std::string_view answer_lead = "";

  // Special tokens of calls, and tags made of them: never part of an answer's text while tools are
  // offered.
  std::span<const std::string_view> call_marks = {};
  // Nobody but the model writes them, so they are no text without tools either.
  bool call_marks_are_private = false;
  // Special tokens that are never part of an answer's text at all.
  std::span<const std::string_view> other_marks = {};
};

// Every syntax this build knows. Names: hermes, qwen3_coder, glm45, glm47, deepseek_v3,
// deepseek_v31, deepseek_v32, deepseek_v4, hunyuan.
std::span<const Syntax* const> Syntaxes();
// Null when there is none of that name.
const Syntax* FindSyntax(std::string_view name);
// The syntax a chat template's text speaks of: of those whose texts it holds, the one with the
// most, then the first of the list; hermes when there is none.
const Syntax& DetectSyntax(std::string_view template_source);

}  // namespace millrace::output_parser
