#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace millrace::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

TEST(Config, ReadsEverySection) {
  ServeOptions options;
  const auto problems = ReadConfig(R"(
listen: "[::1]:9000"
data: /var/lib/millrace
threads: 3
authentication: false
log_level: warn
models:
  - path: a.gguf
  - {path: b.gguf, id: bee, aliases: [b1, b2], context: 4096, thinking_default: false}
engine: {kv_memory: 2GiB, context: 8192, queue_length: 7, running_sequences: 5, step_tokens: 128}
api: {stream_usage: final, error_envelope: both, sse_keepalive_s: 0, max_body_bytes: 4096}
http: {connections: 20000, head_bytes: 8192, header_lines: 50, bodies_memory: 64MiB,
       head_timeout_s: 5, body_timeout_s: 30, body_bytes_per_s: 0, idle_timeout_s: 20, stall_timeout_s: 40}
)",
                                   options);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(options.host, "::1");
  EXPECT_EQ(options.port, 9000);
  EXPECT_FALSE(options.authentication);
  ASSERT_EQ(options.models.size(), 2U);
  EXPECT_EQ(options.models[0].id, "a");
  EXPECT_EQ(options.models[1].aliases.size(), 2U);
  EXPECT_EQ(options.models[1].settings.context_tokens, 4096);
  EXPECT_EQ(options.models[1].settings.thinking_default, false);
  EXPECT_EQ(options.engine.kv_bytes_max, int64_t{2} << 30);
  EXPECT_EQ(options.engine.queue_length_max, 7);
  EXPECT_EQ(options.api.stream_usage, api::StreamUsageDefault::kFinal);
  EXPECT_EQ(options.api.sse_keepalive.count(), 0);
  EXPECT_EQ(options.api.limits.body_bytes_max, 4096U);
  EXPECT_EQ(options.http.connections_max, 20'000U);
  EXPECT_EQ(options.http.head_bytes_max, 8192U);
  EXPECT_EQ(options.http.header_lines_max, 50U);
  EXPECT_EQ(options.http.bodies_bytes_max, uint64_t{64} << 20);
  EXPECT_EQ(options.http.head_timeout, std::chrono::seconds(5));
  EXPECT_EQ(options.http.body_timeout, std::chrono::seconds(30));
  EXPECT_EQ(options.http.body_rate_min, 0U);
  EXPECT_EQ(options.http.idle_timeout, std::chrono::seconds(20));
  EXPECT_EQ(options.http.stall_timeout, std::chrono::seconds(40));
}

TEST(Config, ReportsEveryProblemWithItsPathAndLine) {
  ServeOptions options;
  const auto problems = ReadConfig(R"(listen: nowhere
threads: 0
colour: red
models:
  - id: nameless
  - path: a.gguf
    context: big
engine: 5
api:
  stream_usage: sometimes
)",
                                   options);
  EXPECT_THAT(problems,
              ElementsAre(StartsWith("listen: "), StartsWith("threads: should be from 1 to 1024"),
                          StartsWith("models.0.path: is required"),
                          StartsWith("models.1.context: should be a whole number"),
                          StartsWith("engine: should be a mapping"),
                          StartsWith("api.stream_usage: 'sometimes' should be one of"),
                          StartsWith("colour: unknown key")));
  EXPECT_THAT(problems[1], testing::HasSubstr("(line 2)"));
}

