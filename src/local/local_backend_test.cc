#include "local/local_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"
#include "base/utf8.h"
#include "chat/testing/collected_answer.h"
#include "json/json.h"
#include "model/testing/tiny_model.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {
namespace {

using chat::CollectedAnswer;
using chat::FinishReason;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kSeeds = 40;

class Local : public ::testing::Test {
 protected:
  static engine::EngineOptions Options() {
    engine::EngineOptions options;
    options.thread_count = 1;
    options.context_tokens = 512;
    options.kv_bytes_max = 8 << 20;
    return options;
  }

  Local() { Open(Options()); }

  std::shared_ptr<LoadedModel> OpenModel(engine::EngineOptions options) {
    auto opened = LoadedModel::Open(file_.path(), std::move(options), &clock_, &metrics_);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return *std::move(opened);
  }
  void Open(engine::EngineOptions options, const ServedAs& served = {}) {
    backend_.reset();
    model_.reset();
    model_ = OpenModel(std::move(options));
    const base::Status loaded = model_->Load(LoadedModel::Weights::kOnDemand);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    backend_ = LocalBackend::Create(model_, served, &clock_, &random_).value();
  }
  void Serve(const RecordSettings& settings) {
    backend_ =
        LocalBackend::Create(model_, {.id = "", .settings = settings}, &clock_, &random_).value();
  }

  static chat::ChatRequest Ask(std::string text, uint64_t seed = 1) {
    chat::ChatRequest request;
    chat::Message message;
    message.content = std::move(text);
    request.messages.push_back(std::move(message));
    request.sampling.temperature = 1.0;
    request.seed = seed;
    request.answer_tokens_max = 24;
    request.reasoning_tokens_max = 16;
    return request;
  }

  // Makes the model keep talking: end tokens are as good as forbidden.
  chat::ChatRequest AskLong(std::string text, uint64_t seed = 1) const {
    chat::ChatRequest request = Ask(std::move(text), seed);
    for (const base::TokenId id : tokenizer_->end_tokens()) {
      request.sampling.logit_bias.emplace_back(ToIndex(id), -100.0F);
    }
    return request;
  }

  // Makes the model fond of opening a reasoning block.
  void Provoke(chat::ChatRequest& request, std::string_view token, float bias) const {
    request.sampling.logit_bias.emplace_back(ToIndex(*tokenizer_->Find(token)), bias);
  }

  std::unique_ptr<chat::ChatStream> Start(const chat::ChatRequest& request) {
    auto stream = chat::StartChat(*backend_, request);
    EXPECT_TRUE(stream.has_value()) << stream.error().message;
    return *std::move(stream);
  }
  CollectedAnswer Answer(const chat::ChatRequest& request) {
    const auto stream = Start(request);
    CollectedAnswer answer = chat::Collect(*stream, request.n);
    EXPECT_FALSE(answer.failure.has_value());
    return answer;
  }
  int64_t PromptTokens(const chat::ChatRequest& request) {
    return Start(request)->usage().prompt_tokens;
  }
  void WaitUntilIdle() {
    while (true) {
      const engine::EngineStats stats = backend_->stats();
      if (stats.running_sequences == 0 && stats.waiting_requests == 0 &&
          stats.blocks_free + stats.blocks_cached == stats.blocks_total) {
        return;
      }
      std::this_thread::yield();
    }
  }

