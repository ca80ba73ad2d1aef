#include "json/field_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace millrace::json {
namespace {

class FieldReaderTest : public testing::Test {
 protected:
  FieldReader Read(std::string_view text, std::string path = {}) {
    document_ = *Parse(text);
    return FieldReader(document_.as_object(), std::move(path));
  }

 private:
  boost::json::value document_;
};

template <typename T>
std::string MessageOf(const base::Result<T>& result) {
  return result.has_value() ? "accepted" : result.error().message;
}

TEST_F(FieldReaderTest, AbsentIsMissingOrNull) {
  const FieldReader reader = Read(R"({"a":null})");
  EXPECT_EQ(*reader.OptionalString("a"), std::nullopt);
  EXPECT_EQ(*reader.OptionalInteger("b"), std::nullopt);
  EXPECT_EQ(*reader.OptionalNumber("b"), std::nullopt);
  EXPECT_EQ(*reader.OptionalBool("a"), std::nullopt);
  EXPECT_EQ(*reader.OptionalArray("a"), nullptr);
  EXPECT_EQ(*reader.OptionalObject("b"), nullptr);
  EXPECT_EQ(MessageOf(reader.RequiredString("a")), "a: Field required");
  EXPECT_EQ(MessageOf(reader.RequiredValue("b")), "b: Field required");
}

TEST_F(FieldReaderTest, ErrorsCarryThePathAsParameter) {
  const FieldReader reader = Read(R"({"url":5})", "messages.0.content.1.image_url");
  const auto result = reader.RequiredString("url");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, base::ErrorKind::kInvalidArgument);
  EXPECT_EQ(result.error().parameter, "messages.0.content.1.image_url.url");
  EXPECT_EQ(result.error().message,
            "messages.0.content.1.image_url.url: Input should be a valid string");
}

TEST_F(FieldReaderTest, EachTypeIsNamed) {
  const FieldReader reader = Read(R"({"a":{},"s":"1","n":1})");
  EXPECT_EQ(MessageOf(reader.OptionalInteger("s")), "s: Input should be a valid integer");
  EXPECT_EQ(MessageOf(reader.OptionalNumber("s")), "s: Input should be a valid number");
  EXPECT_EQ(MessageOf(reader.OptionalBool("n")), "n: Input should be a valid boolean");
  EXPECT_EQ(MessageOf(reader.OptionalArray("a")), "a: Input should be a valid list");
  EXPECT_EQ(MessageOf(reader.OptionalObject("n")), "n: Input should be a valid dictionary");
}

TEST_F(FieldReaderTest, IntegersMayBeWrittenWithZeroFraction) {
  const FieldReader reader = Read(R"({"a":100.0,"b":1e2,"c":10.5,"d":1e30,"e":-0.0,"f":true})");
  EXPECT_EQ(*reader.RequiredInteger("a"), 100);
  EXPECT_EQ(*reader.RequiredInteger("b"), 100);
  EXPECT_EQ(MessageOf(reader.RequiredInteger("c")), "c: Input should be a valid integer");
  EXPECT_EQ(MessageOf(reader.RequiredInteger("d", {.max = 20})),
            "d: Must be less than or equal to 20");
  EXPECT_EQ(MessageOf(reader.RequiredInteger("d")),
            "d: Must be less than or equal to 9223372036854775807");
  EXPECT_EQ(*reader.RequiredInteger("e"), 0);
  EXPECT_EQ(MessageOf(reader.RequiredInteger("f")), "f: Input should be a valid integer");
}

