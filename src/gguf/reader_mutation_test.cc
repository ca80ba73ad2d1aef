// Damages a valid file in thousands of ways. Whatever is left, the reader answers: with a file
// whose every byte can be touched, or with an error.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "gguf/reader.h"
#include "gguf/writer.h"

namespace millrace::gguf {
namespace {

std::string ValidFile() {
  Writer writer;
  writer.SetString("general.architecture", "qwen3");
  writer.SetUint32("qwen3.block_count", 2);
  writer.SetFloat32("qwen3.rope.freq_base", 1e6F);
  writer.SetBool("tokenizer.ggml.add_bos_token", false);
  const std::vector<std::string> tokens = {"a", "b", "", "long token"};
  writer.SetStringArray("tokenizer.ggml.tokens", tokens);
  writer.SetInt32Array("tokenizer.ggml.token_type", std::vector<int32_t>{1, 1, 3, 1});
  EXPECT_TRUE(writer.AddTensor("token_embd.weight", TensorType::kQ8_0, {64, 4}));
  EXPECT_TRUE(writer.AddTensor("output_norm.weight", TensorType::kF32, {64}));
  std::ostringstream out;
  EXPECT_TRUE(writer.Begin(out));
  EXPECT_TRUE(writer.Append(std::vector<std::byte>(4 * 68, std::byte{7})));
  EXPECT_TRUE(writer.Append(std::vector<std::byte>(256, std::byte{9})));
  EXPECT_TRUE(writer.Finish());
  return out.str();
}

// Reads everything a file offers; the sanitizers see any byte outside it.
uint64_t Touch(const File& file) {
  uint64_t sum = 0;
  for (const KeyValue& entry : file.metadata()) {
    sum += entry.key.size() + entry.encoded.size();
    if (const auto* strings = std::get_if<std::vector<std::string_view>>(&entry.value)) {
      for (const std::string_view text : *strings) {
        sum += text.empty() ? 0 : static_cast<uint64_t>(text.back());
      }
    }
  }
  for (const TensorInfo& tensor : file.tensors()) {
    sum += static_cast<uint64_t>(tensor.element_count());
    for (const std::byte byte : tensor.data) {
      sum += static_cast<uint64_t>(byte);
    }
  }
  return sum;
}

// Parses a copy of exactly this size on the heap, where reading past the end is noticed.
void ParseAndTouch(const std::string& text) {
  const auto copy = std::make_unique<std::byte[]>(text.size());
  std::memcpy(copy.get(), text.data(), text.size());
  const auto file = File::Parse({copy.get(), text.size()});
  if (file.has_value()) {
    Touch(**file);
  } else {
    EXPECT_FALSE(file.error().message.empty());
  }
}

class Draws {
 public:
  uint64_t Below(uint64_t bound) { return base::SplitMix64(state_++) % bound; }

 private:
  uint64_t state_ = 1;
};

TEST(ReaderMutation, EveryTruncationIsAnswered) {
  const std::string valid = ValidFile();
  for (size_t size = 0; size < valid.size(); ++size) {
    ParseAndTouch(valid.substr(0, size));
  }
}

TEST(ReaderMutation, EveryFlippedBitIsAnswered) {
  const std::string valid = ValidFile();
  for (size_t bit = 0; bit < valid.size() * 8; ++bit) {
    std::string damaged = valid;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    ParseAndTouch(damaged);
  }
}

TEST(ReaderMutation, RandomDamageIsAnswered) {
  const std::string valid = ValidFile();
  Draws draws;
  constexpr uint64_t kInteresting[] = {
      0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, uint64_t{1} << 60, ~uint64_t{0}, 1U << 31};
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = valid;
    const uint64_t changes = 1 + draws.Below(4);
    for (uint64_t i = 0; i < changes; ++i) {
      const uint64_t value = kInteresting[draws.Below(std::size(kInteresting))];
      const size_t width = size_t{1} << draws.Below(4);
      const size_t place = draws.Below(damaged.size() - width);
      std::memcpy(damaged.data() + place, &value, width);
    }
    if (draws.Below(4) == 0) {
      damaged.resize(draws.Below(damaged.size()));
    }
    ParseAndTouch(damaged);
  }
}

}  // namespace
}  // namespace millrace::gguf
