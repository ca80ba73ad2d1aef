#include "app/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeepFixedSettings, LeavesWhatMayChange) {
  ServeOptions running;
  ServeOptions wanted;
  wanted.log_level = "debug";
  wanted.log_format = LogFormat::kJson;
  wanted.shutdown_grace = std::chrono::seconds(1);
  wanted.api.cors = false;
  wanted.limits.defaults.rpm = 5;
  wanted.models = {{.path = "a.gguf", .id = "a"}};
  EXPECT_THAT(KeepFixedSettings(running, wanted), IsEmpty());
  EXPECT_EQ(wanted.log_level, "debug");
  EXPECT_FALSE(wanted.api.cors);
  EXPECT_EQ(wanted.limits.defaults.rpm, 5);
  EXPECT_EQ(wanted.models.size(), 1U);
}

TEST(KeepFixedSettings, PutsBackAndNamesWhatNeedsARestart) {
  ServeOptions running;
  ServeOptions wanted;
  wanted.port = 1;
  wanted.data_directory = "elsewhere";
  wanted.authentication = false;
  wanted.engine.thread_count = 9;
  wanted.engine.kv_bytes_max = 1;
  wanted.media.fetch_remote_media = false;
  wanted.media.fetcher.allowed_ports = {1};
  wanted.limiter.day_offset = std::chrono::minutes(60);
  wanted.http.connections_max = 1;
  EXPECT_THAT(
      KeepFixedSettings(running, wanted),
      ElementsAre("listen", "data", "authentication", "threads", "engine.kv_memory",
                  "api.fetch_remote_media", "api.media", "limits.day_zone", "http.connections"));
  EXPECT_EQ(wanted.port, 8080);
  EXPECT_TRUE(wanted.authentication);
  EXPECT_EQ(wanted.engine.kv_bytes_max, 0);
  EXPECT_TRUE(wanted.media.fetch_remote_media);
  EXPECT_EQ(wanted.media.fetcher.allowed_ports.size(), 2U);
  EXPECT_THAT(KeepFixedSettings(running, wanted), IsEmpty());
}

}  // namespace
}  // namespace millrace::app
