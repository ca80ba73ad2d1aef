#include "output_parser/syntaxes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace millrace::output_parser {
namespace {

TEST(Syntaxes, AreFoundByTheirNames) {
  for (const Syntax* syntax : Syntaxes()) {
    EXPECT_EQ(FindSyntax(syntax->name), syntax);
    EXPECT_FALSE(syntax->call_open.empty());
  }
  EXPECT_EQ(FindSyntax("nope"), nullptr);
}

TEST(Syntaxes, HermesIsTakenWhenNothingIsRecognised) {
  EXPECT_EQ(&DetectSyntax("{{ messages }}"), &kHermes);
  EXPECT_EQ(&DetectSyntax("'<tool_call>\\n{\"name\": '"), &kHermes);
}

TEST(Syntaxes, AreDetectedInTheTemplatesOfTheirModels) {
  std::filesystem::path folder = std::filesystem::path(MILLRACE_SHARED_DATA) / "templates";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no model templates at " << folder;
  }
  for (auto [file, wanted] : std::initializer_list<std::pair<std::string_view, const Syntax*>>{
           {"Qwen-Qwen3-0.6B.jinja", &kHermes},
           {"Qwen3.5-4B.jinja", &kQwen3Coder},
           {"Qwen3-Coder.jinja", &kQwen3Coder},
           {"GLM-4.6.jinja", &kGlm45},
           {"GLM-4.7-Flash.jinja", &kGlm45}}) {
    std::ostringstream text;
    text << std::ifstream(folder / file).rdbuf();
    EXPECT_EQ(DetectSyntax(text.str()).name, wanted->name) << file;
  }
}

}  // namespace
}  // namespace millrace::output_parser
