#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "model/model.h"
#include "model/testing/naive_qwen3.h"
#include "model/testing/sequence_runner.h"
#include "model/testing/tiny_model.h"

namespace millrace::model {
namespace {

using testing::CacheRounding;
using testing::NaiveLogits;
using testing::RandomTokens;
using testing::SequenceRunner;
using testing::SyntheticModel;
using testing::TinyModelFile;

using Tokens = std::vector<base::TokenId>;

// Largest difference over the range of the expected values.
double RelativeError(const std::vector<float>& got, const std::vector<double>& expected) {
  EXPECT_EQ(got.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(got[i]) - expected[i]));
  }
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  return worst / (*high - *low);
}

// Sizes that catch mixed-up layouts: nh * d differs from h, kv heads are fewer, nothing is a power
// of two but the head.
SyntheticModel OddShape() {
  SyntheticModel spec;
  spec.layer_count = 3;
  spec.hidden_size = 96;
  spec.head_count = 6;
  spec.kv_head_count = 2;
  spec.head_size = 32;
  spec.ffn_size = 160;
  spec.tied = false;
  spec.vocabulary_size = 301;
  return spec;
}

SyntheticModel WithExperts() {
  SyntheticModel spec = OddShape();
  spec.ffn_size = 64;
  spec.expert_count = 6;
  spec.expert_used_count = 3;
  return spec;
}

std::vector<std::pair<std::string, SyntheticModel>> Shapes() {
  std::vector<std::pair<std::string, SyntheticModel>> out;
  out.emplace_back("tiny", SyntheticModel{});
  out.emplace_back("odd", OddShape());
  SyntheticModel yarn = OddShape();
  yarn.yarn_factor = 4;
  yarn.yarn_original_context = 64;
  out.emplace_back("yarn", yarn);
  out.emplace_back("experts", WithExperts());
  return out;
}

TEST(Qwen3, AgreesWithTheNaiveModelAtEveryPosition) {
  for (const auto& [name, spec] : Shapes()) {
    const TinyModelFile file(spec);
    const auto model = file.Load();
    kernels::ThreadPool pool(1);
    SequenceRunner runner(*model, pool);
    const Tokens tokens = RandomTokens(150, spec.vocabulary_size, 7);
    const SequenceRunner::Chunk chunk = {
        .sequence = runner.Add(), .tokens = tokens, .wants_every_row = true};
    const auto logits = runner.Step({&chunk, 1});
    const auto expected = NaiveLogits(*file.Open(), tokens, CacheRounding::kHalves);
    ASSERT_EQ(logits.size(), expected.size());
    for (size_t position = 0; position < tokens.size(); ++position) {
      // Floats against doubles; a value near the middle between two halves may be rounded to the
      // other one.
      EXPECT_LT(RelativeError(logits[position], expected[position]), 1e-4)
          << name << ", position " << position;
    }
  }
}

TEST(Qwen3, QuantisedWeightsStayNearTheNaiveModelOfTheSameWeights) {
  for (const gguf::FileMix mix :
       {gguf::FileMix::kF16, gguf::FileMix::kBF16, gguf::FileMix::kQ8_0, gguf::FileMix::kQ4_0,
        gguf::FileMix::kQ5_1, gguf::FileMix::kQ4_K_M, gguf::FileMix::kQ5_K_M}) {
    SyntheticModel spec = OddShape();
    spec.hidden_size = 256;
    spec.ffn_size = 512;
    spec.mix = mix;
    const TinyModelFile file(spec);
    const auto model = file.Load();
    kernels::ThreadPool pool(1);
    SequenceRunner runner(*model, pool);
    const Tokens tokens = RandomTokens(20, spec.vocabulary_size, 3);
    const auto logits = runner.Run(runner.Add(), tokens);
    const auto expected = NaiveLogits(*file.Open(), tokens, CacheRounding::kHalves);
    // Activations are rounded to 8 bits beside quantised weights, not beside floats.
    const bool floats = mix == gguf::FileMix::kF16 || mix == gguf::FileMix::kBF16;
    EXPECT_LT(RelativeError(logits, expected.back()), floats ? 1e-4 : 0.03)
        << gguf::FileMixName(mix);
  }
}

// The last row of `tokens`, fed in chunks of the given sizes.
std::vector<float> InChunks(Model& model, kernels::ThreadPool& pool, const Tokens& tokens,
                            const std::vector<size_t>& sizes) {
  SequenceRunner runner(model, pool);
  const size_t sequence = runner.Add();
  std::vector<float> last;
  size_t first = 0;
  for (const size_t size : sizes) {
    last = runner.Run(sequence, std::span(tokens).subspan(first, size));
    first += size;
  }
  EXPECT_EQ(first, tokens.size());
  return last;
}

struct BitsCase {
  std::string name;
  SyntheticModel spec;
};

std::vector<BitsCase> BitsCases() {
  std::vector<BitsCase> cases;
  for (const gguf::FileMix mix : {gguf::FileMix::kF32, gguf::FileMix::kF16, gguf::FileMix::kQ8_0}) {
    cases.push_back({std::string(gguf::FileMixName(mix)), OddShape()});
    cases.back().spec.mix = mix;
  }
  cases.push_back({"ExpertsQ8_0", WithExperts()});
  cases.back().spec.mix = gguf::FileMix::kQ8_0;
  // Rows long enough for the 256-value blocks, and some that fall back to smaller ones.
  cases.push_back({"Q4_K_M", OddShape()});
  cases.back().spec.mix = gguf::FileMix::kQ4_K_M;
  cases.back().spec.hidden_size = 256;
  return cases;
}

