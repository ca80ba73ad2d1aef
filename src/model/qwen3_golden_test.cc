// Holds the model to logits that another implementation computed:
// tools/golden/make_qwen3_logits.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "gguf/reader.h"
#include "model/model.h"
#include "model/testing/naive_qwen3.h"
#include "model/testing/sequence_runner.h"

namespace millrace::model {
namespace {

using testing::CacheRounding;
using testing::NaiveLogits;
using testing::SequenceRunner;

using Tokens = std::vector<base::TokenId>;
using Row = std::vector<float>;

// Floats on both sides, sums in another order, cosines of angles that were rounded to floats.
constexpr double kFloatTolerance = 2e-5;
// The cache holds halves, whose steps are 2^-11 of a value; the other implementation keeps floats.
// A mistake of layout or formula is off by a hundred times this.
constexpr double kHalfCacheTolerance = 2e-3;

std::shared_ptr<const gguf::File> Open(const std::string& name) {
  // A missing file is an exception, which fails the test that needs it.
  return gguf::File::Open(std::string(MILLRACE_SOURCE_DIR) + "/tests/golden/" + name).value();
}

Tokens TokensOf(const gguf::File& file, const std::string& name) {
  Tokens out;
  for (const int64_t token : std::get<std::vector<int64_t>>(*file.Find(name + ".tokens"))) {
    out.push_back(base::TokenId{static_cast<int32_t>(token)});
  }
  return out;
}

std::vector<Row> LogitsOf(const gguf::File& file, const std::string& name) {
  const gguf::TensorInfo* tensor = file.FindTensor(name + ".logits");
  std::vector<Row> rows(static_cast<size_t>(tensor->row_count()),
                        Row(static_cast<size_t>(tensor->row_length())));
  for (size_t row = 0; row < rows.size(); ++row) {
    const size_t bytes = rows[row].size() * sizeof(float);
    std::memcpy(rows[row].data(), tensor->data.data() + row * bytes, bytes);
  }
  return rows;
}

// Largest difference over the range of the expected values.
template <typename T>
double RelativeError(const std::vector<T>& got, const Row& expected) {
  EXPECT_EQ(got.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    worst =
        std::max(worst, std::fabs(static_cast<double>(got[i]) - static_cast<double>(expected[i])));
  }
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  return worst / static_cast<double>(*high - *low);
}

class Qwen3Golden : public ::testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<const gguf::File> model_file_ = Open("qwen3_" + GetParam() + ".gguf");
  std::shared_ptr<const gguf::File> golden_ = Open("qwen3_" + GetParam() + "_logits.gguf");
  std::unique_ptr<Model> model_ = *Load(model_file_);
  kernels::ThreadPool pool_{2};
};

INSTANTIATE_TEST_SUITE_P(Models, Qwen3Golden, ::testing::Values("tied", "yarn", "experts"),
                         [](const auto& model) { return model.param; });

TEST_P(Qwen3Golden, TheNaiveModelAgreesAtEveryPosition) {
  const auto got = NaiveLogits(*model_file_, TokensOf(*golden_, "long"));
  const auto expected = LogitsOf(*golden_, "long");
  ASSERT_EQ(got.size(), expected.size());
  for (size_t position = 0; position < got.size(); ++position) {
    EXPECT_LT(RelativeError(got[position], expected[position]), kFloatTolerance) << position;
  }
}

TEST_P(Qwen3Golden, OneTokenAgrees) {
  // With one position attention returns its value whatever the key.
  SequenceRunner runner(*model_, pool_);
  const Row got = runner.Run(runner.Add(), TokensOf(*golden_, "one"));
  EXPECT_LT(RelativeError(got, LogitsOf(*golden_, "one").front()), kHalfCacheTolerance);
}

TEST_P(Qwen3Golden, ALongPromptAgreesAtEveryPosition) {
  const Tokens tokens = TokensOf(*golden_, "long");
  SequenceRunner runner(*model_, pool_);
  const SequenceRunner::Chunk chunk = {
      .sequence = runner.Add(), .tokens = tokens, .wants_every_row = true};
  const auto got = runner.Step({&chunk, 1});
  const auto expected = LogitsOf(*golden_, "long");
  for (size_t position = 0; position < got.size(); ++position) {
    EXPECT_LT(RelativeError(got[position], expected[position]), kHalfCacheTolerance) << position;
  }
}

TEST_P(Qwen3Golden, ALongPromptInUnevenChunksAgrees) {
  const Tokens tokens = TokensOf(*golden_, "long");
  SequenceRunner runner(*model_, pool_);
  const size_t sequence = runner.Add();
  const auto expected = LogitsOf(*golden_, "long");
  size_t end = 0;
  for (const size_t size : {1, 15, 16, 17, 64, 3, 84}) {
    const Row got = runner.Run(sequence, std::span(tokens).subspan(end, size));
    end += size;
    EXPECT_LT(RelativeError(got, expected[end - 1]), kHalfCacheTolerance) << end;
  }
  EXPECT_EQ(end, tokens.size());
}

TEST_P(Qwen3Golden, GreedyDecodingTakesTheSameTokens) {
  const Tokens tokens = TokensOf(*golden_, "greedy");
  const auto expected = LogitsOf(*golden_, "greedy");
  const auto prompt_length = static_cast<size_t>(*golden_->Integer("greedy.prompt_length"));
  SequenceRunner runner(*model_, pool_);
  const size_t sequence = runner.Add();
  Row row = runner.Run(sequence, std::span(tokens).first(prompt_length));
  for (size_t step = 0; step < expected.size(); ++step) {
    EXPECT_LT(RelativeError(row, expected[step]), kHalfCacheTolerance) << step;
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    const base::TokenId token{static_cast<int32_t>(best)};
    ASSERT_EQ(token, tokens[prompt_length + step]) << step;
    row = runner.Run(sequence, {&token, 1});
  }
}

}  // namespace
}  // namespace millrace::model
