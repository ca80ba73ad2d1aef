// The texts and ids that llama.cpp carries for its vocabularies, reproduced in full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "gguf/reader.h"
#include "tokenizer/testing/vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer {
namespace {

using testing::ReadQwen2Vocabulary;
using testing::ReadReferenceCases;
using testing::ReferenceCase;

const std::string kVocabularies = MILLRACE_SHARED_DATA "/vocab";

void ExpectReferenceIds(const Tokenizer& tokenizer, const std::vector<ReferenceCase>& cases) {
  ASSERT_FALSE(cases.empty());
  for (const ReferenceCase& reference : cases) {
    std::vector<base::TokenId> ids;
    tokenizer.Encode(reference.text, SpecialTokens::kUserDefined, ids);
    EXPECT_EQ(ids, reference.ids) << "text: \"" << reference.text << '"';
    std::string bytes;
    for (const base::TokenId id : ids) {
      bytes += tokenizer.Bytes(id);
    }
    EXPECT_EQ(bytes, reference.text);
  }
}

TEST(ReferenceTexts, Gpt2FromGgufGivesTheIdsOfLlamaCpp) {
  auto file = gguf::File::Open(kVocabularies + "/gpt-2.gguf");
  if (!file) {
    GTEST_SKIP() << "needs ../shared/data/vocab/gpt-2.gguf: " << file.error().message;
  }
  auto tokenizer = Tokenizer::FromGguf(**file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const auto cases = ReadReferenceCases(kVocabularies + "/gpt-2.gguf");
  EXPECT_EQ(cases.size(), 46u);
  ExpectReferenceIds(**tokenizer, cases);
  EXPECT_EQ((*tokenizer)->eos(), base::TokenId{50256});
}

TEST(ReferenceTexts, Qwen2GivesTheIdsOfLlamaCpp) {
  auto data = ReadQwen2Vocabulary(kVocabularies);
  if (!data) {
    GTEST_SKIP() << "needs ../shared/data/vocab/qwen2.vocab.json and qwen2.merges.txt";
  }
  auto tokenizer = Tokenizer::Create(*data);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const auto cases = ReadReferenceCases(kVocabularies + "/qwen2.gguf");
  EXPECT_EQ(cases.size(), 46u);
  ExpectReferenceIds(**tokenizer, cases);
}

// For vocabularies that are not at hand here: a folder of NAME.gguf with NAME.gguf.inp and
// NAME.gguf.out.
TEST(ReferenceTexts, VocabulariesOfTheUserGiveTheIdsOfLlamaCpp) {
  const char* folder = std::getenv("MILLRACE_VOCABULARIES");
  if (folder == nullptr) {
    GTEST_SKIP() << "MILLRACE_VOCABULARIES names no folder of vocabularies";
  }
  for (const char* name : {"gpt-2", "mpt", "starcoder", "refact", "deepseek-coder", "deepseek-llm",
                           "llama-bpe", "qwen2", "deepseek-v3"}) {
    const std::string path = std::string(folder) + "/" + name + ".gguf";
    auto file = gguf::File::Open(path);
    if (!file) {
      continue;
    }
    SCOPED_TRACE(path);
    auto tokenizer = Tokenizer::FromGguf(**file);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    ExpectReferenceIds(**tokenizer, ReadReferenceCases(path));
  }
}

}  // namespace
}  // namespace millrace::tokenizer