  model::testing::TinyModelFile file_;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_ =
      tokenizer::Tokenizer::FromGguf(*file_.Open()).value();
  base::FakeClock clock_;
  base::FakeRandom random_;
  metrics::Registry metrics_;
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<LocalBackend> backend_;
};

TEST_F(Local, ReadsItsRecordFromTheFile) {
  const chat::ModelRecord& record = backend_->record();
  EXPECT_EQ(record.id, "tiny-random");
  EXPECT_EQ(record.context_tokens, 512);
  EXPECT_EQ(record.prompt_tokens_max, 512);
  EXPECT_EQ(record.thinking, chat::ThinkingClass::kHybrid);
  EXPECT_TRUE(record.thinking_default_on);
  EXPECT_TRUE(record.tools);
  EXPECT_TRUE(record.json_mode);
  EXPECT_TRUE(record.constrained_tools);
  EXPECT_EQ(record.vocabulary_size, 272);
  EXPECT_EQ(record.sampling.temperature, 0.7);
  EXPECT_EQ(record.sampling.top_k, 50);
}

TEST_F(Local, RefusesAFileThatIsNone) {
  const auto opened = LoadedModel::Open("/nonexistent.gguf", {}, &clock_, &metrics_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, base::ErrorKind::kNotFound);
}

TEST_F(Local, KnowsItsRecordAndRefusesAtStartUntilItIsLoaded_C260) {
  const std::shared_ptr<LoadedModel> model = OpenModel(Options());
  backend_ = LocalBackend::Create(model, {.id = "later"}, &clock_, &random_).value();
  EXPECT_EQ(backend_->record().context_tokens, 512);
  EXPECT_EQ(backend_->record().vocabulary_size, 272);
  EXPECT_EQ(backend_->stats().blocks_total, 0);

  auto prepared = backend_->Prepare(Ask("Hello"), {});
  ASSERT_TRUE(prepared.has_value()) << prepared.error().message;
  EXPECT_GT((*prepared)->prompt_tokens(), 0);
  const auto refused = (*prepared)->Start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, base::ErrorKind::kUnavailable);

  ASSERT_TRUE(model->Load(LoadedModel::Weights::kRead).has_value());
  EXPECT_EQ(model->engine()->context_tokens(), model->context_tokens());
  EXPECT_EQ(model->engine()->model_info().vocabulary_size, model->facts().info.vocabulary_size);
  EXPECT_NE(Answer(Ask("Hello")).choices[0].finish, std::nullopt);
}

TEST_F(Local, TellsWhenTheModelBeganWithARequest) {
  const base::TimePoint now = clock_.Now();
  const auto stream = Start(Ask("Hello"));
  chat::Collect(*stream);
  EXPECT_EQ(stream->admitted_at(), now);
}

TEST_F(Local, StopsLoadingWhenAsked) {
  const std::shared_ptr<LoadedModel> model = OpenModel(Options());
  std::stop_source stop;
  stop.request_stop();
  const base::Status status = model->Load(LoadedModel::Weights::kRead, stop.get_token());
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, base::ErrorKind::kCancelled);
  EXPECT_EQ(model->engine(), nullptr);
}

TEST_F(Local, RefusesACacheTooSmallForItsModel) {
  engine::EngineOptions options = Options();
  options.kv_bytes_max = 1;
  const auto opened = LoadedModel::Open(file_.path(), options, &clock_, &metrics_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message, HasSubstr("KV cache"));
}

TEST_F(Local, ServesSeveralRecordsFromOneModel) {
  const auto quiet =
      LocalBackend::Create(model_,
                           {.id = "quiet", .settings = {.thinking = chat::ThinkingClass::kNever}},
                           &clock_, &random_)
          .value();
  const auto other = LocalBackend::Create(model_, {.id = "other"}, &clock_, &random_).value();
  EXPECT_EQ(quiet->model(), other->model());
  EXPECT_EQ(quiet->record().thinking, chat::ThinkingClass::kNever);
  EXPECT_EQ(other->record().thinking, chat::ThinkingClass::kHybrid);
  const auto first = chat::StartChat(*quiet, Ask("Hello", 5));
  const auto second = chat::StartChat(*other, Ask("Hello", 5));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(chat::Collect(**first).choices, chat::Collect(**second).choices);
}

TEST_F(Local, EndsAtTheContextOfItsRecord) {
  Serve({.context_tokens = 64});
  chat::ChatRequest request = AskLong("Tell me");
  request.answer_tokens_max = 300;
  const CollectedAnswer answer = Answer(request);
  EXPECT_EQ(answer.usage.prompt_tokens + answer.usage.completion_tokens, 64);
  EXPECT_EQ(answer.choices[0].finish, FinishReason::kLength);
}

