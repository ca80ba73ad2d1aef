// The syntax of Qwen3-Coder and Qwen3.5:
//
//   <tool_call>
//   <function=NAME>
//   <parameter=KEY>
//   VALUE
//   </parameter>
//   </function>
//   </tool_call>
#include <array>

#include "output_parser/syntaxes.h"

namespace millrace::output_parser {

constexpr std::array<std::string_view, 2> kQwen3CoderMarks = {"<tool_call>", "</tool_call>"};

const Syntax kQwen3Coder = {
    .name = "qwen3_coder",
    .template_texts = {"<function="},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "\n</think>\n\n",
    .call_open = "<tool_call>",
    .call_close = "</tool_call>",
    .bare_call_open = "<function=",
    .form = {.arguments = CallForm::Arguments::kTagged,
             .call_begin = "<tool_call>\n<function=",
             .name_end = ">\n",
             .call_end = "</function>\n</tool_call>",
             .between = "\n",
             .argument_begin = "<parameter=",
             .text_begin = ">\n",
             .json_begin = ">\n",
             .argument_end = "\n</parameter>\n"},
    .call_marks = kQwen3CoderMarks,
};

}  // namespace millrace::output_parser
