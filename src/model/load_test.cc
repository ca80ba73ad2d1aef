#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gguf/reader.h"
#include "gguf/writer.h"
#include "model/hyper_parameters.h"
#include "model/model.h"
#include "model/testing/synthetic_model.h"

namespace millrace::model {
namespace {

using base::ErrorKind;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SyntheticModel;

// A tensor on its way into a changed copy of a file.
struct Draft {
  std::string name;
  gguf::TensorType type;
  std::vector<int64_t> dims;
};

// A small valid file, changed.
class ChangedFile {
 public:
  using ChangeKeys = std::function<void(gguf::Writer&)>;
  using ChangeTensors = std::function<void(std::vector<Draft>&)>;

  explicit ChangedFile(
      const ChangeKeys& keys, const ChangeTensors& tensors = [](auto&) {}) {
    SyntheticModel spec;
    spec.layer_count = 1;
    spec.with_vocabulary = false;
    std::ostringstream original;
    EXPECT_TRUE(testing::WriteSyntheticModel(spec, original));
    const std::string text = original.str();
    const auto file = *gguf::File::Parse(std::as_bytes(std::span(text)));
    gguf::Writer writer;
    for (const gguf::KeyValue& entry : file->metadata()) {
      writer.Copy(entry);
    }
    keys(writer);
    std::vector<Draft> drafts;
    for (const gguf::TensorInfo& tensor : file->tensors()) {
      drafts.push_back({tensor.name, tensor.type, tensor.dims});
    }
    tensors(drafts);
    for (const Draft& draft : drafts) {
      EXPECT_TRUE(writer.AddTensor(draft.name, draft.type, draft.dims));
    }
    std::ostringstream out;
    EXPECT_TRUE(writer.Begin(out));
    text_ = out.str() +
            std::string(static_cast<size_t>(writer.data_bytes()) + 64 * drafts.size(), '\0');
  }

  // Error of Load; a description of success as its message.
  base::Error LoadError() const {
    const auto model = Load(*gguf::File::Parse(std::as_bytes(std::span(text_))));
    return model.has_value() ? base::Internal("loaded") : model.error();
  }

  base::Result<HyperParameters> Hyper() const {
    return ReadHyperParameters(**gguf::File::Parse(std::as_bytes(std::span(text_))));
  }

