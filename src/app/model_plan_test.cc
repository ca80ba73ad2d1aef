#include "app/model_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"
#include "model/testing/tiny_model.h"

namespace millrace::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Plan : public testing::Test {
 protected:
  Plan() {
    options_.catalogue = Catalogue::BuiltIn();
    options_.engine.thread_count = 1;
    options_.engine.kv_bytes_max = 8 << 20;
  }
  void Serve(std::string id, local::RecordSettings settings = {}) {
    options_.models.push_back(
        {.path = file_.path(), .id = std::move(id), .settings = std::move(settings)});
  }
  ModelPlan Make(const OpenModels& in_use = {}) {
    return PlanModels(options_, in_use,
                      {.clock = &clock_, .random = &random_, .metrics = &metrics_});
  }

  model::testing::TinyModelFile file_;
  base::FakeClock clock_;
  base::FakeRandom random_;
  metrics::Registry metrics_;
  ServeOptions options_;
};

TEST_F(Plan, RecordsOfOneFileAndContextShareItsModel) {
  const std::string link = testing::TempDir() + "link-to-tiny.gguf";
  std::remove(link.c_str());
  ASSERT_EQ(symlink(file_.path().c_str(), link.c_str()), 0);
  Serve("a");
  Serve("b", {.tools = false});
  Serve("small", {.context_tokens = 64});
  options_.models.push_back({.path = link, .id = "linked"});
  Serve("large", {.context_tokens = 1 << 24});  // no more than the file has
  const ModelPlan plan = Make();
  EXPECT_THAT(plan.problems, IsEmpty());
  ASSERT_EQ(plan.backends.size(), 5U);
  EXPECT_EQ(plan.to_load.size(), 2U);
  EXPECT_EQ(plan.backends[0]->model(), plan.backends[1]->model());
  EXPECT_EQ(plan.backends[0]->model(), plan.backends[3]->model());
  EXPECT_EQ(plan.backends[0]->model(), plan.backends[4]->model());
  EXPECT_NE(plan.backends[0]->model(), plan.backends[2]->model());
  EXPECT_EQ(plan.backends[2]->record().context_tokens, 64);
  EXPECT_FALSE(plan.backends[1]->record().tools);
  EXPECT_THAT(plan.warnings, ElementsAre(StartsWith("models.4 (large): context: ")));
  std::remove(link.c_str());
}

TEST_F(Plan, RecordsOfOneFileMayHaveChatFormatsOfTheirOwn) {
  Serve("as-it-is");
  Serve("v4", {.prompt = "deepseek_v4", .syntax = "glm47"});
  const ModelPlan plan = Make();
  EXPECT_THAT(plan.problems, IsEmpty());
  EXPECT_THAT(plan.warnings, IsEmpty());
  EXPECT_EQ(plan.to_load.size(), 1U);
  EXPECT_EQ(plan.backends[0]->model(), plan.backends[1]->model());
  EXPECT_TRUE(plan.backends[1]->record().tools);
}

TEST_F(Plan, KeepsModelsThatAreInUse) {
  Serve("a");
  const ModelPlan first = Make();
  options_.models.clear();
  Serve("renamed");
  Serve("small", {.context_tokens = 64});
  const ModelPlan second = Make(first.models);
  EXPECT_EQ(second.backends[0]->model(), first.backends[0]->model());
  EXPECT_THAT(second.to_load, ElementsAre(second.backends[1]->model()));
  EXPECT_EQ(second.models.size(), 2U);
}

TEST_F(Plan, LoadsAFileAnewThatWasReplaced) {
  Serve("a");
  const ModelPlan first = Make();
  const std::string copy = file_.path() + ".new";
  std::ofstream(copy, std::ios::binary) << std::ifstream(file_.path(), std::ios::binary).rdbuf();
  ASSERT_EQ(std::rename(copy.c_str(), file_.path().c_str()), 0);
  const ModelPlan second = Make(first.models);
  EXPECT_NE(second.backends[0]->model(), first.backends[0]->model());
  EXPECT_EQ(second.to_load.size(), 1U);
}

TEST_F(Plan, TakesTheCatalogueRecordOfTheNameOrOfTheOneNamed) {
  Serve("deepseek-ai/DeepSeek-OCR");
  options_.models.push_back({.path = file_.path(),
                             .id = "mine",
                             .record = "deepseek-ai/DeepSeek-OCR",
                             .settings = {.thinking = chat::ThinkingClass::kHybrid}});
  const ModelPlan plan = Make();
  EXPECT_EQ(plan.backends[0]->record().thinking, chat::ThinkingClass::kNever);
  EXPECT_FALSE(plan.backends[0]->record().tools);
  EXPECT_EQ(plan.backends[0]->record().sampling.frequency_penalty, 0.5);
  EXPECT_FALSE(plan.backends[1]->record().tools);
  EXPECT_EQ(plan.backends[1]->record().thinking, chat::ThinkingClass::kHybrid);
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("(deepseek-ai/DeepSeek-OCR): inputs: "),
                                         HasSubstr("models.1 (mine): inputs: ")));
}

TEST_F(Plan, TellsEveryFileThatCannotBeServed) {
  const std::string junk = testing::TempDir() + "junk.gguf";
  std::ofstream(junk) << "no model";
  options_.models.push_back({.path = junk, .id = "junk"});
  options_.models.push_back({.path = "/nowhere.gguf", .id = "none"});
  Serve("good");
  const ModelPlan plan = Make();
  EXPECT_THAT(plan.problems, ElementsAre(StartsWith(junk), StartsWith("/nowhere.gguf: ")));
}

TEST_F(Plan, AModelSetIsReplacedWhileItsOldModelsGoOn) {
  Serve("a");
  options_.models[0].aliases = {"also-a"};
  ModelPlan plan = Make();
  ModelSet set;
  EXPECT_EQ(set.Resolve("a"), nullptr);
  set.Replace(plan.backends);
  EXPECT_FALSE(set.ready());
  const std::shared_ptr<chat::ChatBackend> old = set.Resolve("also-a");
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old, set.Resolve("a"));
  ASSERT_TRUE(plan.to_load[0]->Load(local::LoadedModel::Weights::kOnDemand).has_value());
  EXPECT_TRUE(set.ready());
  set.Replace({});
  EXPECT_EQ(set.Resolve("a"), nullptr);
  EXPECT_THAT(set.All(), IsEmpty());
  EXPECT_EQ(old->record().id, "a");
}

}  // namespace
}  // namespace millrace::app
