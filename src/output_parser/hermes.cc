// The syntax of Qwen3, named after the Hermes models:
//
//   <tool_call>
//   {"name": "NAME", "arguments": {…}}
//   </tool_call>
#include <array>

#include "output_parser/syntaxes.h"

namespace millrace::output_parser {

constexpr std::array<std::string_view, 2> kHermesMarks = {"<tool_call>", "</tool_call>"};

const Syntax kHermes = {
    .name = "hermes",
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "\n</think>\n\n",
    .call_open = "<tool_call>",
    .call_close = "</tool_call>",
    .form = {.arguments = CallForm::Arguments::kJsonCall,
             .call_begin = "<tool_call>\n{\"name\": \"",
             .name_end = "\", \"arguments\": ",
             .call_end = "}\n</tool_call>",
             .between = "\n"},
    .call_marks = kHermesMarks,
};

}  // namespace millrace::output_parser
