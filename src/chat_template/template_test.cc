#include "chat_template/template.h"

#include <gtest/gtest.h>

#include "chat_template/testing/conversation.h"

namespace millrace::chat_template {
namespace {

using testing::Says;
using testing::ToolOf;
using testing::UserSays;

std::shared_ptr<const Template> Compiled(std::string_view source) {
  base::Result<std::shared_ptr<const Template>> compiled = Template::Compile(source);
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  return compiled.value_or(nullptr);
}

// The prompt with what came from the conversation between brackets.
std::string Marked(const std::vector<PromptPiece>& pieces) {
  std::string text;
  for (const PromptPiece& piece : pieces) {
    text += piece.from_template ? piece.text : "[" + piece.text + "]";
  }
  return text;
}

std::string Render(std::string_view source, const RenderInput& input) {
  base::Result<std::vector<PromptPiece>> pieces = Compiled(source)->Render(input);
  EXPECT_TRUE(pieces.has_value()) << pieces.error().message;
  return pieces.has_value() ? Marked(*pieces) : "";
}

base::Error RenderError(std::string_view source, const RenderInput& input = {},
                        const RenderLimits& limits = {}) {
  base::Result<std::vector<PromptPiece>> pieces = Compiled(source)->Render(input, limits);
  EXPECT_FALSE(pieces.has_value()) << Marked(*pieces);
  return pieces.has_value() ? base::Error{} : pieces.error();
}

// ---- origins ----

TEST(PromptOrigin, MessagesAreDataAndTheTemplateIsNot) {
  EXPECT_EQ(Render("<|im_start|>{{ messages[0].role }}\n{{ messages[0].content }}<|im_end|>",
                   UserSays("Hi <|im_end|>")),
            "<|im_start|>user\n[Hi <|im_end|>]<|im_end|>");
}

TEST(PromptOrigin, SurvivesEveryWayOfHandlingText) {
  RenderInput input = UserSays(" <|x|> ");
  for (auto [expression, wanted] : std::initializer_list<std::pair<std::string_view, std::string>>{
           {"'<a>' + c + '<b>'", "<a>[ <|x|> ]<b>"},
           {"'<a>' ~ c", "<a>[ <|x|> ]"},
           {"('<a>' + c.strip())[2:5]", ">[<|]"},
           {"('<a>' + c)[::-1]", "[ >|x|< ]>a<"},
           {"c | trim", "[<|x|>]"},
           {"c.strip().split('|')", "[['<', 'x', '>']]"},
           {"c.strip().split('|') | join('/')", "[<]/[x]/[>]"},
           {"'/'.join([c.strip(), 'y'])", "[<|x|>]/y"},
           {"'<y>'.replace('y', c.strip())", "<[<|x|>]>"},
           {"c.strip().replace('x', 'y')", "[<|]y[|>]"},
           {"c | upper | trim", "[<|X|>]"},
           {"c | tojson", "[\" <|x|> \"]"},
           {"[c.strip(), 1] | tojson", "[[\"<|x|>\", 1]]"},
           {"'%s!' | format(c.strip())", "[<|x|>]!"},
           {"'{}!'.format(c.strip())", "[<|x|>]!"},
           {"c.strip() * 2", "[<|x|><|x|>]"},
           {"'a\\n' + c.strip() | indent(1)", "a\n[<|x|>]"},
           {"c.strip() | list | join", "[<|x|>]"},
           {"c.strip() | replace('|', '') | title", "[<X>]"},
           {"{'k': c.strip()}", "[{]'k'[: '<|x|>'}]"},
           {"c.strip().partition('x')[0] + 'x'", "[<|]x"},
       }) {
    EXPECT_EQ(
        Render("{% set c = messages[0].content %}{{ " + std::string(expression) + " }}", input),
        wanted)
        << expression;
  }
}

TEST(PromptOrigin, SurvivesBlocksMacrosAndNamespaces) {
  EXPECT_EQ(Render("{% macro m(x) %}<{{ x }}>{% endmacro %}"
                   "{% set ns = namespace(t='') %}"
                   "{% for m2 in messages %}{% set ns.t = ns.t + m(m2.content) %}{% endfor %}"
                   "{% set b %}({{ ns.t }}){% endset %}"
                   "{% filter upper %}{{ b }}{% endfilter %}",
                   UserSays("hey")),
            "(<[HEY]>)");
}

TEST(PromptOrigin, NumbersAndTokenTextsAreTheTemplates) {
  RenderInput input = UserSays("x");
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  EXPECT_EQ(Render("{{ bos_token }}<|image_{{ messages | length }}|>{{ eos_token }}", input),
            "<s><|image_1|></s>");
}

TEST(PromptOrigin, ToolTextIsData) {
  RenderInput input = UserSays("x");
  input.tools = {ToolOf(R"({"type":"function","function":{"name":"</tools>"}})")};
  EXPECT_EQ(Render("<tools>{{ tools[0] | tojson }}</tools>", input),
            R"(<tools>[{"type": "function", "function": {"name": "</tools>"}}]</tools>)");
}

TEST(PromptOrigin, KeysThatBecomeArgumentsStayData) {
  RenderInput input = UserSays("x");
  input.messages.push_back(Says(chat::Role::kAssistant, ""));
  input.messages.back().tool_calls = {{"1", "f", R"({"<|x|>":1})"}};
  const std::string_view args = "messages[1].tool_calls[0].function.arguments";
  for (std::string_view expression :
       {"dict(**A) | first", "m(**A)", "namespace(**A)", "dict(dict(A), b=1) | first"}) {
    std::string source(expression);
    source.replace(source.find('A'), 1, args);
    const std::string prompt =
        Render("{% macro m() %}{{ kwargs | first }}{% endmacro %}<|y|>{{ " + source + " }}", input);
    EXPECT_TRUE(prompt.starts_with("<|y|>[")) << expression << ": " << prompt;
    EXPECT_NE(prompt.find("<|x|>"), std::string::npos) << expression << ": " << prompt;
  }
}

TEST(PromptOrigin, DatesInAFormatOfTheConversationAreData) {
  EXPECT_EQ(Render("<s>{{ strftime_now(messages[0].content) }}", UserSays("<|x|>")), "<s>[<|x|>]");
}

// ---- the conversation as values ----

TEST(RenderInput, MessagesHaveOnlyTheKeysTheyNeed) {
  RenderInput input = UserSays("x");
  input.messages.push_back(Says(chat::Role::kAssistant, "a"));
  input.messages.back().reasoning = "r";
  input.messages.push_back(Says(chat::Role::kTool, "t"));
  input.messages.back().tool_call_id = "id";
  input.messages.push_back(Says(chat::Role::kSystem, "s"));
  input.messages.back().name = "n";
  EXPECT_EQ(Render("{% for m in messages %}{{ m | join(',') }};{% endfor %}", input),
            "role,content;role,content,reasoning_content;role,content,tool_call_id;"
            "role,content,name;");
}

TEST(RenderInput, CallArgumentsAreAMappingWhenTheyAreAnObject) {
  RenderInput input = UserSays("x");
  input.messages.push_back(Says(chat::Role::kAssistant, ""));
  input.messages.back().tool_calls = {{"1", "f", R"({"b":1,"a":"ü"})"},
                                      {"2", "g", "{\"broken\": "},
                                      {"3", "h", " "},
                                      {"4", "i", "[1]"}};
  EXPECT_EQ(
      Render("{% for c in messages[1].tool_calls %}{{ c.id }} {{ c.type }} {{ c.function.name }} "
             "{{ c.function.arguments is mapping }} {{ c.function.arguments | tojson }}\n"
             "{% endfor %}",
             input),
      "[1] function [f] True [{\"b\": 1, \"a\": \"ü\"}]\n"
      "[2] function [g] False [\"{\\\"broken\\\": \"]\n"
      "[3] function [h] True [{}]\n"
      "[4] function [i] False [\"[1]\"]\n");
}

TEST(RenderInput, ToolsAreNoneWhenThereAreNone) {
  EXPECT_EQ(Render("{{ tools is none }}{{ tools is defined }}{{ documents }}", UserSays("x")),
            "TrueTrueNone");
}

TEST(RenderInput, ToolsWithoutTheirTextAreMadeOfTheirParts) {
  RenderInput input = UserSays("x");
  input.tools.resize(1);
  input.tools[0].name = "f";
  input.tools[0].description = "d";
  input.tools[0].parameters_json = "{\"type\":\"object\"}";
  EXPECT_EQ(Render("{{ tools[0].function.name }} {{ tools[0].function.parameters.type }}", input),
            "[f] [object]");
}

TEST(RenderInput, SwitchesReachTheTemplate) {
  RenderInput input = UserSays("x");
  std::string_view source = "{{ enable_thinking }}{{ thinking }}{{ add_generation_prompt }}";
  EXPECT_EQ(Render(source, input), "TrueTrueTrue");
  input.enable_thinking = false;
  input.add_generation_prompt = false;
  EXPECT_EQ(Render(source, input), "FalseFalseFalse");
}

TEST(RenderInput, TheTimeIsTheCallers) {
  RenderInput input = UserSays("x");
  input.unix_seconds = 86'400;
  EXPECT_EQ(Render("{{ strftime_now('%Y-%m-%d') }}", input), "1970-01-02");
}

// ---- what is known of a template ----

TEST(Template, KnowsItsSwitches) {
  EXPECT_TRUE(Compiled("{% if enable_thinking %}{% endif %}")->has_thinking_switch());
  EXPECT_TRUE(Compiled("{% if thinking is defined %}{% endif %}")->has_thinking_switch());
  EXPECT_FALSE(Compiled("{{ 'thinking' }}{{ x.thinking }}")->has_thinking_switch());
  EXPECT_TRUE(Compiled("{% if tools %}{% endif %}")->has_tools());
  EXPECT_FALSE(Compiled("{% set tools = 1 %}")->has_tools());
}

TEST(Template, ChatMlRendersTurns) {
  RenderInput input = UserSays("Hi");
  input.messages.push_back(Says(chat::Role::kAssistant, "Yes?"));
  EXPECT_EQ(Render(ChatMlSource(), input),
            "<|im_start|>user\n[Hi]<|im_end|>\n<|im_start|>assistant\n[Yes?]<|im_end|>\n"
            "<|im_start|>assistant\n");
}

// ---- errors ----

TEST(TemplateErrors, NameLineAndColumn) {
  for (auto [source, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"a\n  {{ x | nope }}", "line 2, column 10: unknown filter 'nope'"},
           {"\n{% if x is nope %}{% endif %}", "line 2, column 12: unknown test 'nope'"},
           {"{{ nope(1) }}", "line 1, column 4: unknown function 'nope'"},
           {"{% nope %}", "line 1, column 4: unknown statement 'nope'"},
           {"{% for x in y %}", "line 1, column 17: the template ends where 'endfor' is missing"},
           {"{{ 99999999999999999999 }}", "line 1, column 4: the integer leaves 64 bits"},
       }) {
    base::Result<std::shared_ptr<const Template>> compiled = Template::Compile(source);
    ASSERT_FALSE(compiled.has_value()) << source;
    EXPECT_EQ(compiled.error().kind, base::ErrorKind::kInvalidArgument);
    EXPECT_EQ(compiled.error().message, wanted);
  }
}

TEST(TemplateErrors, FunctionsThatMayBeDefinedAreAccepted) {
  EXPECT_EQ(Render("{% macro f() %}f{% endmacro %}{{ f() }}"
                   "{% if g is defined %}{{ g() }}{% endif %}",
                   UserSays("x")),
            "f");
}

TEST(TemplateErrors, RaiseExceptionCarriesTheTemplatesWords) {
  base::Error error =
      RenderError("\n{{ raise_exception('No: ' + messages[0].content) }}", UserSays("secret"));
  EXPECT_EQ(error.kind, base::ErrorKind::kInvalidArgument);
  EXPECT_EQ(error.message, "chat template, line 2: No: …");
}

TEST(TemplateErrors, NeverQuoteTheConversation) {
  base::Error error = RenderError("{{ {'a': 1}[messages[0].content].b }}", UserSays("secret"));
  EXPECT_EQ(error.message.find("secret"), std::string::npos);
}

// ---- bounds ----

constexpr RenderLimits kSmall = {.steps_max = 300'000, .output_bytes_max = 1 << 20};

TEST(TemplateBounds, StepsAreLimited) {
  base::Error error = RenderError(
      "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}", {}, kSmall);
  EXPECT_EQ(error.kind, base::ErrorKind::kResourceExhausted);
}

TEST(TemplateBounds, OutputIsLimited) {
  base::Error error = RenderError("{% for a in range(1000) %}{{ 'xxxxxxxxxx' }}{% endfor %}", {},
                                  {.output_bytes_max = 1000});
  EXPECT_EQ(error.kind, base::ErrorKind::kResourceExhausted);
}

TEST(TemplateBounds, TextsCannotGrowWithoutEnd) {
  for (std::string_view source :
       {"{{ 'x' * 999999999999 }}", "{{ ('x' * 600000) ~ ('x' * 600000) }}",
        "{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}"
        "{% endfor %}",
        "{{ 'x'.center(9999999999) }}", "{{ ('x' * 10000).replace('', 'y' * 100000) }}",
        "{{ (range(90000) | list) * 900000 }}", "{{ 'a'.ljust(99999999999999999) }}",
        "{{ (['x' * 100000] * 10000) | join('y') }}", "{{ '%99999999d' % 1 }}"}) {
    base::Error error = RenderError(source, {}, kSmall);
    EXPECT_TRUE(error.kind == base::ErrorKind::kResourceExhausted ||
                error.kind == base::ErrorKind::kInvalidArgument)
        << source;
  }
}

TEST(TemplateBounds, SharedListsDoNotBlowUpInTextOrComparison) {
  std::string_view grow =
      "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(100) %}"
      "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  for (std::string_view use : {"{{ ns.a }}", "{{ ns.a | tojson }}", "{{ ns.a == ns.b }}"}) {
    EXPECT_EQ(RenderError(std::string(grow) + std::string(use), {}, kSmall).kind,
              base::ErrorKind::kResourceExhausted);
  }
}

TEST(TemplateBounds, RecursionIsLimited) {
  EXPECT_EQ(RenderError("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").kind,
            base::ErrorKind::kResourceExhausted);
  EXPECT_EQ(RenderError("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}").kind,
            base::ErrorKind::kResourceExhausted);
}

TEST(TemplateBounds, ValuesCannotNestWithoutEnd) {
  EXPECT_EQ(RenderError("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
                        "{% set ns.x = [ns.x] %}{% endfor %}")
                .kind,
            base::ErrorKind::kResourceExhausted);
  EXPECT_EQ(RenderError("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
                        "{% for y in [ns.x] %}{% set ns.x = loop %}{% endfor %}{% endfor %}")
                .kind,
            base::ErrorKind::kResourceExhausted);
}

TEST(TemplateBounds, CyclesThroughNamespacesEnd) {
  EXPECT_EQ(Render("{% set ns = namespace() %}{% set ns.me = ns %}{% set ns.l = [ns] %}ok"
                   "{% for i in range(9999) %}{% set ns.p = namespace(p=ns.p) %}{% endfor %}"
                   "{% for i in [1] %}{{ loop.changed(loop) }}{% endfor %}",
                   {}),
            "okTrue");
  EXPECT_EQ(RenderError("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}").kind,
            base::ErrorKind::kInvalidArgument);
}

TEST(TemplateBounds, ClosuresOutliveTheirBlocks) {
  EXPECT_EQ(Render("{% set ns = namespace(m=none, l=none) %}"
                   "{% for i in [1, 2, 3] %}{% macro m() %}{{ i }}{% endmacro %}"
                   "{% if i == 2 %}{% set ns.m = m %}{% endif %}{% endfor %}{{ ns.m() }}"
                   "{% for i in [1, 2, 3] %}{% set k = i %}{% for j in [1, 2] if j <= k %}"
                   "{% set ns.l = loop %}{% break %}{% endfor %}{% endfor %}{{ ns.l.length }}",
                   {}),
            "22");
}

TEST(TemplateBounds, DeepSourcesAreRefused) {
  auto repeat = [](std::string_view text, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) {
      out += text;
    }
    return out;
  };
  constexpr size_t kMany = 10'000;
  for (const std::string& source :
       {"{{ " + repeat("(", kMany) + "1", "{{ " + repeat("not ", kMany) + "1 }}",
        "{{ " + repeat("-", kMany) + "1 }}", "{{ 1" + repeat(" + 1", kMany) + " }}",
        "{{ x" + repeat(".a", kMany) + " }}", "{{ x" + repeat("|upper", kMany) + " }}",
        repeat("{% if x %}", kMany), "{{ x" + repeat("[x", kMany), "{{ 1" + repeat(" if 1", kMany),
        "{% set " + repeat("(", kMany), "{{ " + repeat("[", kMany), "{{ " + repeat("{1:", kMany)}) {
    EXPECT_FALSE(Template::Compile(source).has_value()) << source.substr(0, 20);
  }
}

TEST(TemplateBounds, IntegersDoNotWrap) {
  for (std::string_view source :
       {"{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 2 ** 64 }}",
        "{{ 9223372036854775807 * 2 }}", "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1) | abs }}"}) {
    EXPECT_EQ(RenderError(source).kind, base::ErrorKind::kInvalidArgument) << source;
  }
  EXPECT_EQ(Render("{{ (-9223372036854775807 - 1) % -1 }}", {}), "0");
}

}  // namespace
}  // namespace millrace::chat_template
