#include "app/utc_time.h"

#include <gtest/gtest.h>

namespace millrace::app {
namespace {

TEST(UtcTime, ReadsDaysAndTimes) {
  EXPECT_EQ(*ParseUtcTime("1970-01-01"), 0);
  EXPECT_EQ(*ParseUtcTime("2023-11-14"), 1'699'920'000);
  EXPECT_EQ(*ParseUtcTime("2023-11-14T22:13"), 1'699'999'980);
  EXPECT_EQ(*ParseUtcTime("2023-11-14T22:13:20"), 1'700'000'000);
  EXPECT_EQ(*ParseUtcTime("2023-11-14 22:13:20Z"), 1'700'000'000);
  EXPECT_EQ(*ParseUtcTime("2023-11-14Z"), 1'699'920'000);
  EXPECT_EQ(*ParseUtcTime("2024-02-29"), 1'709'164'800);
}

TEST(UtcTime, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "2023",
                           "2023-11",
                           "2023-02-29",
                           "2023-13-01",
                           "2023-00-10",
                           "2023-1-1",
                           "1969-12-31",
                           "23-11-14",
                           "2023-11-14T",
                           "2023-11-14T22",
                           "2023-11-14T24:00",
                           "2023-11-14T10:60",
                           "2023-11-14T10:00:60",
                           "2023-11-14T10:00:",
                           "2023-11-14T10:00+01:00",
                           "2023-11-14x",
                           "-023-11-14",
                           "2023-+1-14",
                           "yesterday"}) {
    const auto time = ParseUtcTime(text);
    ASSERT_FALSE(time.has_value()) << text;
    EXPECT_EQ(time.error().kind, base::ErrorKind::kInvalidArgument);
    EXPECT_NE(time.error().message.find(text), std::string::npos);
  }
}

TEST(UtcTime, ShowsMinutes) { EXPECT_EQ(ShowUtcTime(1'700'000'000), "2023-11-14 22:13"); }

}  // namespace
}  // namespace millrace::app
