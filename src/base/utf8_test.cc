#include "base/utf8.h"

#include <gtest/gtest.h>

namespace millrace::base {
namespace {

TEST(Utf8, EveryScalarValueSurvivesARoundTrip) {
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) {
      continue;
    }
    std::string text;
    AppendUtf8(c, text);
    const Utf8Char decoded = DecodeUtf8(text);
    ASSERT_TRUE(decoded.valid) << static_cast<uint32_t>(c);
    ASSERT_EQ(decoded.code_point, c);
    ASSERT_EQ(decoded.length, text.size());
  }
}

TEST(Utf8, RejectsOverlongSurrogateAndOutOfRange) {
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF",
                          "\x80", "\xE4\xBD"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << bad;
  }
}

TEST(Utf8, FindsTheIncompleteEnd) {
  EXPECT_EQ(IncompleteUtf8Suffix("a"), 0U);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xE4"), 1U);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xE4\xBD"), 2U);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xE4\xBD\xA0"), 0U);
  EXPECT_EQ(IncompleteUtf8Suffix("\xF0\x9F\x98"), 3U);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xE0\x80"), 0U) << "can never become valid";
}

TEST(Utf8, SanitizeReplacesEachMaximalBadRunOnce) {
  EXPECT_EQ(SanitizeUtf8("a\xE4\xBD"
                         "b\xFF"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(SanitizeUtf8("\xE4\xBD\xA0"), "\xE4\xBD\xA0");
}

}  // namespace
}  // namespace millrace::base
