#include "tokenizer/bpe_encoder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tokenizer/testing/random_text.h"
#include "tokenizer/testing/vocabularies.h"

namespace millrace::tokenizer {
namespace {

using base::TokenId;
using testing::RandomText;

class BpeEncoderTest : public ::testing::Test {
 protected:
  // All merges of letters: of two, of four, of eight, so that long runs merge again and again.
  BpeEncoderTest() {
    VocabularyData data = testing::MakeTinyVocabulary();
    const auto add = [&data](const std::string& left, const std::string& right) {
      data.merges.push_back(left + " " + right);
      data.tokens.push_back(left + right);
      data.types.push_back(1);
    };
    add("a", "a");
    add("aa", "aa");
    add("aaaa", "aaaa");
    add("b", "a");
    add("aa", "b");
    add("ba", "ba");
    add("aaaa", "a");
    vocabulary_.emplace(*Vocabulary::Create(data.tokens, data.types));
    merges_.emplace(*MergeTable::Create(data.merges, *vocabulary_));
    encoder_.emplace(*vocabulary_, *merges_);
  }

  // The definition, step by step: find the lowest rank, the leftmost among equals, merge it.
  std::vector<TokenId> Naive(std::string_view piece) const {
    std::vector<int32_t> ids;
    for (const char byte : piece) {
      ids.push_back(base::ToIndex(*vocabulary_->OfByte(static_cast<uint8_t>(byte))));
    }
    while (true) {
      MergeRank lowest = kNoMerge;
      size_t at = 0;
      for (size_t i = 0; i + 1 < ids.size(); ++i) {
        const MergeRank rank = merges_->Find(ids[i], ids[i + 1]);
        if (rank < lowest) {
          lowest = rank;
          at = i;
        }
      }
      if (lowest == kNoMerge) {
        break;
      }
      ids[at] = merges_->At(lowest).merged;
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    std::vector<TokenId> out;
    for (const int32_t id : ids) {
      out.push_back(static_cast<TokenId>(id));
    }
    return out;
  }

  std::vector<TokenId> Encoded(std::string_view piece) {
    std::vector<TokenId> out;
    encoder_->Encode(piece, out, workspace_);
    return out;
  }

  std::optional<Vocabulary> vocabulary_;
  std::optional<MergeTable> merges_;
  std::optional<BpeEncoder> encoder_;
  BpeWorkspace workspace_;
};

TEST_F(BpeEncoderTest, GivesWhatTheDefinitionGives) {
  RandomText random(1);
  constexpr std::string_view kParts[] = {"a", "a", "b", "aa", "ba", "the", " world", "Hello", "ll"};
  for (int i = 0; i < 2000; ++i) {
    const std::string piece = random.Join(kParts, i % 4 == 0 ? 60 : 12);
    EXPECT_EQ(Encoded(piece), Naive(piece)) << piece;
  }
}

TEST_F(BpeEncoderTest, ShortAndLongPiecesAgreeAtTheBorder) {
  for (size_t size = 0; size < 80; ++size) {
    EXPECT_EQ(Encoded(std::string(size, 'a')), Naive(std::string(size, 'a'))) << size;
  }
}

TEST_F(BpeEncoderTest, WorkGrowsWithTheLengthOnly) {
  for (const std::string_view part : {"a", "b", "ba", "aab", "z", " world", "中"}) {
    const auto operations = [&](size_t size) {
      std::string piece;
      while (piece.size() < size) {
        piece += part;
      }
      workspace_.operation_count = 0;
      Encoded(piece);
      return workspace_.operation_count;
    };
    const uint64_t once = operations(100'000);
    EXPECT_LE(once, 5u * 100'000u) << part;
    EXPECT_LE(operations(400'000), once * 4 + once / 10) << part;
  }
}

TEST_F(BpeEncoderTest, ShortPiecesCostAtMostTheirSquare) {
  workspace_.operation_count = 0;
  for (int i = 0; i < 1000; ++i) {
    Encoded(std::string(32, 'a'));
  }
  EXPECT_LE(workspace_.operation_count, 1000u * 32u * 32u);
}

}  // namespace
}  // namespace millrace::tokenizer
