#include "output_parser/argument_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "output_parser/syntaxes.h"
#include "output_parser/testing/parsed_answer.h"

namespace millrace::output_parser {
namespace {

std::vector<const Syntax*> TaggedSyntaxes() {
  std::vector<const Syntax*> tagged;
  for (const Syntax* syntax : Syntaxes()) {
    if (syntax->form.arguments == CallForm::Arguments::kTagged) {
      tagged.push_back(syntax);
    }
  }
  return tagged;
}

// The arguments that a call with one of this name has.
std::string Read(const Syntax& syntax, std::string_view name) {
  const CallForm& form = syntax.form;
  std::string text;
  for (const std::string_view part :
       {form.begin, form.call_begin, std::string_view("f"), form.name_end, form.argument_begin,
        name, form.text_begin, std::string_view("v"), form.argument_end, form.call_end, form.end}) {
    text += part;
  }
  ParserOptions options;
  options.tool_names = {"f"};
  const auto answer = testing::ParseAnswer(syntax, {.text = text, .options = options});
  return answer.calls.size() == 1 ? answer.calls[0].arguments : "no call";
}

TEST(ArgumentNames, ComeBackWhenTheySayTheyDo) {
  for (const Syntax* syntax : TaggedSyntaxes()) {
    for (const std::string_view name :
         {"a", "max results", "größe", "a<b", "$filter", "x[]", "a/b~c", "it's", "<", "{"}) {
      EXPECT_TRUE(ComesBack(name, syntax->form)) << syntax->name << " " << name;
    }
    for (const std::string_view name :
         {"a", "max results", "größe", "a<b", "$filter", "x[]", "<", "a/b~c", "it's", "{", "a>b",
          "a</arg_key>b", "a<arg_value>b"}) {
      const bool same = Read(*syntax, name) == R"({")" + std::string(name) + R"(": "v"})";
      EXPECT_EQ(ComesBack(name, syntax->form), same) << syntax->name << " " << name;
    }
    EXPECT_EQ(ComesBack("a\nb", syntax->form), Read(*syntax, "a\nb") == R"({"a\nb": "v"})")
        << syntax->name;
  }
}

TEST(ArgumentNames, ThatHoldTheBeginningOfAValueEndThere) {
  EXPECT_FALSE(ComesBack("a\nb", kQwen3Coder.form));
  EXPECT_FALSE(ComesBack("a<arg_value>b", kGlm47.form));
  EXPECT_TRUE(ComesBack("a\nb", kGlm47.form));
}

TEST(ArgumentNames, ThatWouldBeReadAsOthersAreTold) {
  for (const Syntax* syntax : TaggedSyntaxes()) {
    for (const std::string_view name : {"", " a", "a ", "\"a\"", "a\n", "\""}) {
      EXPECT_FALSE(ComesBack(name, syntax->form)) << syntax->name << " " << name;
    }
    EXPECT_FALSE(ComesBack(std::string(kArgumentNameBytesMax, 'a'), syntax->form));
  }
}

}  // namespace
}  // namespace millrace::output_parser