class Qwen3Bits : public ::testing::TestWithParam<BitsCase> {
 protected:
  static const SyntheticModel& Spec() { return GetParam().spec; }
};

INSTANTIATE_TEST_SUITE_P(Models, Qwen3Bits, ::testing::ValuesIn(BitsCases()),
                         [](const auto& model) { return model.param.name; });

TEST_P(Qwen3Bits, DoNotDependOnTheSplitOfThePromptOrTheThreads) {
  const TinyModelFile file(Spec());
  const auto model = file.Load();
  const Tokens tokens = RandomTokens(300, Spec().vocabulary_size, 11);
  kernels::ThreadPool one(1);
  const auto whole = InChunks(*model, one, tokens, {300});
  EXPECT_EQ(InChunks(*model, one, tokens, std::vector<size_t>(300, 1)), whole);
  EXPECT_EQ(InChunks(*model, one, tokens, {1, 2, 3, 17, 64, 7, 129, 77}), whole);
  kernels::ThreadPool two(2);
  EXPECT_EQ(InChunks(*model, two, tokens, {300}), whole);
  EXPECT_EQ(InChunks(*model, two, tokens, {13, 256, 31}), whole);
  kernels::ThreadPool three(3);
  EXPECT_EQ(InChunks(*model, three, tokens, {299, 1}), whole);
}

TEST_P(Qwen3Bits, DoNotDependOnTheOtherSequencesOfAStep) {
  const TinyModelFile file(Spec());
  const auto model = file.Load();
  kernels::ThreadPool pool(2);
  const Tokens mine = RandomTokens(90, Spec().vocabulary_size, 21);
  const Tokens other = RandomTokens(200, Spec().vocabulary_size, 22);
  const auto alone = InChunks(*model, pool, mine, {90});

  SequenceRunner runner(*model, pool);
  const size_t a = runner.Add();
  const size_t b = runner.Add();
  const size_t c = runner.Add();
  const std::span all(mine);
  const std::span noise(other);
  const std::vector<SequenceRunner::Chunk> first = {
      {.sequence = b, .tokens = noise.first(37)},
      {.sequence = a, .tokens = all.first(50), .wants_logits = false},
      {.sequence = c, .tokens = noise.first(1)}};
  runner.Step(first);
  const std::vector<SequenceRunner::Chunk> second = {
      {.sequence = c, .tokens = noise.subspan(1, 100), .wants_every_row = true},
      {.sequence = b, .tokens = noise.subspan(37, 1)},
      {.sequence = a, .tokens = all.subspan(50)}};
  EXPECT_EQ(runner.Step(second).back(), alone);
}

TEST_P(Qwen3Bits, EveryRowIsTheRowOfItsPrefix) {
  const TinyModelFile file(Spec());
  const auto model = file.Load();
  kernels::ThreadPool pool(2);
  const Tokens tokens = RandomTokens(20, Spec().vocabulary_size, 31);
  SequenceRunner runner(*model, pool);
  const SequenceRunner::Chunk chunk = {
      .sequence = runner.Add(), .tokens = tokens, .wants_every_row = true};
  const auto rows = runner.Step({&chunk, 1});
  ASSERT_EQ(rows.size(), tokens.size());
  for (size_t length = 1; length <= tokens.size(); ++length) {
    const Tokens prefix(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(rows[length - 1], InChunks(*model, pool, prefix, {length})) << length;
  }
}

TEST(Qwen3, AStepThatWantsNoLogitsStillFillsTheCache) {
  const TinyModelFile file;
  const auto model = file.Load();
  kernels::ThreadPool pool(1);
  const Tokens tokens = RandomTokens(30, 272, 5);
  SequenceRunner runner(*model, pool);
  const size_t sequence = runner.Add();
  const SequenceRunner::Chunk silent = {
      .sequence = sequence, .tokens = std::span(tokens).first(29), .wants_logits = false};
  EXPECT_TRUE(runner.Step({&silent, 1}).empty());
  EXPECT_EQ(runner.Run(sequence, std::span(tokens).last(1)), InChunks(*model, pool, tokens, {30}));
}

TEST(Qwen3, LogitsDoNotDependOnTheBlockSizeOfTheCache) {
  const TinyModelFile file;
  const auto model = file.Load();
  kernels::ThreadPool pool(1);
  const Tokens tokens = RandomTokens(100, 272, 6);
  SequenceRunner small(*model, pool, 64, 16);
  SequenceRunner large(*model, pool, 64, 64);
  EXPECT_EQ(small.Run(small.Add(), tokens), large.Run(large.Add(), tokens));
}

TEST(Qwen3, InfoSaysWhatTheFileSays) {
  SyntheticModel spec = OddShape();
  const TinyModelFile file(spec);
  const auto model = file.Load();
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.architecture, "qwen3");
  EXPECT_EQ(info.name, "tiny-random");
  EXPECT_EQ(info.vocabulary_size, 301);
  EXPECT_EQ(info.context_tokens, 4096);
  EXPECT_EQ(info.layer_count, 3);
  EXPECT_EQ(info.kv_head_count, 2);
  EXPECT_EQ(info.key_size, 32);
  int64_t elements = 0;
  int64_t bytes = 0;
  const auto opened = file.Open();
  for (const gguf::TensorInfo& tensor : opened->tensors()) {
    elements += tensor.element_count();
    bytes += static_cast<int64_t>(tensor.data.size());
  }
  EXPECT_EQ(info.parameter_count, elements);
  EXPECT_EQ(info.weight_bytes, bytes);
}

}  // namespace
}  // namespace millrace::model
