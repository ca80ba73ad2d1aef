#include "app/serve_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::app {
namespace {

TEST(ParseListen, TakesNamesAddressesAndBracketedIpv6) {
  std::string host;
  uint16_t port = 0;
  ASSERT_TRUE(ParseListen("0.0.0.0:80", host, port).has_value());
  EXPECT_EQ(host, "0.0.0.0");
  EXPECT_EQ(port, 80);
  ASSERT_TRUE(ParseListen("[::1]:0", host, port).has_value());
  EXPECT_EQ(host, "::1");
  ASSERT_TRUE(ParseListen(":8081", host, port).has_value());
  EXPECT_EQ(host, "127.0.0.1");
}

TEST(ParseListen, RefusesWhatIsNotHostAndPort) {
  std::string host;
  uint16_t port = 0;
  for (const char* text : {"", "localhost", "a:", "a:b", "a:70000", "a:-1", "::1:80", "a:80x"}) {
    EXPECT_FALSE(ParseListen(text, host, port).has_value()) << text;
  }
}

TEST(ParseModel, NamesAModelByTheFileUnlessTold) {
  EXPECT_EQ(ParseModel("dir/tiny.Q8_0.gguf")->id, "tiny.Q8_0");
  EXPECT_EQ(ParseModel("tiny.gguf=Org/Name")->id, "Org/Name");
  EXPECT_FALSE(ParseModel("tiny.gguf=").has_value());
  EXPECT_FALSE(ParseModel("=x").has_value());
}

TEST(ParseBytes, KnowsBinaryUnitsAndRefusesOverflow) {
  EXPECT_EQ(*ParseBytes("17"), 17);
  EXPECT_EQ(*ParseBytes("3MiB"), 3 << 20);
  for (const char* text : {"", "MiB", "-1", "1.5GiB", "1GB", "9999999999GiB"}) {
    EXPECT_FALSE(ParseBytes(text).has_value()) << text;
  }
}

TEST(ProblemsOf, NamesEveryProblem) {
  ServeOptions options;
  options.host = "0.0.0.0";
  options.authentication = false;
  options.models = {{.path = "/nowhere.gguf", .id = "a"}, {.path = "/nowhere.gguf", .id = "a"}};
  const auto problems = ProblemsOf(options);
  EXPECT_THAT(problems, testing::Contains(testing::StartsWith("listen: without authentication")));
  EXPECT_THAT(problems, testing::Contains(testing::StartsWith("models.0.path: no such file")));
  EXPECT_THAT(problems,
              testing::Contains(testing::StartsWith("models.1.id: 'a' names two models")));
}

TEST(ProblemsOf, OneBodyOfFullSizeFitsTheMemoryForAllBodies) {
  ServeOptions options;
  options.http.bodies_bytes_max = options.api.limits.body_bytes_max - 1;
  EXPECT_THAT(ProblemsOf(options), testing::Contains(testing::StartsWith("http.bodies_memory:")));
}

}  // namespace
}  // namespace millrace::app
