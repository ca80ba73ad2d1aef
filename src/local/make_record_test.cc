#include "local/make_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tokenizer/testing/vocabularies.h"

namespace millrace::local {
namespace {

using chat::ThinkingClass;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int32_t kContext = 4096;

constexpr std::string_view kSwitch =
    "{% for m in messages %}{{ m.content }}{% endfor %}{% if enable_thinking %}<think>{% endif %}";
constexpr std::string_view kTools = "{% if tools %}{{ tools | length }}{% endif %}";
constexpr std::string_view kReasons = "{{ messages[0].content.split('</think>')[-1] }}";
constexpr std::string_view kPlain = "{{ messages[0].content }}";

ChatFormat Format(std::string_view source, ThinkingClass thinking) {
  return {.chat_template = chat_template::Template::Compile(source).value(),
          .syntax = output_parser::FindSyntax("hermes"),
          .thinking = thinking,
          .thinking_default_on = true};
}

MadeRecord Make(const ChatFormat& format, const ServedAs& served) {
  ModelFacts facts{.name = "file",
                   .organization = "Somebody",
                   .tokenizer = tokenizer::testing::MakeTinyTokenizer(),
                   .info = {}};
  facts.info.vocabulary_size = 272;
  return MakeRecord(facts, format, kContext, served);
}

std::vector<std::string> KeysOf(const MadeRecord& made) {
  std::vector<std::string> keys;
  for (const RecordConflict& conflict : made.conflicts) {
    EXPECT_FALSE(conflict.problem.empty());
    keys.push_back(conflict.key);
  }
  return keys;
}

TEST(MakeRecord, TakesWhatNobodySaidFromTheFile) {
  const MadeRecord made = Make(Format(kSwitch, ThinkingClass::kHybrid), {.id = ""});
  EXPECT_THAT(made.conflicts, IsEmpty());
  const chat::ModelRecord& record = made.record;
  EXPECT_EQ(record.id, "file");
  EXPECT_EQ(record.owned_by, "Somebody");
  EXPECT_EQ(record.context_tokens, kContext);
  EXPECT_EQ(record.prompt_tokens_max, kContext);
  EXPECT_EQ(record.output_tokens_max, kContext);
  EXPECT_EQ(record.thinking, ThinkingClass::kHybrid);
  EXPECT_TRUE(record.thinking_default_on);
  EXPECT_FALSE(record.tools);
  EXPECT_TRUE(record.prefix);
  EXPECT_EQ(record.n_max, 8);
  EXPECT_EQ(record.vocabulary_size, 272);
  EXPECT_FALSE(record.hidden);
}

TEST(MakeRecord, LetsEverySettingWin) {
  RecordSettings settings{.context_tokens = 2048,
                          .prompt_tokens_max = 2000,
                          .output_tokens_max = 100,
                          .reasoning_tokens_max = 50,
                          .thinking_default = false,
                          .effort = true,
                          .min_p = false,
                          .tools = false,
                          .prefix = false,
                          .n_max = 1,
                          .images_max = 3,
                          .hidden = true,
                          .owned_by = "Us",
                          .created_unix_seconds = 1700000000};
  settings.sampling = {.temperature = 0.1,
                       .top_p = 0.2,
                       .top_k = 3,
                       .min_p = 0.4,
                       .frequency_penalty = 0.5,
                       .presence_penalty = 0.6,
                       .repetition_penalty = 1.7};
  const MadeRecord made =
      Make(Format(std::string(kSwitch) + std::string(kTools), ThinkingClass::kHybrid),
           {.id = "a/b", .aliases = {"c"}, .settings = settings});
  EXPECT_THAT(made.conflicts, IsEmpty());
  const chat::ModelRecord& record = made.record;
  EXPECT_EQ(record.id, "a/b");
  EXPECT_THAT(record.aliases, ElementsAre("c"));
  EXPECT_EQ(record.context_tokens, 2048);
  EXPECT_EQ(record.prompt_tokens_max, 2000);
  EXPECT_EQ(record.output_tokens_max, 100);
  EXPECT_EQ(record.reasoning_tokens_max, 50);
  EXPECT_FALSE(record.thinking_default_on);
  EXPECT_TRUE(record.effort);
  EXPECT_FALSE(record.honours_min_p);
  EXPECT_FALSE(record.tools);
  EXPECT_FALSE(record.prefix);
  EXPECT_EQ(record.n_max, 1);
  EXPECT_EQ(record.images_max, 3);
  EXPECT_TRUE(record.hidden);
  EXPECT_EQ(record.owned_by, "Us");
  EXPECT_EQ(record.created_unix_seconds, 1700000000);
  EXPECT_EQ(record.sampling.temperature, 0.1);
  EXPECT_EQ(record.sampling.top_k, 3);
  EXPECT_EQ(record.sampling.repetition_penalty, 1.7);
}

TEST(MakeRecord, RefusesWhatTheFileCannotDoAndSaysSo) {
  const RecordSettings settings{.thinking = ThinkingClass::kHybrid, .tools = true, .fim = true};
  const MadeRecord made =
      Make(Format(kPlain, ThinkingClass::kNever), {.id = "", .settings = settings});
  EXPECT_THAT(KeysOf(made), ElementsAre("thinking", "tools", "fim"));
  EXPECT_EQ(made.record.thinking, ThinkingClass::kNever);
  EXPECT_FALSE(made.record.tools);
  EXPECT_FALSE(made.record.fim);
}

TEST(MakeRecord, AHybridRecordOfAModelThatAlwaysReasonsAlwaysReasons) {
  const RecordSettings settings{.thinking = ThinkingClass::kHybrid};
  const MadeRecord made =
      Make(Format(kReasons, ThinkingClass::kAlways), {.id = "", .settings = settings});
  EXPECT_THAT(KeysOf(made), ElementsAre("thinking"));
  EXPECT_EQ(made.record.thinking, ThinkingClass::kAlways);
}

TEST(MakeRecord, PassesOnWhatTheFormatLeftOpen) {
  ChatFormat format = Format(kPlain, ThinkingClass::kNever);
  format.warning = "nobody knows";
  const MadeRecord made = Make(format, {.id = ""});
  EXPECT_THAT(KeysOf(made), ElementsAre("prompt"));
  EXPECT_EQ(made.conflicts[0].problem, "nobody knows");
}

TEST(MakeRecord, NeverAndAlwaysNeedNoSwitch) {
  for (const ThinkingClass thinking : {ThinkingClass::kNever, ThinkingClass::kAlways}) {
    const MadeRecord made =
        Make(Format(kPlain, ThinkingClass::kNever), {.id = "", .settings = {.thinking = thinking}});
    EXPECT_THAT(made.conflicts, IsEmpty());
    EXPECT_EQ(made.record.thinking, thinking);
  }
}

TEST(MakeRecord, EffortNeedsReasoning) {
  const RecordSettings settings{.thinking = ThinkingClass::kNever, .effort = true};
  const MadeRecord made =
      Make(Format(kSwitch, ThinkingClass::kHybrid), {.id = "", .settings = settings});
  EXPECT_THAT(KeysOf(made), ElementsAre("effort"));
  EXPECT_FALSE(made.record.effort);
}

TEST(MakeRecord, InputsBringTheSamplingDefaultsOfModelsThatSee) {
  const RecordSettings settings{.inputs = InputSettings{.image = true}};
  const MadeRecord made =
      Make(Format(kPlain, ThinkingClass::kNever), {.id = "", .settings = settings});
  EXPECT_EQ(made.record.sampling.temperature, 0.7);
  EXPECT_EQ(made.record.sampling.top_k, 50);
  EXPECT_EQ(made.record.sampling.frequency_penalty, 0.5);
}

TEST(MakeRecord, ContextIsNeverMoreThanTheEngineHas) {
  const RecordSettings settings{.context_tokens = 1 << 20, .prompt_tokens_max = 1 << 20};
  const MadeRecord made =
      Make(Format(kPlain, ThinkingClass::kNever), {.id = "", .settings = settings});
  EXPECT_EQ(made.record.context_tokens, kContext);
  EXPECT_EQ(made.record.prompt_tokens_max, kContext);
}

TEST(Layer, KeepsBelowWhatAboveDoesNotSay) {
  const RecordSettings below{.output_tokens_max = 1, .tools = true, .sampling = {.top_k = 5}};
  const RecordSettings above{.output_tokens_max = 2, .sampling = {.temperature = 0.0}};
  const RecordSettings both = Layer(below, above);
  EXPECT_EQ(both.output_tokens_max, 2);
  EXPECT_EQ(both.tools, true);
  EXPECT_EQ(both.sampling.top_k, 5);
  EXPECT_EQ(both.sampling.temperature, 0.0);
  EXPECT_EQ(Layer(both, {}), both);
  EXPECT_EQ(Layer({}, both), both);
}

}  // namespace
}  // namespace millrace::local
