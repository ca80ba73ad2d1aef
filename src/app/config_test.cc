#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

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
