// The markup of DeepSeek V3.2 and V4, which differ in the name of the outer tag:
//
//   <｜DSML｜function_calls>
//   <｜DSML｜invoke name="NAME">
//   <｜DSML｜parameter name="KEY" string="true|false">VALUE</｜DSML｜parameter>
//   </｜DSML｜invoke>
//   </｜DSML｜function_calls>
//
// Values with string="true" are raw text, the others JSON. The bars are U+FF5C; what they enclose
// is one token, which may come without a bracket before it.
#include <array>

#include "output_parser/syntaxes.h"

namespace millrace::output_parser {

// The outer tags of both: a model that takes the other's does not leave half of it in the answer.
constexpr std::array<std::string_view, 7> kDsmlMarks = {"<｜DSML｜",
                                                        "</｜DSML｜",
                                                        "｜DSML｜",
                                                        "<｜DSML｜function_calls>",
                                                        "</｜DSML｜function_calls>",
                                                        "<｜DSML｜tool_calls>",
                                                        "</｜DSML｜tool_calls>"};

const Syntax kDeepseekV32 = {
    .name = "deepseek_v32",
    .template_texts = {"｜DSML｜", "function_calls"},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "</think>",
    .section_open = "<｜DSML｜function_calls>",
    .section_close = "</｜DSML｜function_calls>",
    .call_open = "<｜DSML｜invoke",
    .call_close = "</｜DSML｜invoke>",
    .form = {.arguments = CallForm::Arguments::kTagged,
             .lead_in = "\n\n",
             .begin = "<｜DSML｜function_calls>\n",
             .call_begin = "<｜DSML｜invoke name=\"",
             .name_end = "\">\n",
             .call_end = "</｜DSML｜invoke>",
             .between = "\n",
             .end = "\n</｜DSML｜function_calls>",
             .argument_begin = "<｜DSML｜parameter name=\"",
             .text_begin = "\" string=\"true\">",
             .json_begin = "\" string=\"false\">",
             .argument_end = "</｜DSML｜parameter>\n"},
    .call_marks = kDsmlMarks,
    .call_marks_are_private = true,
};

const Syntax kDeepseekV4 = {
    .name = "deepseek_v4",
    .template_texts = {"｜DSML｜"},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "</think>",
    .section_open = "<｜DSML｜tool_calls>",
    .section_close = "</｜DSML｜tool_calls>",
    .call_open = "<｜DSML｜invoke",
    .call_close = "</｜DSML｜invoke>",
    .form = {.arguments = CallForm::Arguments::kTagged,
             .lead_in = "\n\n",
             .begin = "<｜DSML｜tool_calls>\n",
             .call_begin = "<｜DSML｜invoke name=\"",
             .name_end = "\">\n",
             .call_end = "</｜DSML｜invoke>",
             .between = "\n",
             .end = "\n</｜DSML｜tool_calls>",
             .argument_begin = "<｜DSML｜parameter name=\"",
             .text_begin = "\" string=\"true\">",
             .json_begin = "\" string=\"false\">",
             .argument_end = "</｜DSML｜parameter>\n"},
    .call_marks = kDsmlMarks,
    .call_marks_are_private = true,
};

}  // namespace millrace::output_parser
