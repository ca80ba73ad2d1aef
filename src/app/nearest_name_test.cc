#include "app/nearest_name.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::app {
namespace {

TEST(NearestName, FindsATypedOverName) {
  const std::vector<std::string> names = {"serve", "check", "keys", "inspect"};
  EXPECT_EQ(NearestName("srve", names), "serve");
  EXPECT_EQ(NearestName("sevre", names), "serve");
  EXPECT_EQ(NearestName("key", names), "keys");
  EXPECT_EQ(NearestName("inspct", names), "inspect");
}

TEST(NearestName, FindsNothingWhereNothingIsNear) {
  const std::vector<std::string> names = {"serve", "keys"};
  EXPECT_EQ(NearestName("download", names), "");
  EXPECT_EQ(NearestName("x", names), "");
  EXPECT_EQ(NearestName("", names), "");
  EXPECT_EQ(NearestName(std::string(100'000, 's'), names), "");
}

}  // namespace
}  // namespace millrace::app
