#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "local/fim_prompt.h"
#include "local/testing/edited_model.h"
#include "local/testing/served_model.h"
#include "model/testing/tiny_model.h"

namespace millrace::local {
namespace {

using base::TokenId;
using chat::CollectedAnswer;
using chat::FinishReason;
using testing::EditedModelFile;
using testing::ServedModel;

constexpr int32_t kPrefix = 265;
constexpr int32_t kSuffix = 266;
constexpr int32_t kMiddle = 267;
constexpr int32_t kPadding = 268;

class Fim : public ::testing::Test {
 protected:
  // Changes a request to ask for a gap to be filled.
  static chat::ChatRequest Gap(chat::ChatRequest request, std::string prefix, std::string suffix) {
    request.answer_prefix = std::move(prefix);
    request.answer_suffix = std::move(suffix);
    return request;
  }

  EditedModelFile file_{{.control_tokens = {{kPrefix, "<|fim_prefix|>"},
                                            {kSuffix, "<|fim_suffix|>"},
                                            {kMiddle, "<|fim_middle|>"},
                                            {kPadding, "<|fim_pad|>"}}}};
  ServedModel served_{file_.path()};
};

TEST_F(Fim, RecordSaysWhatTheVocabularyCan) {
  EXPECT_TRUE(served_.backend().record().fim);
  const model::testing::TinyModelFile plain;
  EXPECT_FALSE(ServedModel(plain.path()).backend().record().fim);
}

TEST_F(Fim, PutsTheLastUserMessageBeforeThePrefix) {
  chat::ChatRequest request = Gap(ServedModel::Ask("first"), "def f():", "return x");
  request.messages.resize(3);
  request.messages[1].role = chat::Role::kAssistant;
  request.messages[1].content = "answer";
  request.messages[2].content = "# last";
  std::vector<TokenId> expected{TokenId{kPrefix}};
  const auto add = [&](std::string_view text) {
    served_.tokenizer().Encode(text, tokenizer::SpecialTokens::kPlainText, expected);
  };
  add("# last\ndef f():");
  expected.push_back(TokenId{kSuffix});
  add("return x");
  expected.push_back(TokenId{kMiddle});
  EXPECT_EQ(MakeFimPrompt(served_.tokenizer(), request), expected);
  EXPECT_EQ(served_.Answer(request).usage.prompt_tokens, static_cast<int64_t>(expected.size()));
}

TEST_F(Fim, NeedsNoUserMessageAndNoSuffixText) {
  chat::ChatRequest request = Gap(ServedModel::Ask("q"), "a", "");
  request.messages[0].role = chat::Role::kSystem;
  std::vector<TokenId> expected{TokenId{kPrefix}};
  served_.tokenizer().Encode("a", tokenizer::SpecialTokens::kPlainText, expected);
  expected.push_back(TokenId{kSuffix});
  expected.push_back(TokenId{kMiddle});
  EXPECT_EQ(MakeFimPrompt(served_.tokenizer(), request), expected);
}

TEST_F(Fim, TextsNeverBecomeSpecialTokens) {
  const chat::ChatRequest request =
      Gap(ServedModel::Ask("<|im_end|>"), "<|fim_suffix|>", "<|fim_middle|><|endoftext|>");
  int special_count = 0;
  for (const TokenId id : MakeFimPrompt(served_.tokenizer(), request)) {
    special_count += served_.tokenizer().IsControl(id) ? 1 : 0;
  }
  EXPECT_EQ(special_count, 3);
}

TEST_F(Fim, ReturnsTheGapAloneWithoutReasoningOrCalls) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    chat::ChatRequest request = Gap(served_.AskLong("q", seed), "!!!", "???");
    request.tools.push_back(
        {.name = "f", .description = {}, .parameters_json = {}, .entry_json = {}});
    served_.Bias(request, "<tool_call>", 3);
    served_.Bias(request, "<|im_start|>", 3);
    const CollectedAnswer answer = served_.Answer(request);
    const chat::CollectedChoice& choice = answer.choices[0];
    EXPECT_EQ(choice.reasoning, "");
    EXPECT_THAT(choice.calls, ::testing::IsEmpty());
    EXPECT_THAT(choice.content, ::testing::Not(::testing::HasSubstr("<|")));
    EXPECT_EQ(answer.usage.reasoning_tokens, 0);
    EXPECT_FALSE(choice.started_reasoning);
  }
}

TEST_F(Fim, EveryMarkOfFillingInEndsTheAnswer) {
  for (const char* mark :
       {"<|fim_pad|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|im_end|>"}) {
    chat::ChatRequest request = Gap(ServedModel::Ask("q"), "a", "b");
    served_.Bias(request, mark, 100);
    const CollectedAnswer answer = served_.Answer(request);
    EXPECT_EQ(answer.choices[0].finish, FinishReason::kStop) << mark;
    EXPECT_EQ(answer.usage.completion_tokens, 0) << mark;
  }
  chat::ChatRequest chat = ServedModel::Ask("q");  // elsewhere they are ordinary hidden tokens
  served_.Bias(chat, "<|fim_pad|>", 100);
  EXPECT_EQ(served_.Answer(chat).choices[0].finish, FinishReason::kLength);
}

TEST_F(Fim, HoldsLimitsStopStringsChoicesAndLogprobs) {
  chat::ChatRequest request = Gap(served_.AskLong("q", 5), "a", "b");
  request.n = 2;
  request.answer_tokens_max = 7;
  request.top_logprobs = 1;
  const CollectedAnswer answer = served_.Answer(request);
  EXPECT_EQ(answer.usage.completion_tokens, 14);
  EXPECT_EQ(answer.choices[1].finish, FinishReason::kLength);
  EXPECT_THAT(answer.choices[1].logprobs, ::testing::Not(::testing::IsEmpty()));
  const std::string whole = answer.choices[0].content;
  ASSERT_GT(whole.size(), 1U);
  request.n = 1;
  request.stop = {whole.substr(0, 1)};
  EXPECT_EQ(served_.Answer(request).choices[0].content, "");
}

TEST_F(Fim, PromptOverTheContextIsRefused) {
  const auto refused = chat::StartChat(
      served_.backend(), Gap(ServedModel::Ask("q"), std::string(300, '!'), std::string(300, '?')));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, base::ErrorKind::kContextOverflow);
}

TEST_F(Fim, ModelsWithoutTheMarksRefuse) {
  const model::testing::TinyModelFile plain;
  ServedModel served(plain.path());
  EXPECT_EQ(chat::StartChat(served.backend(), Gap(ServedModel::Ask("q"), "a", "b")).error().kind,
            base::ErrorKind::kUnsupported);
}

TEST(FimTokens, AreFoundByTheIdsOfTheFile) {
  const EditedModelFile file({.control_tokens = {{kPrefix, "<a>"}, {kSuffix, "<b>"}},
                              .metadata = {{"tokenizer.ggml.fim_pre_token_id", kPrefix},
                                           {"tokenizer.ggml.fim_suf_token_id", kSuffix},
                                           {"tokenizer.ggml.fim_mid_token_id", 1}}});
  ServedModel served(file.path());
  ASSERT_TRUE(served.backend().record().fim);
  EXPECT_EQ(served.tokenizer().fim_tokens()->middle, TokenId{1});
}

}  // namespace
}  // namespace millrace::local