TEST_F(Local, NeverReasonsWhenItsRecordSaysNever) {
  Serve({.thinking = chat::ThinkingClass::kNever});
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = AskLong("Tell me", seed);
    request.enable_thinking = true;  // whatever the caller says
    Provoke(request, "<think>", 8);
    const CollectedAnswer answer = Answer(request);
    EXPECT_EQ(answer.choices[0].reasoning, "") << seed;
    EXPECT_FALSE(answer.choices[0].started_reasoning) << seed;
    EXPECT_EQ(answer.usage.reasoning_tokens, 0) << seed;
    EXPECT_THAT(answer.choices[0].content, Not(HasSubstr("<think>"))) << seed;
  }
}

TEST_F(Local, AlwaysReasonsWhenItsRecordSaysAlways) {
  Serve({.thinking = chat::ThinkingClass::kAlways});
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = AskLong("Tell me", seed);
    request.enable_thinking = false;  // whatever the caller says
    Provoke(request, "<think>", -100);
    Provoke(request, "</think>", -100);
    const CollectedAnswer answer = Answer(request);
    EXPECT_TRUE(answer.choices[0].started_reasoning) << seed;
    EXPECT_EQ(answer.usage.reasoning_tokens, 16) << seed;
  }
}

TEST_F(Local, GivesAPrefixedAnswerWithoutReasoningThoughItAlwaysReasons) {
  Serve({.thinking = chat::ThinkingClass::kAlways});
  chat::ChatRequest request = AskLong("Tell me");
  request.answer_prefix = "Once";
  const CollectedAnswer answer = Answer(request);
  EXPECT_EQ(answer.usage.reasoning_tokens, 0);
  EXPECT_EQ(answer.choices[0].reasoning, "");
}

TEST_F(Local, GivesTheSameAnswerForTheSameSeed_C129) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const CollectedAnswer first = Answer(Ask("Hello", seed));
    const CollectedAnswer second = Answer(Ask("Hello", seed));
    EXPECT_EQ(first.choices, second.choices) << seed;
    EXPECT_EQ(first.usage.completion_tokens, second.usage.completion_tokens) << seed;
  }
}

TEST_F(Local, GivesTheSameTextWhoeverReadsIt_C233) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = Ask("Hello", seed);
    request.enable_thinking = true;
    Provoke(request, "<think>", 6);
    Provoke(request, "</think>", 4);
    const auto slow = Start(request);
    WaitUntilIdle();  // everything is there before the first event is read
    EXPECT_EQ(chat::Collect(*slow).choices, Answer(request).choices) << seed;
  }
}

TEST_F(Local, KeepsTheInvariantsOfUsage_C223) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = Ask("Hello there", seed);
    request.enable_thinking = seed % 2 == 0;
    Provoke(request, "<think>", 6);
    const CollectedAnswer answer = Answer(request);
    chat::Usage before;
    for (const chat::ChatEvent& event : answer.events) {
      EXPECT_GE(event.usage.completion_tokens, before.completion_tokens);
      EXPECT_LE(event.usage.reasoning_tokens, event.usage.completion_tokens);
      EXPECT_LE(event.usage.cached_tokens, event.usage.prompt_tokens);
      before = event.usage;
    }
    EXPECT_EQ(answer.usage.prompt_tokens, PromptTokens(request));
  }
}

TEST_F(Local, WritesValidTextWithoutMarkup_C152_C225_C226) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = Ask("Hello", seed);
    request.enable_thinking = true;
    Provoke(request, "<think>", 5);
    Provoke(request, "</think>", 5);
    Provoke(request, "<|im_start|>", 5);
    const CollectedAnswer answer = Answer(request);
    for (const std::string& text : {answer.choices[0].content, answer.choices[0].reasoning}) {
      EXPECT_TRUE(base::IsValidUtf8(text)) << seed;
      EXPECT_THAT(text, Not(HasSubstr("think>"))) << seed;
      EXPECT_THAT(text, Not(HasSubstr("<|im_start|>"))) << seed;
    }
  }
}

TEST_F(Local, EndsAfterTheLastAnswerToken_C116) {
  chat::ChatRequest request = AskLong("Tell me");
  request.answer_tokens_max = 5;
  const CollectedAnswer answer = Answer(request);
  EXPECT_EQ(answer.choices[0].finish, FinishReason::kLength);
  EXPECT_EQ(answer.usage.completion_tokens, 5);
}

