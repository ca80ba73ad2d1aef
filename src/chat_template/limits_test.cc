// What a template may cost. Each of these did much work for few steps, or would.
#include <gtest/gtest.h>

#include "chat_template/template.h"
#include "chat_template/testing/conversation.h"

namespace millrace::chat_template {
namespace {

using testing::UserSays;

base::Result<std::string> Rendered(const std::string& source, const RenderLimits& limits = {}) {
  auto compiled = TRY(Template::Compile(source));
  auto pieces = TRY(compiled->Render(UserSays("x"), limits));
  std::string text;
  for (const PromptPiece& piece : pieces) {
    text += piece.text;
  }
  return text;
}

// `expression` a thousand times, where `s` has half a megabyte, `t` is its equal, and `l` has a
// thousand items.
std::string ManyTimes(const std::string& expression) {
  return "{% set s = 'a' * 500000 %}{% set t = 'a' * 500000 %}{% set d = {s: 1} %}"
         "{% set n = dict(range(3000) | batch(2)) %}{% set l = [0] * 1000 %}"
         "{% set o = [{'k': 0}] * 1000 %}"
         "{% macro f() %}{{ kwargs | length }}{% endmacro %}"
         "{% set w = dict(range(3000) | map('string') | batch(2)) %}"
         "{% for i in range(1000) %}{% set x = " +
         expression + " %}{% endfor %}";
}

TEST(RenderLimits, WorkOnLongTextsAndSequencesIsPaid) {
  for (const char* expression : {"s == t",
                                 "s < t",
                                 "s in [t]",
                                 "s is sameas(t)",
                                 "d[s]",
                                 "d.get(s)",
                                 "s in d",
                                 "s.startswith(t)",
                                 "s.startswith('b', 1)",
                                 "s.removesuffix(t)",
                                 "s.strip('a')",
                                 "s.find('b')",
                                 "s.count('b')",
                                 "s | int",
                                 "s | float",
                                 "s | wordcount",
                                 "s | length",
                                 "s[:1]",
                                 "s[0]",
                                 "s.isdigit()",
                                 "s is upper",
                                 "'a' | replace(s, t)",
                                 "s % ()",
                                 "'' | center(500000)",
                                 "l | select | list",
                                 "o | selectattr('k') | list",
                                 "l | join",
                                 "n[-1]",
                                 "-1 in n",
                                 "f(**w)",
                                 "namespace(**w)",
                                 "l | first"}) {
    base::Result<std::string> rendered = Rendered(ManyTimes(expression), {.steps_max = 150'000});
    ASSERT_FALSE(rendered.has_value()) << expression;
    EXPECT_EQ(rendered.error().kind, base::ErrorKind::kResourceExhausted) << expression;
  }
}

// Behind the assignments, each expression renders as what stands beside it.
void ExpectRendered(const std::string& assignments,
                    std::initializer_list<std::pair<std::string, std::string>> cases) {
  for (const auto& [expression, wanted] : cases) {
    base::Result<std::string> rendered = Rendered(assignments + "{{ " + expression + " }}");
    ASSERT_TRUE(rendered.has_value()) << expression << ": " << rendered.error().message;
    EXPECT_EQ(*rendered, wanted) << expression;
  }
}

TEST(RenderLimits, TextsAreFoundInLinearTime) {
  ExpectRendered("{% set s = 'a' * 8000000 %}{% set w = 'a' * 4000000 %}",
                 {
                     {"s.find(w ~ 'b')", "-1"},
                     {"s.rfind('b' ~ w)", "-1"},
                     {"s.count(w ~ 'b')", "0"},
                     {"(w ~ 'b') in s", "False"},
                     {"s.split(w ~ 'b') | count", "1"},
                     {"s.rsplit('b' ~ w) | count", "1"},
                     {"s.partition(w ~ 'b')[1]", ""},
                     {"s.rpartition('b' ~ w)[1]", ""},
                     {"s.replace(w ~ 'b', 'c') == s", "True"},
                 });
}

TEST(RenderLimits, LongTextsAreFoundWhereShortOnesAre) {
  ExpectRendered("{% set w = 'abcdefgh' * 6 %}{% set s = 'x' ~ w ~ 'y' ~ w ~ 'z' %}",
                 {
                     {"s.find(w)", "1"},
                     {"s.find(w, 2)", "50"},
                     {"s.find(w, 51)", "-1"},
                     {"s.rfind(w)", "50"},
                     {"s.rfind(w, 0, 97)", "1"},
                     {"s.count(w)", "2"},
                     {"s.split(w) | join(',')", "x,y,z"},
                     {"s.rsplit(w) | join(',')", "x,y,z"},
                     {"s.rsplit(w, 1) | map('length') | join(',')", "50,1"},
                     {"s.rpartition(w)[2] ~ s.partition(w)[0]", "zx"},
                     {"s.replace(w, '-')", "x-y-z"},
                     {"w.rsplit(w) | length", "2"},
                 });
}

TEST(RenderLimits, VariablesAreFoundForSteps) {
  std::string source;
  for (int i = 0; i < 4000; ++i) {
    source += "{% set v" + std::to_string(i) + " = 1 %}";
  }
  EXPECT_FALSE(Rendered(source, {.steps_max = 100'000}).has_value());
}

TEST(RenderLimits, MessagesStayShort) {
  const std::string name(10'000, 'n');
  for (const std::string& source :
       {"{{ " + name + ".a }}", "{{ {}['" + name + "'].a }}",
        "{{ raise_exception('" + name + "') }}",
        "{% macro m(" + name + ") %}{{ " + name + ".a }}{% endmacro %}{{ m() }}"}) {
    base::Result<std::string> rendered = Rendered(source);
    ASSERT_FALSE(rendered.has_value());
    EXPECT_LT(rendered.error().message.size(), 2'200U);
  }
}

TEST(RenderLimits, TemplatesAreNoLongerThanAMegabyte) {
  EXPECT_TRUE(Template::Compile(std::string(1 << 20, 'x')).has_value());
  base::Result<std::shared_ptr<const Template>> longer =
      Template::Compile(std::string((1 << 20) + 1, 'x'));
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(
      longer.error().message,
      "line 1, column 1: the template has 1048577 bytes, more than the 1048576 that are read");
}

TEST(RenderLimits, TemplatesAreUtf8) {
  EXPECT_TRUE(Template::Compile("ü").has_value());
  EXPECT_FALSE(Template::Compile("a\xFF").has_value());
}

}  // namespace
}  // namespace millrace::chat_template
