// Prints how fast a text is encoded; asserts nothing about it. MILLRACE_SPEED_TEXT names the text,
//   MILLRACE_SPEED_TEXT=FILE build/src/tokenizer/tokenizer_test --gtest_filter='EncodeSpeed*'
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tokenizer/testing/vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

TEST(EncodeSpeed, IsReportedForAText) {
  const char* path = std::getenv("MILLRACE_SPEED_TEXT");
  if (path == nullptr) {
    GTEST_SKIP() << "MILLRACE_SPEED_TEXT names no text";
  }
  auto data = testing::ReadQwen2Vocabulary(MILLRACE_SHARED_DATA "/vocab");
  if (!data) {
    GTEST_SKIP() << "needs ../shared/data/vocab/qwen2.vocab.json and qwen2.merges.txt";
  }
  const auto text = testing::ReadFile(path);
  ASSERT_TRUE(text.has_value()) << path;
  const auto start = Clock::now();
  const auto tokenizer = *Tokenizer::Create(std::move(*data));
  const double created = Seconds(Clock::now() - start);
  double best = 1e9;
  std::vector<base::TokenId> ids;
  for (int round = 0; round < 5; ++round) {
    ids.clear();
    const auto begin = Clock::now();
    tokenizer->Encode(*text, SpecialTokens::kUserDefined, ids);
    best = std::min(best, Seconds(Clock::now() - begin));
  }
  const double megabytes = static_cast<double>(text->size()) / 1e6;
  std::printf("%s: %.2f MB, %zu tokens, %.1f MB/s, %.1f million tokens/s; Create %.0f ms\n", path,
              megabytes, ids.size(), megabytes / best, static_cast<double>(ids.size()) / best / 1e6,
              created * 1e3);
}

}  // namespace
}  // namespace millrace::tokenizer
