// Matchers on several threads that share a grammar, and grammars that share a schema. What only one
// thread at a time may touch is for `make tsan` to see.
#include <gtest/gtest.h>

#include <bit>
#include <thread>

#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/testing/random_choice.h"
#include "grammar/testing/real_vocabulary.h"
#include "grammar/testing/sample_schemas.h"

namespace millrace::grammar {
namespace {

using base::TokenId;
using GrammarPointer = std::shared_ptr<const Grammar>;

// What a matcher said at one place of an answer, and which token was taken there.
struct Step {
  std::vector<uint32_t> mask;
  TokenId taken{-1};
};

TokenId ChooseFrom(const std::vector<uint32_t>& mask, size_t count, testing::RandomChoice& random) {
  size_t rank = random.Below(count);
  for (size_t word = 0; word < mask.size(); ++word) {
    for (uint32_t bits = mask[word]; bits != 0; bits &= bits - 1) {
      if (rank-- == 0) {
        return TokenId{static_cast<int32_t>((word * 32) + std::countr_zero(bits))};
      }
    }
  }
  return TokenId{-1};
}

std::vector<Step> Walk(const GrammarPointer& grammar,
                       const std::shared_ptr<const Vocabulary>& vocabulary, uint64_t seed) {
  constexpr size_t kSteps = 20;
  testing::RandomChoice random(seed);
  Matcher matcher(grammar, vocabulary);
  std::vector<Step> steps;
  while (steps.size() < kSteps && !matcher.is_ended()) {
    Step step{.mask = std::vector<uint32_t>(vocabulary->mask_words())};
    if (const size_t count = matcher.FillMask(step.mask); count > 0) {
      step.taken = ChooseFrom(step.mask, count, random);
    }
    const bool accepted = matcher.Accept(step.taken);
    steps.push_back(std::move(step));
    if (!accepted) {
      return steps;  // differs from any walk that went on
    }
  }
  return steps;
}

// Two grammars that share what they learn of one schema.
std::vector<GrammarPointer> GrammarsOf(const char* schema_text) {
  const auto schema = JsonSchema::Compile(schema_text);
  EXPECT_TRUE(schema.has_value());
  const auto framed = Grammar::Compile(
      Expression::Sequence({Expression::FreeText({"<"}), Expression::Literal("<"),
                            Expression::Json(*schema), *Expression::Regex("[a-c]{2,}d*")}));
  EXPECT_TRUE(framed.has_value());
  return {Grammar::OfSchema(*schema), *framed};
}

TEST(SharedGrammar, SaysToMatchersOnSeveralThreadsWhatItSaysToOneAlone) {
  constexpr size_t kThreads = 4;
  const auto vocabulary = testing::SmallVocabulary();
  const auto samples = testing::SampleSchemas();
  for (size_t sample = 0; sample < samples.size(); sample += 8) {
    SCOPED_TRACE(samples[sample]);
    const std::vector<GrammarPointer> shared = GrammarsOf(samples[sample]);
    std::vector<std::vector<Step>> walks(kThreads * 2);
    std::vector<std::thread> threads;
    for (size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (size_t i = 0; i < 2; ++i) {
          walks[(thread * 2) + i] = Walk(shared[(thread + i) % 2], vocabulary, thread);
        }
      });
    }
    for (const GrammarPointer& grammar : shared) {
      EXPECT_GT(grammar->memory_bytes(), 0U);
      EXPECT_FALSE(grammar->is_exhausted());
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    for (size_t i = 0; i < walks.size(); ++i) {
      const size_t thread = i / 2;
      const GrammarPointer own = GrammarsOf(samples[sample])[(thread + i) % 2];
      const std::vector<Step> alone = Walk(own, vocabulary, thread);
      ASSERT_EQ(walks[i].size(), alone.size());
      for (size_t step = 0; step < alone.size(); ++step) {
        ASSERT_EQ(walks[i][step].mask, alone[step].mask) << "step " << step;
        ASSERT_EQ(walks[i][step].taken, alone[step].taken) << "step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace millrace::grammar
