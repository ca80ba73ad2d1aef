// The syntaxes of DeepSeek V3 and R1, and of V3.1, which dropped the fence around the arguments:
//
//   <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME
//   ```json
//   {…}
//   ```<｜tool▁call▁end｜><｜tool▁calls▁end｜>
//
//   <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>NAME<｜tool▁sep｜>{…}<｜tool▁call▁end｜><｜tool▁calls▁end｜>
//
// The bars are U+FF5C, the low lines U+2581.
#include <array>

#include "output_parser/syntaxes.h"

namespace millrace::output_parser {

constexpr std::array<std::string_view, 5> kDeepseekMarks = {
    "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>",
    "<｜tool▁call▁end｜>", "<｜tool▁sep｜>"};

// Around a tool's result in a prompt.
constexpr std::array<std::string_view, 2> kDeepseekOutputMarks = {"<｜tool▁output▁begin｜>",
                                                                  "<｜tool▁output▁end｜>"};

const Syntax kDeepseekV3 = {
    .name = "deepseek_v3",
    .template_texts = {"<｜tool▁call", "```json"},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "\n</think>\n\n",
    .section_open = "<｜tool▁calls▁begin｜>",
    .section_close = "<｜tool▁calls▁end｜>",
    .call_open = "<｜tool▁call▁begin｜>",
    .call_close = "<｜tool▁call▁end｜>",
    .form = {.arguments = CallForm::Arguments::kJson,
             .begin = "<｜tool▁calls▁begin｜>",
             .call_begin = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
             .name_end = "\n```json\n",
             .call_end = "\n```<｜tool▁call▁end｜>",
             .between = "\n",
             .end = "<｜tool▁calls▁end｜>"},
    .call_marks = kDeepseekMarks,
    .call_marks_are_private = true,
    .other_marks = kDeepseekOutputMarks,
};

const Syntax kDeepseekV31 = {
    .name = "deepseek_v31",
    .template_texts = {"<｜tool▁call"},
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "</think>",
    .section_open = "<｜tool▁calls▁begin｜>",
    .section_close = "<｜tool▁calls▁end｜>",
    .call_open = "<｜tool▁call▁begin｜>",
    .call_close = "<｜tool▁call▁end｜>",
    .form = {.arguments = CallForm::Arguments::kJson,
             .begin = "<｜tool▁calls▁begin｜>",
             .call_begin = "<｜tool▁call▁begin｜>",
             .name_end = "<｜tool▁sep｜>",
             .call_end = "<｜tool▁call▁end｜>",
             .end = "<｜tool▁calls▁end｜>"},
    .call_marks = kDeepseekMarks,
    .call_marks_are_private = true,
    .other_marks = kDeepseekOutputMarks,
};

}  // namespace millrace::output_parser
