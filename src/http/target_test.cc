#include "http/target.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

std::string PathOf(std::string_view text) {
  auto target = ParseTarget(text);
  return target.has_value() ? target->path : "refused";
}

TEST(ParseTarget, CollapsesSlashesAndDropsOneAtTheEnd) {
  EXPECT_EQ(PathOf("/v1/models"), "/v1/models");
  EXPECT_EQ(PathOf("//v1///models//"), "/v1/models");
  EXPECT_EQ(PathOf("/"), "/");
  EXPECT_EQ(PathOf("///"), "/");
}

TEST(ParseTarget, LeavesEscapesToWhoeverKnowsWhatTheyMean) {
  EXPECT_EQ(PathOf("/v1/models/Qwen%2FQwen3-8B"), "/v1/models/Qwen%2FQwen3-8B");
  EXPECT_EQ(PathOf("/v1/chat%2fcompletions"), "/v1/chat%2fcompletions");
  EXPECT_EQ(PathOf("/a%2F/"), "/a%2F");
}

TEST(DecodePercent, ResolvesEachEscapeOnce) {
  EXPECT_EQ(DecodePercent("Qwen%2FQwen3%2d8B"), "Qwen/Qwen3-8B");
  EXPECT_EQ(DecodePercent("%e4%b8%ad"), "中");
  EXPECT_EQ(DecodePercent("a%3Fb%23c+d"), "a?b#c+d");
  EXPECT_EQ(DecodePercent("%2541"), "%41");
  EXPECT_FALSE(DecodePercent("%4").has_value());
  EXPECT_FALSE(DecodePercent("%0a").has_value());
}

TEST(ParseTarget, SplitsTheQueryAndLeavesItAsItIs) {
  auto target = ParseTarget("/a/?x=%41&y=?/");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/a");
  EXPECT_EQ(target->query, "x=%41&y=?/");
}

TEST(ParseTarget, TakesTheAbsoluteAndTheAsteriskForm) {
  EXPECT_EQ(PathOf("http://host:80/a//b"), "/a/b");
  EXPECT_EQ(PathOf("HTTPS://host"), "/");
  EXPECT_EQ(PathOf("http://host?q"), "/");
  EXPECT_EQ(PathOf("*"), "*");
}

TEST(ParseTarget, RefusesEverythingElse) {
  for (std::string_view text : {"", "a", "host:443", "?a", "/%", "/%4", "/%zz", "/%00", "/a%0Ab",
                                "/a%7f", "/a#b", "http://", "**"}) {
    EXPECT_EQ(PathOf(text), "refused") << text;
  }
}

}  // namespace
}  // namespace millrace::http
