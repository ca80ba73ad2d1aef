#include "app/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace millrace::app {
namespace {

using chat::ThinkingClass;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Catalogue, KnowsEveryModelThatThePageNames) {
  const Catalogue catalogue = Catalogue::BuiltIn();
  for (const char* name : {"Pro/zai-org/GLM-5",
                           "Pro/zai-org/GLM-4.7",
                           "zai-org/GLM-4.6",
                           "zai-org/GLM-4.5V",
                           "zai-org/GLM-4.6V",
                           "deepseek-ai/DeepSeek-V3.2",
                           "Pro/deepseek-ai/DeepSeek-V3.2",
                           "deepseek-ai/DeepSeek-V3.1-Terminus",
                           "Pro/deepseek-ai/DeepSeek-V3.1-Terminus",
                           "deepseek-ai/DeepSeek-V4-Flash",
                           "Qwen/Qwen3-8B",
                           "Qwen/Qwen3-14B",
                           "Qwen/Qwen3-32B",
                           "Qwen/Qwen3-30B-A3B",
                           "Qwen/Qwen3.5-397B-A17B",
                           "Qwen/Qwen3.5-122B-A10B",
                           "Qwen/Qwen3.5-35B-A3B",
                           "Qwen/Qwen3.5-27B",
                           "Qwen/Qwen3.5-9B",
                           "Qwen/Qwen3.5-4B",
                           "tencent/Hunyuan-A13B-Instruct"}) {
    const local::RecordSettings* record = catalogue.Find(name);
    ASSERT_NE(record, nullptr) << name;
    EXPECT_EQ(record->thinking, ThinkingClass::kHybrid) << name;
    const std::string_view text(name);
    EXPECT_EQ(record->thinking_default, text.find("DeepSeek-V3") == std::string_view::npos) << name;
    EXPECT_EQ(record->min_p, text.starts_with("Qwen/")) << name;
    EXPECT_EQ(record->effort.value_or(false), text == "deepseek-ai/DeepSeek-V4-Flash") << name;
    EXPECT_EQ(record->inputs.has_value(), text.ends_with("V")) << name;
  }
  const local::RecordSettings* ocr = catalogue.Find("deepseek-ai/DeepSeek-OCR");
  ASSERT_NE(ocr, nullptr);
  EXPECT_EQ(ocr->thinking, ThinkingClass::kNever);
  EXPECT_EQ(ocr->tools, false);
  EXPECT_TRUE(ocr->inputs->image);
  EXPECT_EQ(catalogue.Find("tencent/Hunyuan-A13B-Instruct")->reasoning_tokens_max, 38912);
  EXPECT_EQ(catalogue.Find("Qwen/Qwen3-14B")->output_tokens_max, 8192);
}

TEST(Catalogue, LaterKeysWinAndOthersStay) {
  Catalogue catalogue;
  std::vector<std::string> problems;
  catalogue.Read("records: {a: {max_n: 2, tools: true}}", problems);
  catalogue.Read("records: {a: {max_n: 3}}", problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(catalogue.Find("a")->n_max, 3);
  EXPECT_EQ(catalogue.Find("a")->tools, true);
  catalogue.Read("records: {a: {replace: true, fim: true}}", problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(*catalogue.Find("a"), (local::RecordSettings{.fim = true}));
}

TEST(Catalogue, ARecordMayBeginLikeAnother) {
  Catalogue catalogue;
  std::vector<std::string> problems;
  catalogue.Read("records: {a: {max_n: 2, tools: true}, b: {like: a, tools: false}}", problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(catalogue.Find("b")->n_max, 2);
  EXPECT_EQ(catalogue.Find("b")->tools, false);
  catalogue.Read("records: {c: {like: nobody}}", problems);
  EXPECT_THAT(problems, ElementsAre(StartsWith("records.c.like: no record 'nobody'")));
}

TEST(Catalogue, ProblemsOfAFileBeginWithItsName) {
  const std::string path = testing::TempDir() + "catalogue.yaml";
  std::ofstream(path) << "records:\n  a: {path: x.gguf}\nmore: 1\n";
  Catalogue catalogue;
  std::vector<std::string> problems;
  catalogue.ReadFile(path, problems);
  EXPECT_THAT(problems, ElementsAre(StartsWith(path + ": records.a.path: unknown key"),
                                    StartsWith(path + ": more: unknown key")));
  problems.clear();
  catalogue.ReadFile("/nowhere/at-all.yaml", problems);
  EXPECT_THAT(problems, ElementsAre(StartsWith("/nowhere/at-all.yaml: cannot be read")));
}

}  // namespace
}  // namespace millrace::app
