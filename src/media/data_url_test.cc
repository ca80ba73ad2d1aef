#include "media/data_url.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

constexpr size_t kPlenty = 1000;

std::string Decoded(std::string_view url) {
  const auto bytes = DecodeDataUrl(url, kPlenty);
  if (!bytes.has_value()) {
    return bytes.error() == Base64Problem::kMalformed ? "<malformed>" : "<too large>";
  }
  return *bytes;
}

TEST(DecodeDataUrl, TakesTheFormsThatClientsWrite) {
  for (const std::string_view url :
       {"data:image/png;base64,aGVsbG8=", "data:;base64,aGVsbG8=", "DATA:image/png;BASE64,aGVsbG8=",
        "data:image/png;charset=x;name=a.png;base64,aGVsbG8=", "data:nonsense;base64,aGVsbG8="}) {
    EXPECT_EQ(Decoded(url), "hello") << url;
  }
}

TEST(DecodeDataUrl, RefusesWhatDoesNotSayThatItIsBase64) {
  for (const std::string_view url :
       {"data:", "data:,hello",
        "data:base64,aGVsbG8=", "data:image/png,aGVsbG8=", "data:image/png;base64",
        "data:image/png;base64=,aGVsbG8=", "aGVsbG8=", ";base64,aGVsbG8="}) {
    EXPECT_EQ(Decoded(url), "<malformed>") << url;
  }
}

TEST(DecodeDataUrl, KnowsItsScheme) {
  EXPECT_TRUE(IsDataUrl("data:"));
  EXPECT_TRUE(IsDataUrl("DaTa:x"));
  EXPECT_FALSE(IsDataUrl("data"));
  EXPECT_FALSE(IsDataUrl(" data:"));
  EXPECT_FALSE(IsDataUrl("http://data:"));
}

std::string Payload(std::string_view text) { return Decoded("data:;base64," + std::string(text)); }

TEST(DecodeBase64, HasTheVectorsOfTheSpecification) {
  EXPECT_EQ(Payload(""), "");
  EXPECT_EQ(Payload("Zg=="), "f");
  EXPECT_EQ(Payload("Zm8="), "fo");
  EXPECT_EQ(Payload("Zm9v"), "foo");
  EXPECT_EQ(Payload("Zm9vYg=="), "foob");
  EXPECT_EQ(Payload("Zm9vYmE="), "fooba");
  EXPECT_EQ(Payload("Zm9vYmFy"), "foobar");
}

TEST(DecodeBase64, ToleratesMissingPaddingAndWhiteSpace) {
  EXPECT_EQ(Payload("Zg"), "f");
  EXPECT_EQ(Payload("Zg="), "f");
  EXPECT_EQ(Payload("Zm8"), "fo");
  EXPECT_EQ(Payload(" Zm\r\n9v\tYg = =\n"), "foob");
}

TEST(DecodeBase64, ReadsBothAlphabets) {
  EXPECT_EQ(Payload("-_-_"), Payload("+/+/"));
  EXPECT_EQ(Payload("+_-/"), Payload("+/+/"));
  EXPECT_EQ(Payload("+/+/"), "\xFB\xFF\xBF");
}

TEST(DecodeBase64, RefusesTheRest) {
  for (const std::string_view text : {"Z", "Zm9vY", "Zg===", "Zm9v=", "=", "Zg==Zg==", "Zm9v*",
                                      "Zm9v\x80", "Zm%3D", "Zm9v,", "Zg=a"}) {
    EXPECT_EQ(Payload(text), "<malformed>") << text;
  }
  EXPECT_EQ(Payload(std::string_view("Zm9v\0", 5)), "<malformed>");
}

TEST(DecodeBase64, HoldsTheLimitToTheByte) {
  EXPECT_TRUE(DecodeBase64("Zm9v", 3).has_value());
  EXPECT_EQ(DecodeBase64("Zm9v", 2).error(), Base64Problem::kTooLarge);
  EXPECT_TRUE(DecodeBase64("Zm8=", 2).has_value());
  EXPECT_EQ(DecodeBase64("Z m 8 =", 1).error(), Base64Problem::kTooLarge);
  EXPECT_EQ(DecodeBase64("Zm9*", 1).error(), Base64Problem::kMalformed);
}

}  // namespace
}  // namespace millrace::media