// The first YAML block of the page is the whole file, the second a catalogue.
std::vector<std::string> YamlBlocks(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```yaml";
      if (inside) {
        blocks.emplace_back();
      }
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(Config, IsReadAsThePageOnItSays) {
  const auto blocks = YamlBlocks(std::string(MILLRACE_SOURCE_DIR) + "/docs/configuration.md");
  ASSERT_EQ(blocks.size(), 2U);
  ServeOptions options;
  EXPECT_THAT(ReadConfig(blocks[0], options), IsEmpty());
  ASSERT_EQ(options.models.size(), 2U);
  // Where the page shows a default it is the default.
  const ServeOptions defaults;
  EXPECT_EQ(options.host, defaults.host);
  EXPECT_EQ(options.shutdown_grace, defaults.shutdown_grace);
  EXPECT_EQ(options.engine.queue_length_max, defaults.engine.queue_length_max);
  EXPECT_EQ(options.engine.block_size, defaults.engine.block_size);
  EXPECT_EQ(options.engine.event_queue_max, defaults.engine.event_queue_max);
  EXPECT_EQ(options.api.retry_after, defaults.api.retry_after);
  EXPECT_EQ(options.api.agent_user_agents, defaults.api.agent_user_agents);
  EXPECT_EQ(options.api.limits.body_bytes_max, defaults.api.limits.body_bytes_max);
  EXPECT_EQ(options.api.limits.tools_bytes_max, defaults.api.limits.tools_bytes_max);
  EXPECT_EQ(options.api.limits.schema_bytes_max, defaults.api.limits.schema_bytes_max);
  EXPECT_EQ(options.media.item_bytes_max, defaults.media.item_bytes_max);
  EXPECT_EQ(options.media.total_pixels_max, defaults.media.total_pixels_max);
  EXPECT_EQ(options.media.fetcher.time_max, defaults.media.fetcher.time_max);
  EXPECT_EQ(options.http.bodies_bytes_max, defaults.http.bodies_bytes_max);
  EXPECT_EQ(options.http.idle_timeout, defaults.http.idle_timeout);

  Catalogue catalogue = Catalogue::BuiltIn();
  std::vector<std::string> problems;
  catalogue.Read(blocks[1], problems);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(Config, FormatsAreOnesThisBuildHas) {
  ServeOptions options;
  EXPECT_THAT(ReadConfig("models: [{path: a.gguf, prompt: alpaca, syntax: xml}]", options),
              ElementsAre(AllOf(StartsWith("models.0.prompt: 'alpaca' should be one of chatml, "),
                                HasSubstr("deepseek_v4"), HasSubstr("template")),
                          AllOf(StartsWith("models.0.syntax: 'xml' should be one of "),
                                HasSubstr("hermes"), HasSubstr("qwen3_coder"))));
}

constexpr const char* kEveryKey = R"(
models:
  - path: a.gguf
    id: a
    record: Qwen/Qwen3-8B
    context: 2048
    max_prompt_tokens: 2000
    max_output: 100
    max_reasoning: 200
    inputs: [image, audio]
    thinking: always
    thinking_default: true
    effort: true
    min_p: false
    tools: false
    json_mode: true
    prefix: false
    fim: true
    max_n: 3
    max_images: 4
    hidden: true
    owned_by: us
    prompt: deepseek_v4
    syntax: glm47
    json_spacing: compact
    created: 1700000000
    sampling:
      temperature: 0
      top_p: 0.5
      top_k: 7
      min_p: 0.1
      frequency_penalty: -1
      presence_penalty: 1.5
      repetition_penalty: 1.1
)";

TEST(Config, ReadsEveryKeyOfARecord) {
  ServeOptions options;
  EXPECT_THAT(ReadConfig(kEveryKey, options), IsEmpty());
  ASSERT_EQ(options.models.size(), 1U);
  EXPECT_EQ(options.models[0].record, "Qwen/Qwen3-8B");
  const local::RecordSettings expected{.context_tokens = 2048,
                                       .prompt_tokens_max = 2000,
                                       .output_tokens_max = 100,
                                       .reasoning_tokens_max = 200,
                                       .inputs = local::InputSettings{.image = true, .audio = true},
                                       .thinking = chat::ThinkingClass::kAlways,
                                       .thinking_default = true,
                                       .effort = true,
                                       .min_p = false,
                                       .tools = false,
                                       .json_mode = true,
                                       .prefix = false,
                                       .fim = true,
                                       .n_max = 3,
                                       .images_max = 4,
                                       .hidden = true,
                                       .prompt = "deepseek_v4",
                                       .syntax = "glm47",
                                       .json_spacing = grammar::Whitespace::kCompact,
                                       .owned_by = "us",
                                       .created_unix_seconds = 1700000000,
                                       .sampling = {.temperature = 0.0,
                                                    .top_p = 0.5,
                                                    .top_k = 7,
                                                    .min_p = 0.1,
                                                    .frequency_penalty = -1.0,
                                                    .presence_penalty = 1.5,
                                                    .repetition_penalty = 1.1}};
  EXPECT_EQ(options.models[0].settings, expected);
}

TEST(Config, RefusesRecordValuesOutOfRange) {
  ServeOptions options;
  const auto problems = ReadConfig(R"(models:
  - path: a.gguf
    max_n: 21
    inputs: [smell]
    thinking: sometimes
    sampling: {temperature: 2.5, top_p: .nan, top_k: 1.5}
)",
                                   options);
  EXPECT_THAT(problems, ElementsAre(StartsWith("models.0.inputs: should be a list of"),
                                    StartsWith("models.0.thinking: 'sometimes' should be one of"),
                                    StartsWith("models.0.max_n: should be from 1 to 20"),
                                    StartsWith("models.0.sampling.temperature: should be from 0"),
                                    StartsWith("models.0.sampling.top_p: should be from 0 to 1"),
                                    StartsWith("models.0.sampling.top_k: should be a whole")));
}

TEST(Config, ReadsLimitsOfEveryScope) {
  ServeOptions options;
  EXPECT_THAT(ReadConfig(R"(
limits:
  default: {rpm: 60, rph: 1000, rpd: 5000, tpm: 100000, tpd: 2000000, running: 4}
  models: {m: {tpm: 5}}
  accounts:
    team: {rpm: 0, running: 9, models: {m: {rpd: 7}}}
  tpm_reservation: estimate
  day_zone: "+08:00"
)",
                         options),
              IsEmpty());
  EXPECT_EQ(options.limits.defaults.rpm, 60);
  EXPECT_EQ(options.limits.defaults.running, 4);
  EXPECT_EQ(options.limits.models["m"].tpm, 5);
  EXPECT_EQ(options.limits.accounts["team"].rpm, 0);
  EXPECT_EQ(options.limits.accounts["team"].running, 9);
  EXPECT_EQ(options.limits.account_models["team"]["m"].rpd, 7);
  EXPECT_EQ(options.limiter.reservation, accounts::TpmReservation::kEstimate);
  EXPECT_EQ(options.limiter.day_offset, std::chrono::hours(8));
}

TEST(Config, RefusesLimitsThatMeanNothing) {
  ServeOptions options;
  EXPECT_THAT(ReadConfig(R"(limits:
  models: {m: {running: 1}}
  accounts: {team: {rpm: -1}}
  day_zone: Beijing
)",
                         options),
              ElementsAre(StartsWith("limits.models.m.running: unknown key"),
                          StartsWith("limits.accounts.team.rpm: should be from 0"),
                          StartsWith("limits.day_zone: 'Beijing' is not a zone")));
}

TEST(Config, ReadsWhatMediaMayBeFetched) {
  ServeOptions options;
  EXPECT_THAT(ReadConfig(R"(
api:
  fetch_remote_media: false
  rate_limit_contact: ""
  media: {allowed_addresses: [10.0.0.0/8], allowed_ports: [80, 9000], item_bytes: 1MiB,
          total_bytes: 4MiB}
log_format: json
shutdown_grace_s: 5
catalogue: [a.yaml]
)",
                         options),
              IsEmpty());
  EXPECT_FALSE(options.media.fetch_remote_media);
  EXPECT_THAT(options.media.fetcher.allowed_addresses, ElementsAre("10.0.0.0/8"));
  EXPECT_THAT(options.media.fetcher.allowed_ports, ElementsAre(80, 9000));
  EXPECT_EQ(options.media.item_bytes_max, size_t{1} << 20);
  EXPECT_EQ(options.media.total_bytes_max, size_t{4} << 20);
  EXPECT_EQ(options.api.rate_limit_contact, "");
  EXPECT_EQ(options.log_format, LogFormat::kJson);
  EXPECT_EQ(options.shutdown_grace, std::chrono::seconds(5));
  EXPECT_THAT(options.catalogue_files, ElementsAre("a.yaml"));
}

TEST(Config, AKeyThatComesTwiceIsAProblemAtEveryDepth) {
  ServeOptions options;
  EXPECT_THAT(
      ReadConfig("threads: 1\napi: {cors: true, cors: false}\nthreads: 2\n"
                 "limits: {models: {m: {rpm: 1}, m: {rpm: 2}}}",
                 options),
      UnorderedElementsAre("threads: is there twice (line 3)", "api.cors: is there twice (line 2)",
                           "limits.models.m: is there twice (line 4)"));
}

TEST(Config, JunkIsAProblemWhereverItStands) {
  ServeOptions options;
  EXPECT_THAT(ReadConfig(std::string("threads: 1\n\x01\n"), options),
              ElementsAre(HasSubstr("0x01 does not belong into a text file of UTF-8 (line 2)")));
  EXPECT_THAT(ReadConfig("data: \xff", options), ElementsAre(HasSubstr("0xFF")));
  EXPECT_THAT(ReadConfig(std::string("a\0b", 3), options), ElementsAre(HasSubstr("0x00")));
  EXPECT_THAT(ReadConfig("{threads: 1} junk", options),
              ElementsAre(StartsWith("something stands behind the end of the document (line 1)")));
  EXPECT_THAT(ReadConfig("threads: 1\n---\nthreads: 2", options),
              ElementsAre(StartsWith("something stands behind the end of the document (line 3)")));
}

TEST(Config, ProblemsOfAFileBeginWithItsName) {
  const std::string path = testing::TempDir() + "list.yaml";
  std::ofstream(path) << "- a\n- list\n";
  ServeOptions options;
  EXPECT_THAT(ReadConfigFile(path, options),
              ElementsAre(path + ": should be a mapping of keys to values (line 1)"));
}

TEST(Config, BrokenYamlIsOneProblemWithItsLine) {
  ServeOptions options;
  EXPECT_THAT(ReadConfig("a: [1,\nb: 2", options), ElementsAre(StartsWith("not YAML: ")));
  EXPECT_THAT(ReadConfig("- just\n- a list", options),
              ElementsAre(StartsWith("should be a mapping")));
  EXPECT_THAT(ReadConfig("", options), IsEmpty());
}

TEST(Config, AnEmptyFileSaysNothing) {
  ServeOptions options;
  EXPECT_THAT(ReadConfigFile("/dev/null", options), IsEmpty());
}

TEST(Config, AFileThatCannotBeReadIsOneProblem) {
  ServeOptions options;
  EXPECT_THAT(ReadConfigFile("/nowhere/at-all.yaml", options),
              ElementsAre("/nowhere/at-all.yaml: cannot be read: No such file or directory"));
}

}  // namespace
}  // namespace millrace::app
