// The syntaxes of GLM: 4.5 and 4.6 write lines,
//
//   <tool_call>NAME
//   <arg_key>KEY</arg_key>
//   <arg_value>VALUE</arg_value>
//   </tool_call>
//
// 4.7 and 5 write the same without the line ends. Either reads both. The vision models put answers
// about places in a picture into box marks.
#include <array>

#include "output_parser/syntaxes.h"

namespace millrace::output_parser {

constexpr std::array<std::string_view, 6> kGlmMarks = {
    "<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"};
constexpr std::array<std::string_view, 2> kGlmBoxMarks = {"<|begin_of_box|>", "<|end_of_box|>"};

const Syntax kGlm45 = {
    .name = "glm45",
    .template_texts = {"<arg_key>"},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "</think>",
    .call_open = "<tool_call>",
    .call_close = "</tool_call>",
    .form = {.arguments = CallForm::Arguments::kTagged,
             .call_begin = "<tool_call>",
             .name_end = "\n",
             .call_end = "</tool_call>",
             .between = "\n",
             .argument_begin = "<arg_key>",
             .text_begin = "</arg_key>\n<arg_value>",
             .json_begin = "</arg_key>\n<arg_value>",
             .argument_end = "</arg_value>\n"},
    .call_marks = kGlmMarks,
    .other_marks = kGlmBoxMarks,
};

const Syntax kGlm47 = {
    .name = "glm47",
    .template_texts = {"<arg_key>", "</arg_key><arg_value>"},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "</think>",
    .call_open = "<tool_call>",
    .call_close = "</tool_call>",
    .form = {.arguments = CallForm::Arguments::kTagged,
             .call_begin = "<tool_call>",
             .call_end = "</tool_call>",
             .argument_begin = "<arg_key>",
             .text_begin = "</arg_key><arg_value>",
             .json_begin = "</arg_key><arg_value>",
             .argument_end = "</arg_value>"},
    .call_marks = kGlmMarks,
    .other_marks = kGlmBoxMarks,
};

}  // namespace millrace::output_parser
