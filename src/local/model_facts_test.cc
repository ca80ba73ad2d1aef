#include "local/model_facts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gguf/writer.h"

namespace millrace::local {
namespace {

// A file that holds nothing but what it says of itself.
std::shared_ptr<const gguf::File> FileWith(
    std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
  // Tests run side by side, each in a process of its own.
  const std::string path =
      fmt::format("{}/model_facts_test_{}.gguf", ::testing::TempDir(), getpid());
  gguf::Writer writer;
  for (const auto& [key, value] : entries) {
    writer.SetString(key, value);
  }
  std::ofstream out(path, std::ios::binary);
  EXPECT_TRUE(writer.Begin(out).has_value());
  EXPECT_TRUE(writer.Finish().has_value());
  out.close();
  auto file = gguf::File::Open(path).value();
  std::filesystem::remove(path);  // it stays mapped
  return file;
}

constexpr std::string_view kTemplate = "tokenizer.chat_template";
constexpr std::string_view kArchitecture = "general.architecture";

TEST(ChatFormat, WithoutATemplateIsChatMlWithAWarning) {
  const ChatFormat format = ReadChatFormat(*FileWith({{kArchitecture, "unheard-of"}})).value();
  EXPECT_NE(format.warning.find("unheard-of"), std::string::npos);
  EXPECT_EQ(format.syntax->name, "hermes");
  EXPECT_EQ(format.thinking, chat::ThinkingClass::kNever);
}

TEST(ChatFormat, ATemplateLeavesNothingToWarnOf) {
  const ChatFormat format =
      ReadChatFormat(
          *FileWith({{kArchitecture, "qwen3"}, {kTemplate, "{{ enable_thinking }}<arg_key>"}}))
          .value();
  EXPECT_EQ(format.warning, "");
  EXPECT_EQ(format.syntax->name, "glm45");
  EXPECT_EQ(format.thinking, chat::ThinkingClass::kHybrid);
}

TEST(ChatFormat, ToolsInAFormThatIsNotKnownAreWarnedOf) {
  const auto file = FileWith({{kArchitecture, "qwen3"}, {kTemplate, "{{ tools }}[CALL]"}});
  EXPECT_NE(ReadChatFormat(*file).value().warning.find("read as hermes"), std::string::npos);
  EXPECT_EQ(ReadChatFormat(*file, {.syntax = "glm47"}).value().warning, "");
  const auto hermes = FileWith({{kArchitecture, "qwen3"}, {kTemplate, "{{ tools }}<tool_call>"}});
  EXPECT_EQ(ReadChatFormat(*hermes).value().warning, "");
}

TEST(ChatFormat, FamiliesWithoutAPublishedTemplateHaveAnEncoder) {
  const ChatFormat v32 = ReadChatFormat(*FileWith({{kArchitecture, "deepseek32"}})).value();
  EXPECT_EQ(v32.warning, "");
  EXPECT_EQ(v32.syntax->name, "deepseek_v32");
  EXPECT_FALSE(v32.thinking_default_on);
  const ChatFormat v4 = ReadChatFormat(*FileWith({{kArchitecture, "deepseek4"}})).value();
  EXPECT_EQ(v4.syntax->name, "deepseek_v4");
  EXPECT_TRUE(v4.thinking_default_on);
}

TEST(ChatFormat, ThinkingIsOnUnlessTheTemplateItselfTurnsItOff) {
  for (const auto& [source, on] : std::initializer_list<std::pair<std::string_view, bool>>{
           {"{{ '<think>' if enable_thinking is not defined or enable_thinking }}", true},
           {"{{ '<think></think>' if enable_thinking is defined and not enable_thinking }}", true},
           {"{{ '<think>' if enable_thinking }}", false},
           {"{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
            "{{ '<think>' if thinking else '</think>' }}",
            false},
           {"{% if not thinking is defined %}{% if enable_thinking is defined %}"
            "{% set thinking = enable_thinking %}{% else %}{% set thinking = false %}{% endif %}"
            "{% endif %}{{ '<think>' if thinking else '</think>' }}",
            false},
           {"{{ 'x' if enable_thinking and messages | length > 1 }}", true},  // does not tell
       }) {
    const ChatFormat format = FormatOfTemplate(source).value();
    EXPECT_EQ(format.thinking, chat::ThinkingClass::kHybrid) << source;
    EXPECT_EQ(format.thinking_default_on, on) << source;
  }
}

TEST(ChatFormat, ATemplateThatRendersNoToolsGivesWayToAnEncoderThatDoes) {
  constexpr std::string_view kCalls = "{{ '<｜tool▁call▁begin｜>' if thinking }}";
  const auto file = FileWith({{kArchitecture, "deepseek2"}, {kTemplate, kCalls}});
  EXPECT_TRUE(ReadChatFormat(*file)->chat_template->has_tools());
  EXPECT_EQ(ReadChatFormat(*file)->syntax->name, "deepseek_v31");
  EXPECT_FALSE(ReadChatFormat(*file)->thinking_default_on);
  EXPECT_FALSE(ReadChatFormat(*file, {.prompt = "template"})->chat_template->has_tools());
  const std::string with_tools = std::string(kCalls) + "{{ 'own' if tools }}";
  const auto other = FileWith({{kArchitecture, "deepseek2"}, {kTemplate, with_tools}});
  chat_template::RenderInput input;
  input.enable_thinking = false;
  EXPECT_TRUE(ReadChatFormat(*other)->chat_template->Render(input)->empty());
}

TEST(ChatFormat, ChoicesBeatTheFile) {
  const auto file = FileWith({{kArchitecture, "deepseek32"}, {kTemplate, "<function="}});
  EXPECT_EQ(ReadChatFormat(*file, {.prompt = "template"})->syntax->name, "qwen3_coder");
  EXPECT_EQ(ReadChatFormat(*file, {.syntax = "hunyuan"})->syntax->name, "hunyuan");
  EXPECT_EQ(ReadChatFormat(*file, {.prompt = "deepseek_v4"})->syntax->name, "deepseek_v4");
  EXPECT_FALSE(ReadChatFormat(*file, {.prompt = "nope"}).has_value());
  EXPECT_FALSE(ReadChatFormat(*file, {.syntax = "nope"}).has_value());
}

}  // namespace
}  // namespace millrace::local
