// Random walks by mask: never a dead end, and what comes out is valid for another validator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "grammar/json_schema.h"
#include "grammar/json_text.h"
#include "grammar/matcher.h"
#include "grammar/testing/line_process.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/real_vocabulary.h"
#include "grammar/testing/sample_schemas.h"
#include "json/json.h"

namespace millrace::grammar {
namespace {

using base::TokenId;

enum class Taste { kAny, kDigits, kOpenBrackets, kLongest };

class RandomWalk {
 public:
  RandomWalk(std::shared_ptr<const Vocabulary> vocabulary, uint64_t seed)
      : vocabulary_(std::move(vocabulary)), random_(seed) {}

  // A text that `grammar` admits; nullopt when it was not finished within the steps. A dead end is
  // a failure of the test.
  std::optional<std::string> Run(const std::shared_ptr<const Grammar>& grammar, Taste taste) {
    constexpr size_t kFreeSteps = 25;
    constexpr size_t kSteps = 120;
    Matcher matcher(grammar, vocabulary_);
    std::string text;
    std::vector<uint32_t> mask(vocabulary_->mask_words());
    for (size_t step = 0; step < kSteps; ++step) {
      const size_t count = matcher.FillMask(mask);
      if (count == 0) {
        ADD_FAILURE() << "a dead end after '" << text << "'";
        return std::nullopt;
      }
      const TokenId token = step < kFreeSteps ? Choose(mask, taste) : Finish(mask, matcher, step);
      if (!matcher.Accept(token)) {
        ADD_FAILURE() << "allowed but refused after '" << text << "'";
        return std::nullopt;
      }
      if (matcher.is_ended()) {
        return text;
      }
      text += vocabulary_->Text(token);
    }
    return std::nullopt;
  }

 private:
  TokenId Choose(const std::vector<uint32_t>& mask, Taste taste) {
    std::vector<TokenId> all;
    std::vector<TokenId> liked;
    size_t longest = 0;
    for (size_t i = 0; i < vocabulary_->size(); ++i) {
      if (((mask[i / 32] >> (i % 32)) & 1) == 0) {
        continue;
      }
      const TokenId token{static_cast<int32_t>(i)};
      const std::string_view text = vocabulary_->Text(token);
      all.push_back(token);
      if (taste == Taste::kLongest && text.size() > longest) {
        liked.clear();
        longest = text.size();
      }
      const bool digit = text.find_first_of("0123456789") != std::string_view::npos;
      const bool open = text.find_first_of("[{") != std::string_view::npos;
      if ((taste == Taste::kDigits && digit) || (taste == Taste::kOpenBrackets && open) ||
          (taste == Taste::kLongest && text.size() == longest)) {
        liked.push_back(token);
      }
    }
    const std::vector<TokenId>& from = liked.empty() || random_.OneIn(6) ? all : liked;
    return from[random_.Below(from.size())];
  }

  // Towards an end: it comes first, then what closes; by turns another choice, because a number
  // has to reach its bound and a string its pattern.
  TokenId Finish(const std::vector<uint32_t>& mask, Matcher& matcher, size_t step) {
    const TokenId end = vocabulary_->end_tokens().front();
    if (matcher.is_complete()) {
      return end;
    }
    constexpr std::string_view kClosing = "]}\"";
    for (size_t i = 0; i < kClosing.size(); ++i) {
      const char c = kClosing[(i + step / 8) % kClosing.size()];
      if (const auto token = static_cast<uint8_t>(c);
          ((mask[token / 32] >> (token % 32)) & 1) != 0 && !random_.OneIn(4)) {
        return TokenId{token};
      }
    }
    return Choose(mask, Taste::kAny);
  }

  std::shared_ptr<const Vocabulary> vocabulary_;
  testing::RandomChoice random_;
};

const std::string kValidator =
    "python3 '" MILLRACE_SOURCE_DIR "/src/grammar/testing/validate_lines.py'";

std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

TEST(RandomWalkTest, NeverComesToADeadEndAndEndsWithValidValues) {
  RandomWalk walk(testing::SmallVocabulary(), 4);
  std::vector<std::string> lines;
  size_t without_end = 0;  // a required key may be hard to find by chance
  for (const char* text : testing::SampleSchemas()) {
    SCOPED_TRACE(text);
    const auto schema = JsonSchema::Compile(text);
    ASSERT_TRUE(schema.has_value()) << schema.error().message;
    const auto grammar = Grammar::OfSchema(*schema);
    size_t finished = 0;
    for (const Taste taste : {Taste::kAny, Taste::kDigits, Taste::kOpenBrackets, Taste::kLongest}) {
      for (int i = 0; i < 12; ++i) {
        const auto value = walk.Run(grammar, taste);
        ASSERT_FALSE(HasFailure());
        if (value.has_value()) {
          ++finished;
          const bool is_json = ParseJson(*value).has_value();
          // A number with a huge exponent is JSON, but not to be computed with.
          EXPECT_TRUE(is_json || value->find_first_of("eE") != std::string::npos) << *value;
          if (is_json) {
            lines.push_back("[" + OneLine(text) + ", " + *value + "]");
          }
        }
      }
    }
    without_end += finished == 0 ? 1 : 0;
  }
  EXPECT_LE(without_end, 4U);
  EXPECT_GT(lines.size(), testing::SampleSchemas().size() * 24);

  const auto answers = testing::RunOverLines(kValidator, lines);
  if (!answers.has_value()) {
    GTEST_SKIP() << "no python3 with jsonschema in the path: the values were not validated";
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ((*answers)[i], "1") << lines[i];
  }
}

}  // namespace
}  // namespace millrace::grammar