TEST_F(FieldReaderTest, IntegersOutsideInt64AreOutOfRange) {
  const FieldReader reader =
      Read(R"({"a":18446744073709551615,"b":-9223372036854775809,"c":-1e300})");
  EXPECT_EQ(MessageOf(reader.RequiredInteger("a")),
            "a: Must be less than or equal to 9223372036854775807");
  EXPECT_EQ(*reader.RequiredInteger("b"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(MessageOf(reader.RequiredInteger("c", {.min = 1})),
            "c: Must be greater than or equal to 1");
}

TEST_F(FieldReaderTest, RangesIncludeTheirEnds) {
  const FieldReader reader = Read(R"({"n":128,"t":2,"z":0,"h":2.5})");
  EXPECT_EQ(*reader.RequiredInteger("n", {.min = 128, .max = 128}), 128);
  EXPECT_EQ(MessageOf(reader.RequiredInteger("n", {.min = 129})),
            "n: Must be greater than or equal to 129");
  EXPECT_EQ(*reader.RequiredNumber("t", {.min = 0, .max = 2}), 2);
  EXPECT_EQ(MessageOf(reader.RequiredNumber("h", {.min = 0, .max = 2})),
            "h: Must be less than or equal to 2");
  EXPECT_EQ(MessageOf(reader.RequiredNumber("z", {.min = 0.5})),
            "z: Must be greater than or equal to 0.5");
  EXPECT_EQ(MessageOf(reader.RequiredNumber("z", {.max = 2, .above = 0})),
            "z: Must be greater than 0");
}

TEST_F(FieldReaderTest, EnumsListWhatIsAllowed) {
  static constexpr std::array<std::string_view, 3> kDetail = {"auto", "low", "high"};
  static constexpr std::array<std::string_view, 1> kOne = {"function"};
  static constexpr std::array<std::string_view, 2> kTwo = {"a", "b"};
  const FieldReader reader = Read(R"({"d":"medium","ok":"low","n":1})");
  EXPECT_EQ(MessageOf(reader.OptionalEnum("d", kDetail)),
            "d: Input should be 'auto', 'low' or 'high'");
  EXPECT_EQ(MessageOf(reader.OptionalEnum("d", kTwo)), "d: Input should be 'a' or 'b'");
  EXPECT_EQ(MessageOf(reader.RequiredEnum("d", kOne)), "d: Input should be 'function'");
  EXPECT_EQ(MessageOf(reader.OptionalEnum("n", kOne)), "n: Input should be a valid string");
  EXPECT_EQ(**reader.OptionalEnum("ok", kDetail), "low");
}

TEST_F(FieldReaderTest, ListsAreCounted) {
  const FieldReader reader = Read(R"({"empty":[],"five":[1,2,3,4,5]})");
  EXPECT_EQ(MessageOf(reader.RequiredArray("empty", {.min = 1})),
            "empty: List should have at least 1 item after validation, not 0");
  EXPECT_EQ(MessageOf(reader.RequiredArray("five", {.max = 4})),
            "five: List should have at most 4 items after validation, not 5");
  EXPECT_EQ((*reader.RequiredArray("five", {.min = 5, .max = 5}))->size(), 5U);
}

TEST_F(FieldReaderTest, StringsAreBoundedInCharactersOrBytes) {
  const FieldReader reader = Read(R"({"s":"äöü😀"})");
  EXPECT_EQ(*reader.RequiredString("s", {.characters_max = 4, .bytes_max = 10}), "äöü😀");
  EXPECT_EQ(MessageOf(reader.RequiredString("s", {.characters_max = 3})),
            "s: String should have at most 3 characters");
  EXPECT_EQ(MessageOf(reader.RequiredString("s", {.bytes_max = 9})),
            "s: String should have at most 9 bytes");
}

TEST(Problems, PathsJoinWithDotsAndAnEmptyPathIsLeftOut) {
  EXPECT_EQ(JoinPath(JoinPath("", "tools"), size_t{3}), "tools.3");
  EXPECT_EQ(PatternMismatch("tools.3.function.name", "^[a-z]+$").message,
            "tools.3.function.name: String should match pattern '^[a-z]+$'");
  EXPECT_EQ(WrongType("stop", "string or list").message,
            "stop: Input should be a valid string or list");
  EXPECT_EQ(MissingField("").message, "Field required");
}

}  // namespace
}  // namespace millrace::json