TEST_F(Local, CountsReasoningAgainstTheTotalOnly_C120_C149_C151) {
  int reasoned = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = AskLong("Tell me", seed);
    request.enable_thinking = true;
    Provoke(request, "<think>", 6);
    request.answer_tokens_max = 3;
    const CollectedAnswer answer = Answer(request);
    if (answer.usage.reasoning_tokens > 0) {
      ++reasoned;
      EXPECT_GT(answer.usage.completion_tokens, 3) << seed;
    }
    EXPECT_LE(answer.usage.reasoning_tokens, 16) << seed;
    request.completion_tokens_max = 4;
    EXPECT_LE(Answer(request).usage.completion_tokens, 4) << seed;
  }
  EXPECT_GT(reasoned, 0);
}

TEST_F(Local, ForcesTheAnswerWhenTheBudgetIsSpent_C147_C148) {
  int cut = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = AskLong("Tell me", seed);
    request.enable_thinking = true;
    request.reasoning_tokens_max = 7;
    Provoke(request, "<think>", 6);
    Provoke(request, "</think>", -100);
    const CollectedAnswer answer = Answer(request);
    EXPECT_LE(answer.usage.reasoning_tokens, 7) << seed;
    if (answer.usage.reasoning_tokens == 7) {
      ++cut;
      EXPECT_TRUE(answer.choices[0].started_reasoning) << seed;
      EXPECT_GE(answer.usage.completion_tokens, 7 + request.answer_tokens_max) << seed;
    }
  }
  EXPECT_GT(cut, 0);
}

TEST_F(Local, NeverReasonsWhenToldNotTo_C139) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = AskLong("Tell me", seed);
    Provoke(request, "<think>", 8);
    const CollectedAnswer answer = Answer(request);
    EXPECT_EQ(answer.choices[0].reasoning, "") << seed;
    EXPECT_FALSE(answer.choices[0].started_reasoning) << seed;
    EXPECT_EQ(answer.usage.reasoning_tokens, 0) << seed;
  }
}

TEST_F(Local, CutsAtStopStrings_C123_C124) {
  int cut = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = AskLong("Tell me", seed);
    const std::string whole = Answer(request).choices[0].content;
    // Two characters from the middle: usually of two tokens.
    size_t at = whole.size() / 2;
    while (at > 0 && (static_cast<unsigned char>(whole[at]) & 0xC0) == 0x80) {
      --at;
    }
    const std::string stop = whole.substr(at, 2);
    if (!base::IsValidUtf8(stop) || stop.size() < 2) {
      continue;
    }
    request.stop = {stop};
    const CollectedAnswer answer = Answer(request);
    EXPECT_EQ(answer.choices[0].content, whole.substr(0, whole.find(stop))) << seed;
    EXPECT_EQ(answer.choices[0].finish, FinishReason::kStop) << seed;
    ++cut;
  }
  EXPECT_GT(cut, 0);
}

TEST_F(Local, GivesEachChoiceItsOwnSeed_C128) {
  chat::ChatRequest request = AskLong("Tell me", 7);
  const int64_t prompt_tokens = PromptTokens(request);
  request.n = 3;
  const CollectedAnswer together = Answer(request);
  EXPECT_EQ(together.usage.prompt_tokens, prompt_tokens);
  request.n = 1;
  int64_t completion_tokens = 0;
  for (uint64_t i = 0; i < 3; ++i) {
    request.seed = 7 + i;
    const CollectedAnswer alone = Answer(request);
    EXPECT_EQ(alone.choices[0], together.choices[i]) << i;
    completion_tokens += alone.usage.completion_tokens;
  }
  EXPECT_EQ(together.usage.completion_tokens, completion_tokens);
}

TEST_F(Local, AnswersGreedilyAtTemperatureZero_C105_C108) {
  chat::ChatRequest request = AskLong("Tell me", 1);
  request.sampling.temperature = 0;
  request.n = 2;
  const CollectedAnswer greedy = Answer(request);
  EXPECT_EQ(greedy.choices[0], greedy.choices[1]);
  request.n = 1;
  request.sampling.temperature = 1.5;
  request.sampling.top_k = 1;
  EXPECT_EQ(Answer(request).choices[0], greedy.choices[0]);
}

