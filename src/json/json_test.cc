#include "json/json.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>

#include "base/random.h"

namespace millrace::json {
namespace {

boost::json::value MustParse(std::string_view text) {
  auto parsed = Parse(text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : boost::json::value();
}

std::string RoundTrip(std::string_view text) { return Serialize(MustParse(text)); }

TEST(Parse, RefusesWhatRfc8259DoesNotAllow) {
  for (std::string_view text :
       {"",        " ",       "{",        "{\"a\":}", "{\"a\":1,}", "[1,]",      "[1 2]",
        "{'a':1}", "{a:1}",   "NaN",      "[NaN]",    "Infinity",   "-Infinity", "[1] x",
        "{}{}",    "// c\n1", "/* c */1", "[1]/**/",  "01",         "+1",        "1.",
        ".5",      "0x10",    "\"\t\"",   "\"\n\"",   "\"\\x\"",    "\"\\u12\"", "\"abc",
        "tru",     "nulll",   "[",        "]",        "\"\\ud83d",  "\\u0041",   "\xEF\xBB\xBF",
        "1e400",   "-1e400"}) {
    auto parsed = Parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().kind, base::ErrorKind::kInvalidArgument) << text;
  }
}

TEST(Parse, RefusesInvalidUtf8) {
  for (std::string_view text : {"\"\xFF\"", "\"\xC3\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"",
                                "{\"\x80\":1}", "\"\xF4\x90\x80\x80\"", "\xFF\xFE{}"}) {
    EXPECT_FALSE(Parse(text).has_value()) << text;
  }
}

TEST(Parse, MessageNamesTheOffsetAndNotTheText) {
  auto parsed = Parse("{\"secret\":\"hush\",}");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_NE(parsed.error().message.find("at byte 17"), std::string::npos) << parsed.error().message;
  EXPECT_EQ(parsed.error().message.find("hush"), std::string::npos);
}

TEST(Parse, SkipsAByteOrderMarkAndWhitespace) {
  EXPECT_EQ(RoundTrip("\xEF\xBB\xBF{\"a\":1}"), R"({"a":1})");
  EXPECT_EQ(RoundTrip(" \t\r\n[ 1 , 2 ] \n"), "[1,2]");
}

TEST(Parse, LoneEscapedSurrogatesBecomeReplacementCharacters) {
  EXPECT_EQ(RoundTrip(R"("\ud83d")"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(RoundTrip(R"("\udE00")"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(RoundTrip(R"("a\ud83db")"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(RoundTrip(R"("\ud83d\ud83d\ude00")"), "\"\xEF\xBF\xBD\xF0\x9F\x98\x80\"");
  EXPECT_EQ(RoundTrip(R"("\ud83d\n")"), "\"\xEF\xBF\xBD\\n\"");
  EXPECT_EQ(RoundTrip(R"({"\udc00":1})"), "{\"\xEF\xBF\xBD\":1}");
}

TEST(Parse, ValidEscapesAreUntouched) {
  EXPECT_EQ(RoundTrip(R"("\ud83d\ude00")"), "\"\xF0\x9F\x98\x80\"");
  EXPECT_EQ(RoundTrip(R"("\\ud83d")"), R"("\\ud83d")");
  EXPECT_EQ(RoundTrip(R"("\\\\ud83d \" \/ \b\f\n\r\t \u0041")"),
            R"("\\\\ud83d \" / \b\f\n\r\t A")");
  EXPECT_EQ(RoundTrip(R"("\u0000")"), R"("\u0000")");
}

TEST(Parse, TheLastOfDuplicateKeysWinsAndOrderIsKept) {
  EXPECT_EQ(RoundTrip(R"({"z":1,"a":2,"z":3})"), R"({"z":3,"a":2})");
  std::string big = "{";
  for (int i = 0; i < 100; ++i) {
    big += "\"k" + std::to_string(i) + "\":0,";
  }
  EXPECT_EQ(MustParse(big + "\"k7\":7}").at("k7").as_int64(), 7);
}

TEST(Parse, NestingIsLimited) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Parse(nested(128)).has_value());
  EXPECT_FALSE(Parse(nested(129)).has_value());
  EXPECT_FALSE(Parse(nested(1'000'000)).has_value());
  EXPECT_FALSE(Parse(std::string(1'000'000, '[')).has_value());
  EXPECT_TRUE(Parse(nested(4), {.depth_max = 4}).has_value());
  EXPECT_FALSE(Parse(nested(5), {.depth_max = 4}).has_value());
}

TEST(Parse, BytesAreLimited) {
  EXPECT_TRUE(Parse("[1]", {.bytes_max = 3}).has_value());
  EXPECT_FALSE(Parse("[1] ", {.bytes_max = 3}).has_value());
}

TEST(Parse, IntegersBeyondTheirTypesBecomeDoubles) {
  EXPECT_EQ(MustParse("9223372036854775807").as_int64(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(MustParse("-9223372036854775808").as_int64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(MustParse("18446744073709551615").as_uint64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(MustParse("18446744073709551616").as_double(), 0x1p64);
  EXPECT_EQ(MustParse("-9223372036854775809").as_double(), -0x1p63);
  EXPECT_EQ(MustParse("1e-400").as_double(), 0);
}

TEST(Parse, FractionsAreConvertedExactly) {
  uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = base::SplitMix64(state);
    std::string text = std::to_string(state % 1000) + "." + std::to_string(state >> (state % 50));
    if (i % 3 == 0) {
      text += "e" + std::to_string(static_cast<int>(state % 600) - 300);
    }
    EXPECT_EQ(MustParse("[" + text + "]").at(0).as_double(), std::strtod(text.c_str(), nullptr))
        << text;
  }
}

TEST(Serialize, WritesCompactTextThatReadsBackTheSame) {
  EXPECT_EQ(RoundTrip(R"( {"a" : [1, -2, 0.5, 1.0, 1e100, true, null, "x"], "b" : {}} )"),
            R"({"a":[1,-2,0.5,1.0,1e+100,true,null,"x"],"b":{}})");
  EXPECT_EQ(Serialize(boost::json::value(0.1)), "0.1");
  EXPECT_EQ(Serialize(boost::json::value(-0.0)), "-0.0");
  EXPECT_EQ(Serialize(boost::json::value(std::numeric_limits<double>::infinity())), "null");
}

TEST(AppendQuoted, EscapesOnlyWhatJsonDemands) {
  std::string out;
  AppendQuoted(std::string_view("a\"b\\c\n\x01\x7f/\xE2\x80\xA8\xF0\x9F\x98\x80\0z", 18), out);
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\u0001\x7f/\xE2\x80\xA8\xF0\x9F\x98\x80\\u0000z\"");
}

}  // namespace
}  // namespace millrace::json
