// Pieces and ids that Hugging Face's `tokenizers` gives: written by
// tools/golden/make_tokenizer_cases.py. A larger file made the same way can be named in
// MILLRACE_TOKENIZER_CASES.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "json/json.h"
#include "tokenizer/split.h"
#include "tokenizer/testing/vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer {
namespace {

class PieceLengths final : public PieceSink {
 public:
  void Add(std::string_view piece) override { lengths.push_back(piece.size()); }
  std::vector<size_t> lengths;
};

class HfCases : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("MILLRACE_TOKENIZER_CASES");
    const std::string committed = MILLRACE_SOURCE_DIR "/src/tokenizer/testdata/hf_cases.json";
    const auto text = testing::ReadFile(path != nullptr ? path : committed);
    ASSERT_TRUE(text.has_value());
    auto parsed = json::Parse(*text, {.bytes_max = 1U << 30});
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    cases_ = std::move(parsed->as_object());
  }

  boost::json::object cases_;
};

TEST_F(HfCases, SplitsCutTextIntoTheSamePieces) {
  for (const auto& [name, cases] : cases_.at("splits").as_object()) {
    const Split* split = FindSplit(name);
    ASSERT_NE(split, nullptr) << name;
    for (const auto& entry : cases.as_array()) {
      const std::string text(entry.at("text").as_string());
      PieceLengths pieces;
      RunPasses(text, split->passes, pieces);
      EXPECT_EQ(pieces.lengths, boost::json::value_to<std::vector<size_t>>(entry.at("pieces")))
          << std::string(name) << ": " << json::Serialize(entry.at("text"));
    }
  }
}

TEST_F(HfCases, EncodeGivesTheSameIds) {
  const auto& vocabulary = cases_.at("vocabulary");
  auto tokenizer = Tokenizer::Create(
      {.tokens = boost::json::value_to<std::vector<std::string>>(vocabulary.at("tokens")),
       .types = {},
       .merges = boost::json::value_to<std::vector<std::string>>(vocabulary.at("merges")),
       .pre = "qwen2"});
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  for (const auto& entry : cases_.at("encode").as_array()) {
    std::vector<base::TokenId> ids;
    (*tokenizer)->Encode(entry.at("text").as_string(), SpecialTokens::kPlainText, ids);
    std::vector<int32_t> plain;
    for (const base::TokenId id : ids) {
      plain.push_back(base::ToIndex(id));
    }
    EXPECT_EQ(plain, boost::json::value_to<std::vector<int32_t>>(entry.at("ids")))
        << json::Serialize(entry.at("text"));
  }
}

}  // namespace
}  // namespace millrace::tokenizer