TEST_F(Local, RefusesAPromptOverTheContext_C119) {
  const auto stream = chat::StartChat(*backend_, Ask(std::string(2000, '!')));
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().kind, base::ErrorKind::kContextOverflow);
  EXPECT_THAT(stream.error().message,
              ::testing::MatchesRegex("number of input tokens \\([0-9]+\\) has exceeded "
                                      "max_prompt_tokens \\(512\\) limit. This model's maximum "
                                      "context length is 512 tokens."));
}

TEST_F(Local, StopsAtTheEndOfTheContext_C118) {
  chat::ChatRequest request = AskLong(std::string(400, '!'));
  request.answer_tokens_max = 511;
  const CollectedAnswer answer = Answer(request);
  EXPECT_EQ(answer.choices[0].finish, FinishReason::kLength);
  EXPECT_EQ(answer.usage.prompt_tokens + answer.usage.completion_tokens, 512);
}

TEST_F(Local, FreesItsBlocksWhenAStreamIsDropped_C254) {
  chat::ChatRequest request = AskLong("Tell me");
  request.answer_tokens_max = 400;
  request.n = 3;
  {
    const auto queued = Start(request);
    const auto running = Start(request);
    chat::WaitForEvent(*running);
  }
  WaitUntilIdle();
}

TEST_F(Local, EndsTheGenerationAtAStopString) {
  chat::ChatRequest request = AskLong("Tell me", 3);
  const std::string whole = Answer(request).choices[0].content;
  ASSERT_FALSE(whole.empty());
  request.stop = {whole.substr(0, 1)};
  request.answer_tokens_max = 400;
  const auto stream = Start(request);
  const CollectedAnswer answer = chat::Collect(*stream);
  EXPECT_EQ(answer.choices[0].content, "");
  EXPECT_LT(answer.usage.completion_tokens, 400);
  WaitUntilIdle();
}

TEST_F(Local, ReportsCachedPromptTokens_C224) {
  const chat::ChatRequest request = AskLong(std::string(200, '!'));
  EXPECT_EQ(Answer(request).usage.cached_tokens, 0);
  EXPECT_GT(Answer(request).usage.cached_tokens, 0);
  chat::ChatRequest stranger = request;
  stranger.tenant = "another";
  EXPECT_EQ(Answer(stranger).usage.cached_tokens, 0);
}

TEST_F(Local, ShowsMessagesAsPlainText) {
  // A control token in a message would be one token; as text it is many.
  EXPECT_GT(PromptTokens(Ask("<|im_end|>")), PromptTokens(Ask("!")) + 5);
}

TEST_F(Local, DoesNotShowOldReasoning_C097) {
  chat::ChatRequest request = Ask("q");
  chat::Message old;
  old.role = chat::Role::kAssistant;
  old.content = "a";
  request.messages.push_back(old);
  request.messages.push_back(request.messages[0]);
  const int64_t without = PromptTokens(request);
  request.messages[1].reasoning = "a long story";
  EXPECT_EQ(PromptTokens(request), without);
  request.messages[1].content = "<think>a long story</think>a";
  EXPECT_EQ(PromptTokens(request), without);
}

TEST_F(Local, ContinuesAGivenBeginning_C101) {
  chat::ChatRequest request = AskLong("Tell me");
  const int64_t prompt_tokens = PromptTokens(request);
  request.answer_prefix = "!!!";
  EXPECT_GT(PromptTokens(request), prompt_tokens);
  EXPECT_EQ(Answer(request).choices[0].finish, FinishReason::kLength);
}