 private:
  std::string text_;
};

ChangedFile WithTensors(const ChangedFile::ChangeTensors& change) {
  return ChangedFile([](gguf::Writer&) {}, change);
}

Draft& Find(std::vector<Draft>& drafts, const std::string& name) {
  return *std::find_if(drafts.begin(), drafts.end(),
                       [&](const Draft& d) { return d.name == name; });
}

TEST(Load, TheUnchangedFileLoads) {
  EXPECT_EQ(ChangedFile([](gguf::Writer&) {}).LoadError().message, "loaded");
}

TEST(Load, RefusesAnUnknownArchitectureByName) {
  const ChangedFile file([](gguf::Writer& w) { w.SetString("general.architecture", "mamba"); });
  EXPECT_EQ(file.LoadError().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(file.LoadError().message, AllOf(HasSubstr("\"mamba\""), HasSubstr("qwen3")));
}

TEST(Load, NamesAMissingTensor) {
  const auto error =
      WithTensors([](std::vector<Draft>& drafts) {
        std::erase_if(drafts, [](const Draft& d) { return d.name == "blk.0.attn_k.weight"; });
      }).LoadError();
  EXPECT_EQ(error.kind, ErrorKind::kCorruptData);
  EXPECT_THAT(error.message, AllOf(HasSubstr("blk.0.attn_k.weight"), HasSubstr("missing")));
}

TEST(Load, NamesAMisshapenTensorAndWhatWasExpected) {
  const auto error = WithTensors([](std::vector<Draft>& drafts) {
                       Find(drafts, "blk.0.ffn_up.weight").dims = {64, 97};
                     }).LoadError();
  EXPECT_EQ(error.kind, ErrorKind::kCorruptData);
  EXPECT_THAT(error.message, AllOf(HasSubstr("blk.0.ffn_up.weight"), HasSubstr("[64, 97]"),
                                   HasSubstr("[64, 96]")));
}

TEST(Load, NamesAMisshapenNorm) {
  const auto error = WithTensors([](std::vector<Draft>& drafts) {
                       Find(drafts, "blk.0.attn_q_norm.weight").dims = {64};
                     }).LoadError();
  EXPECT_THAT(error.message, AllOf(HasSubstr("attn_q_norm"), HasSubstr("[32]")));
}

TEST(Load, RefusesTensorsOfIntegers) {
  const auto error = WithTensors([](std::vector<Draft>& drafts) {
                       Find(drafts, "output_norm.weight").type = gguf::TensorType::kI32;
                     }).LoadError();
  EXPECT_EQ(error.kind, ErrorKind::kUnsupported);
  EXPECT_THAT(error.message, AllOf(HasSubstr("output_norm.weight"), HasSubstr("I32")));
}

TEST(Load, RefusesTensorsItWouldHaveToIgnore) {
  const auto error = WithTensors([](std::vector<Draft>& drafts) {
                       drafts.push_back({"blk.0.attn_q.bias", gguf::TensorType::kF32, {128}});
                     }).LoadError();
  EXPECT_EQ(error.kind, ErrorKind::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("blk.0.attn_q.bias"));
}

TEST(Load, AcceptsFusedProjections) {
  const auto error = WithTensors([](std::vector<Draft>& drafts) {
                       std::erase_if(drafts, [](const Draft& d) {
                         return d.name == "blk.0.attn_k.weight" || d.name == "blk.0.attn_v.weight";
                       });
                       Find(drafts, "blk.0.attn_q.weight") = {
                           "blk.0.attn_qkv.weight", gguf::TensorType::kF32, {64, 128 + 64 + 64}};
                     }).LoadError();
  EXPECT_EQ(error.message, "loaded");
}

TEST(Load, AcceptsNormsInHalves) {
  const auto error = WithTensors([](std::vector<Draft>& drafts) {
                       Find(drafts, "output_norm.weight").type = gguf::TensorType::kF16;
                     }).LoadError();
  EXPECT_EQ(error.message, "loaded");
}

TEST(Load, RefusesHeadsLongerThanTheKernelsHold) {
  const ChangedFile file([](gguf::Writer& w) { w.SetUint32("qwen3.attention.key_length", 512); });
  EXPECT_EQ(file.LoadError().kind, ErrorKind::kUnsupported);
}

TEST(HyperParameters, NamesTheKeyThatIsWrong) {
  struct Case {
    ChangedFile::ChangeKeys change;
    std::string_view expected;
  };
  const std::vector<Case> cases = {
      {[](gguf::Writer& w) { w.SetUint32("qwen3.block_count", 0); }, "\"qwen3.block_count\" is 0"},
      {[](gguf::Writer& w) { w.SetString("qwen3.context_length", "many"); },
       "\"qwen3.context_length\" is a string"},
      {[](gguf::Writer& w) { w.SetUint64("qwen3.embedding_length", uint64_t{1} << 40); },
       "\"qwen3.embedding_length\" is 1099511627776"},
      {[](gguf::Writer& w) { w.SetUint32("qwen3.attention.head_count_kv", 3); },
       "\"qwen3.attention.head_count_kv\" is 3"},
      {[](gguf::Writer& w) { w.SetFloat32("qwen3.attention.layer_norm_rms_epsilon", -1); },
       "\"qwen3.attention.layer_norm_rms_epsilon\" is -1"},
      {[](gguf::Writer& w) { w.SetUint32("qwen3.rope.dimension_count", 31); },
       "\"qwen3.rope.dimension_count\" is 31"},
      {[](gguf::Writer& w) { w.SetFloat32("qwen3.rope.freq_base", 0); },
       "\"qwen3.rope.freq_base\" is 0"},
      {[](gguf::Writer& w) { w.SetString("qwen3.rope.scaling.type", "longrope"); }, "\"longrope\""},
  };
  for (const Case& each : cases) {
    const auto hyper = ChangedFile(each.change).Hyper();
    ASSERT_FALSE(hyper.has_value()) << each.expected;
    EXPECT_THAT(hyper.error().message, HasSubstr(std::string(each.expected)));
  }
}

TEST(HyperParameters, ReadsRopeScaling) {
  const auto plain =
      *ChangedFile([](gguf::Writer& w) { w.SetUint32("qwen3.rope.dimension_count", 32); }).Hyper();
  EXPECT_EQ(plain.rope.scaling, RopeScaling::kNone);
  EXPECT_EQ(plain.rope.dimension_count, 32);

  const auto linear = *ChangedFile([](gguf::Writer& w) {
                         w.SetString("qwen3.rope.scaling.type", "linear");
                         w.SetFloat32("qwen3.rope.scaling.factor", 2);
                       }).Hyper();
  EXPECT_EQ(linear.rope.scaling, RopeScaling::kLinear);
  EXPECT_EQ(linear.rope.factor, 2);

  const auto old =
      *ChangedFile([](gguf::Writer& w) { w.SetFloat32("qwen3.rope.scale_linear", 8); }).Hyper();
  EXPECT_EQ(old.rope.scaling, RopeScaling::kLinear);
  EXPECT_EQ(old.rope.factor, 8);

  const auto yarn = *ChangedFile([](gguf::Writer& w) {
                       w.SetString("qwen3.rope.scaling.type", "yarn");
                       w.SetFloat32("qwen3.rope.scaling.factor", 4);
                       w.SetUint32("qwen3.rope.scaling.original_context_length", 32768);
                     }).Hyper();
  EXPECT_EQ(yarn.rope.scaling, RopeScaling::kYarn);
  EXPECT_EQ(yarn.rope.original_context, 32768);
  EXPECT_EQ(yarn.rope.beta_fast, 32);
}

TEST(HyperParameters, HeadCountsMayBeGivenForEachLayer) {
  const auto same = ChangedFile([](gguf::Writer& w) {
                      w.SetInt32Array("qwen3.attention.head_count_kv", std::vector<int32_t>{2, 2});
                    }).Hyper();
  ASSERT_TRUE(same.has_value()) << same.error().message;
  EXPECT_EQ(same->kv_head_count, 2);
  const auto mixed = ChangedFile([](gguf::Writer& w) {
                       w.SetInt32Array("qwen3.attention.head_count_kv", std::vector<int32_t>{2, 4});
                     }).Hyper();
  EXPECT_EQ(mixed.error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace millrace::model
