// The language against jinja2: testdata/language_cases.json holds small templates and what jinja2
// made of them (tools/golden/make_template_cases.py).
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "chat_template/interpreter.h"
#include "chat_template/json_value.h"
#include "chat_template/parser.h"

namespace millrace::chat_template {
namespace {

TEST(Language, EveryCaseRendersAsInJinja2) {
  std::ifstream file(std::string(MILLRACE_SOURCE_DIR) +
                     "/src/chat_template/testdata/language_cases.json");
  ASSERT_TRUE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  base::Result<Value> golden = ValueFromJson(text.str());
  ASSERT_TRUE(golden.has_value()) << golden.error().message;
  Context context;
  for (const auto& [name, value] : golden->dict().Find("context")->dict().entries()) {
    context.emplace_back(name.bytes(), value);
  }
  for (const Value& entry : golden->dict().Find("cases")->items()) {
    const std::string& source = entry.dict().Find("template")->bytes();
    base::Result<Ast> ast = Parse(source);
    base::Result<Text> rendered = ast.has_value() ? RenderAst(*ast, context, {}, 1'700'000'000)
                                                  : base::Result<Text>(ast.error());
    const Value* output = entry.dict().Find("output");
    if (output == nullptr) {
      EXPECT_FALSE(rendered.has_value()) << source << "\nmade: " << rendered->bytes();
    } else if (rendered.has_value()) {
      EXPECT_EQ(rendered->bytes(), output->bytes()) << source;
    } else {
      ADD_FAILURE() << source << "\nfailed: " << rendered.error().message;
    }
  }
}

}  // namespace
}  // namespace millrace::chat_template