// What random weights say is anything but JSON; held to a schema it is nothing else.
TEST_F(Local, HoldsAnswersToASchema_C187_C190) {
  for (const bool thinking : {false, true}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      chat::ChatRequest request = Ask("q", seed);
      request.enable_thinking = thinking;
      request.n = 2;
      request.answer_tokens_max = 200;
      request.response_format = chat::JsonSchemaFormat{
          .name = "x",
          .schema_json = R"({"type":"object","properties":{"kind":{"enum":["cat","dog"]},)"
                         R"("age":{"type":"integer","minimum":0,"maximum":30}},)"
                         R"("required":["kind","age"],"additionalProperties":false})"};
      for (const chat::CollectedChoice& choice : Answer(request).choices) {
        EXPECT_EQ(choice.finish, chat::FinishReason::kStop);
        const auto value = json::Parse(choice.content);
        ASSERT_TRUE(value.has_value()) << choice.content;
        const auto& object = value->as_object();
        EXPECT_EQ(object.size(), 2U) << choice.content;
        EXPECT_TRUE(object.at("kind") == "cat" || object.at("kind") == "dog") << choice.content;
        EXPECT_LE(object.at("age").to_number<int64_t>(), 30) << choice.content;
      }
    }
  }
}

TEST_F(Local, ForcesACallOfATool_C170_C171_C176_C178) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    chat::ChatRequest request = Ask("q", seed);
    request.enable_thinking = seed % 2 == 0;
    request.answer_tokens_max = 400;
    for (const char* name : {"get_weather", "get_time"}) {
      chat::ToolSpec tool;
      tool.name = name;
      tool.parameters_json =
          R"({"type":"object","properties":{"unit":{"enum":["C","F"]}},"required":["unit"],)"
          R"("additionalProperties":false})";
      tool.entry_json = R"({"type":"function","function":{"name":")" + tool.name + R"("}})";
      request.tools.push_back(std::move(tool));
    }
    const bool named = seed % 3 == 0;
    if (named) {
      request.tool_choice = chat::ToolChoiceNamed{.name = "get_time"};
    } else {
      request.tool_choice = chat::ToolChoiceRequired{};
      request.parallel_tool_calls = false;
    }
    const chat::CollectedChoice choice = Answer(request).choices.front();
    ASSERT_EQ(choice.calls.size(), 1U) << choice.content;
    EXPECT_EQ(choice.finish, chat::FinishReason::kToolCalls);
    EXPECT_EQ(choice.content, "");
    EXPECT_TRUE(!named || choice.calls[0].name == "get_time");
    const std::string& arguments = choice.calls[0].arguments_json;
    EXPECT_TRUE(arguments == R"({"unit": "C"})" || arguments == R"({"unit": "F"})" ||
                json::Parse(arguments)->as_object().size() == 1)
        << arguments;
  }
}

TEST_F(Local, RefusesASchemaByNameAndPlace_C192_C194) {
  chat::ChatRequest request = Ask("q");
  request.response_format =
      chat::JsonSchemaFormat{.name = "x", .schema_json = R"({"$ref":"#/$defs/none"})"};
  const auto refused = chat::StartChat(*backend_, request);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, base::ErrorKind::kInvalidArgument);
  EXPECT_TRUE(refused.error().message.starts_with("response_format.json_schema.schema: "))
      << refused.error().message;
  chat::ChatRequest strict = Ask("q");
  chat::ToolSpec tool;
  tool.name = "f";
  tool.strict = true;
  tool.position = 3;
  tool.parameters_json = R"({"type":"object","properties":{"a":{"type":"strin"}}})";
  strict.tools.push_back(std::move(tool));
  const auto refused_tool = chat::StartChat(*backend_, strict);
  ASSERT_FALSE(refused_tool.has_value());
  EXPECT_TRUE(refused_tool.error().message.starts_with("tools.3.function.parameters: "))
      << refused_tool.error().message;
}

TEST_F(Local, RefusesNewRequestsWhenItsQueueIsFull_C259) {
  engine::EngineOptions options = Options();
  options.queue_length_max = 1;
  options.running_sequences_max = 1;
  Open(std::move(options));
  chat::ChatRequest request = AskLong("Tell me");
  request.answer_tokens_max = 400;
  std::vector<std::unique_ptr<chat::ChatStream>> streams;
  while (true) {
    auto stream = chat::StartChat(*backend_, request);
    if (!stream.has_value()) {
      EXPECT_EQ(stream.error().kind, base::ErrorKind::kResourceExhausted);
      break;
    }
    streams.push_back(*std::move(stream));
    ASSERT_LT(streams.size(), 50U);
  }
}

}  // namespace
}  // namespace millrace::local
