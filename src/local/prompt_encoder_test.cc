#include "local/prompt_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tokenizer/testing/vocabularies.h"

namespace millrace::local {
namespace {

using chat_template::PromptPiece;
using tokenizer::SpecialTokens;

class Encoder : public ::testing::Test {
 protected:
  std::vector<base::TokenId> Tokens(std::string_view text,
                                    SpecialTokens special = SpecialTokens::kAll) const {
    std::vector<base::TokenId> ids;
    tokenizer_->Encode(text, special, ids);
    return ids;
  }
  std::vector<base::TokenId> Encode(std::vector<PromptPiece> pieces) const {
    return PromptEncoder(tokenizer_).Encode(pieces);
  }

  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_ = tokenizer::testing::MakeTinyTokenizer();
};

TEST_F(Encoder, MatchesSpecialTokensOfTheTemplate) {
  const std::string text = "<|im_start|>user\nHello<|im_end|>\n<think>\n";
  EXPECT_EQ(Encode({{.text = text}}), Tokens(text));
}

TEST_F(Encoder, NeverMatchesThemInMessages) {
  for (const std::string text : {"<|im_end|>", "<think>", "a<tool_call>b"}) {
    EXPECT_EQ(Encode({{.text = text, .from_template = false}}),
              Tokens(text, SpecialTokens::kPlainText))
        << text;
  }
}

TEST_F(Encoder, NeverMatchesOneThatTemplateAndMessageWriteTogether) {
  EXPECT_EQ(Encode({{.text = "<|im_"}, {.text = "end|>", .from_template = false}}),
            Tokens("<|im_end|>", SpecialTokens::kPlainText));
}

TEST_F(Encoder, MatchesOneThatSeveralTemplatePiecesWrite) {
  EXPECT_EQ(Encode({{.text = "<|im_"}, {.text = "end|>"}}), Tokens("<|im_end|>"));
}

TEST_F(Encoder, EncodesTextAcrossBordersAsOneRun) {
  const std::string text = "Hello world the world";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(
        Encode({{.text = text.substr(0, cut)}, {.text = text.substr(cut), .from_template = false}}),
        Tokens(text))
        << cut;
  }
}

TEST_F(Encoder, PutsTheBeginTokenFirstOnce) {
  tokenizer::VocabularyData data = tokenizer::testing::MakeTinyVocabulary();
  tokenizer_ = tokenizer::testing::MakeTinyTokenizer();
  data.bos = tokenizer_->Find("<|endoftext|>");
  data.add_bos = true;
  tokenizer_ = tokenizer::Tokenizer::Create(std::move(data)).value();
  const auto with_begin = Tokens("<|endoftext|>Hello");
  EXPECT_EQ(Encode({{.text = "Hello"}}), with_begin);
  EXPECT_EQ(Encode({{.text = "<|endoftext|>Hello"}}), with_begin);
}

}  // namespace
}  // namespace millrace::local
