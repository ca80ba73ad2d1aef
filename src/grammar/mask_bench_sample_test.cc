// A sample of MaskBench: real schemas with instances that are valid or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/json_schema.h"
#include "grammar/testing/json_writer.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/reading.h"
#include "grammar/testing/real_vocabulary.h"
#include "grammar/testing/test_files.h"

namespace millrace::grammar {
namespace {

using ::testing::IsEmpty;

const std::string kSample = MILLRACE_SHARED_DATA "/jsonschemabench";

// Cuts `text` into tokens at random.
std::vector<base::TokenId> TokenizeAtRandom(const Vocabulary& vocabulary, std::string_view text,
                                            testing::RandomChoice& random) {
  std::vector<base::TokenId> result;
  while (!text.empty()) {
    std::vector<size_t> lengths;
    std::vector<base::TokenId> tokens;
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      node = vocabulary.Child(node, static_cast<uint8_t>(text[i]));
      if (node == 0) {
        break;
      }
      if (const int32_t token = vocabulary.nodes()[node].token; token >= 0) {
        lengths.push_back(i + 1);
        tokens.push_back(base::TokenId{token});
      }
    }
    const size_t chosen = random.Below(lengths.size());
    result.push_back(tokens[chosen]);
    text.remove_prefix(lengths[chosen]);
  }
  return result;
}

struct Outcomes {
  int32_t decided_rightly = 0;
  int32_t schemas_refused = 0;
  std::vector<std::string> wrong = {};
};

class MaskBenchSample : public ::testing::Test {
 protected:
  void SetUp() override {
    files_ = testing::JsonFilesUnder(kSample);
    if (files_.empty()) {
      GTEST_SKIP() << "no sample of MaskBench in " << kSample;
    }
    // Real schemas, some of them larger than a request may be.
    options_.limits = {
        .text_bytes = 0, .nesting = 0, .properties = 0, .enum_values = 0, .name_characters = 0};
  }

  // What `reads` says to every instance, against what the sample says.
  template <typename Reads>
  Outcomes Run(testing::Spacing spacing, const Reads& reads) {
    Outcomes outcomes;
    for (const std::string& path : files_) {
      const JsonNode file = testing::ReadJson(path);
      const auto compiled = JsonSchema::Compile(
          testing::WriteJson(*file.Find("schema"), testing::Spacing::kCompact), options_);
      if (!compiled.has_value()) {
        ++outcomes.schemas_refused;
        continue;
      }
      const auto grammar = Grammar::OfSchema(*compiled);
      for (const JsonNode& test : file.Find("tests")->items) {
        const std::string text = testing::WriteJson(*test.Find("data"), spacing);
        if (reads(grammar, text) == test.Find("valid")->boolean) {
          ++outcomes.decided_rightly;
        } else {
          outcomes.wrong.push_back(path + ": " + test.Find("description")->text);
        }
      }
    }
    return outcomes;
  }

  std::vector<std::string> files_;
  SchemaOptions options_;
};

// The numbers are a ratchet. Refused is one schema, under which nothing is valid.
constexpr int32_t kInstances = 2414;
constexpr int32_t kSchemasRefused = 1;

TEST_F(MaskBenchSample, DecidesEveryInstanceByTheLongestTokensOfARealVocabulary) {
  const auto vocabulary = testing::Qwen2Vocabulary(MILLRACE_SHARED_DATA);
  if (vocabulary == nullptr) {
    GTEST_SKIP() << "no vocabulary in " << MILLRACE_SHARED_DATA;
  }
  const Outcomes outcomes =
      Run(testing::Spacing::kSpaced, [&](const auto& grammar, const std::string& text) {
        return testing::ReadsTokens(grammar, vocabulary, testing::Tokenize(*vocabulary, text));
      });
  EXPECT_THAT(outcomes.wrong, IsEmpty());
  EXPECT_EQ(outcomes.decided_rightly, kInstances);
  EXPECT_EQ(outcomes.schemas_refused, kSchemasRefused);
}

TEST_F(MaskBenchSample, DecidesEveryInstanceByTokensCutAtRandom) {
  const auto vocabulary = testing::SmallVocabulary();
  testing::RandomChoice random(1);
  const Outcomes outcomes = Run(testing::Spacing::kCompact, [&](const auto& grammar,
                                                                const std::string& text) {
    return testing::ReadsTokens(grammar, vocabulary, TokenizeAtRandom(*vocabulary, text, random));
  });
  EXPECT_THAT(outcomes.wrong, IsEmpty());
  EXPECT_EQ(outcomes.decided_rightly, kInstances);
  EXPECT_EQ(outcomes.schemas_refused, kSchemasRefused);
}

}  // namespace
}  // namespace millrace::grammar
