// The syntax of Hunyuan-A13B: the answer stands between tags of its own, calls are a list of JSON
// objects.
//
//   <think>
//   …
//   </think>
//   <answer>
//   <tool_calls>[{"name": "NAME", "arguments": {…}}, …]</tool_calls>
//   </answer>
//
// Prompts with tools show answers that begin with a word for "assistant".
#include <array>

#include "output_parser/syntaxes.h"

namespace millrace::output_parser {

constexpr std::array<std::string_view, 2> kHunyuanMarks = {"<tool_calls>", "</tool_calls>"};

const Syntax kHunyuan = {
    .name = "hunyuan",
    .template_texts = {"<tool_calls>", "<|extra_0|>"},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "\n</think>\n<answer>\n",
    .section_open = "<tool_calls>",
    .section_close = "</tool_calls>",
    .call_open = "{",
    .call_close = "}",
    .form = {.arguments = CallForm::Arguments::kJsonCall,
             .begin = "<tool_calls>[",
             .call_begin = "{\"name\": \"",
             .name_end = "\", \"arguments\": ",
             .call_end = "}",
             .between = ", ",
             .end = "]</tool_calls>"},
    .answer_open = "<answer>",
    .answer_close = "</answer>",
    .answer_lead = "助手：",
    .call_marks = kHunyuanMarks,
};

}  // namespace millrace::output_parser
