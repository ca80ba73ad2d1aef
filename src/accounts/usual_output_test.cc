#include "accounts/usual_output.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::accounts {
namespace {

TEST(UsualOutput, AnUnknownKeyHasAFixedEstimate) {
  EXPECT_EQ(UsualOutput().Estimate("key-1"), UsualOutput::kUnknown);
}

TEST(UsualOutput, TheFirstRequestSetsTheMeanAndLaterOnesMoveIt) {
  UsualOutput usual;
  usual.Learn("key-1", 80);
  EXPECT_EQ(usual.Estimate("key-1"), 80);
  usual.Learn("key-1", 160);
  EXPECT_EQ(usual.Estimate("key-1"), 90);
  usual.Learn("key-1", 91);
  EXPECT_EQ(usual.Estimate("key-1"), 91);  // 90.125, rounded up
  EXPECT_EQ(usual.Estimate("key-2"), UsualOutput::kUnknown);
}

TEST(UsualOutput, ForgetsTheKeyUnusedLongest) {
  UsualOutput usual;
  const auto name = [](size_t i) { return "key-" + std::to_string(i); };
  for (size_t i = 0; i < UsualOutput::kKeysMax; ++i) {
    usual.Learn(name(i), 7);
  }
  usual.Learn(name(0), 7);
  usual.Learn("new", 7);
  EXPECT_EQ(usual.Estimate("new"), 7);
  EXPECT_EQ(usual.Estimate(name(0)), 7);
  EXPECT_EQ(usual.Estimate(name(1)), UsualOutput::kUnknown);
  EXPECT_EQ(usual.Estimate(name(2)), 7);
}

}  // namespace
}  // namespace millrace::accounts
