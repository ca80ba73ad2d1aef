// Damages a valid model file in thousands of ways: it is refused, or it runs.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <sstream>
#include <string>

#include "base/random.h"
#include "gguf/reader.h"
#include "model/model.h"
#include "model/testing/sequence_runner.h"
#include "model/testing/synthetic_model.h"

namespace millrace::model {
namespace {

std::string ValidFile() {
  testing::SyntheticModel spec;
  spec.layer_count = 1;
  spec.hidden_size = 32;
  spec.head_count = 2;
  spec.kv_head_count = 1;
  spec.head_size = 8;
  spec.ffn_size = 32;
  spec.vocabulary_size = 8;
  spec.with_vocabulary = false;
  spec.yarn_factor = 2;
  spec.yarn_original_context = 16;
  std::ostringstream out;
  EXPECT_TRUE(testing::WriteSyntheticModel(spec, out));
  return out.str();
}

class Draws {
 public:
  uint64_t Below(uint64_t bound) { return base::SplitMix64(state_++) % bound; }

 private:
  uint64_t state_ = 99;
};

// True when the damaged file still loaded.
bool LoadAndRun(const std::string& text) {
  const auto copy = std::make_unique<std::byte[]>(text.size());
  std::memcpy(copy.get(), text.data(), text.size());
  const auto file = gguf::File::Parse({copy.get(), text.size()});
  if (!file.has_value()) {
    return false;
  }
  const auto model = Load(*file);
  if (!model.has_value()) {
    EXPECT_FALSE(model.error().message.empty());
    return false;
  }
  kernels::ThreadPool pool(1);
  testing::SequenceRunner runner(**model, pool, 2);
  runner.Run(runner.Add(), testing::RandomTokens(3, (*model)->info().vocabulary_size, 1));
  return true;
}

TEST(LoadMutation, DamagedModelsAreRefusedOrRun) {
  const std::string valid = ValidFile();
  ASSERT_TRUE(LoadAndRun(valid));
  // Metadata and tensor table only: any number is a valid weight.
  const size_t head_bytes = valid.find("output_norm.weight") + 40;
  Draws draws;
  constexpr uint64_t kInteresting[] = {0,    1,      2,          3,          7,  8,
                                       0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 64, uint64_t{1} << 40};
  int loaded = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = valid;
    const size_t width = size_t{1} << draws.Below(4);
    const uint64_t value = kInteresting[draws.Below(std::size(kInteresting))];
    std::memcpy(damaged.data() + draws.Below(head_bytes - width), &value, width);
    loaded += LoadAndRun(damaged) ? 1 : 0;
  }
  EXPECT_GT(loaded, 0) << "no damage was small enough to reach the forward pass";
}

}  // namespace
}  // namespace millrace::model
