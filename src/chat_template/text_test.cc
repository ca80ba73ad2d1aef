#include "chat_template/text.h"

#include <gtest/gtest.h>

#include <utility>

namespace millrace::chat_template {
namespace {

std::vector<std::pair<std::string, bool>> Runs(const Text& text) {
  std::vector<std::pair<std::string, bool>> runs;
  text.ForEachRun([&](std::string_view bytes, Origin origin) {
    runs.emplace_back(bytes, origin == Origin::kTemplate);
  });
  return runs;
}

using Expected = std::vector<std::pair<std::string, bool>>;

Text Mixed() {
  Text text("<a>", Origin::kTemplate);
  text.Append("data", Origin::kData);
  text.Append("</a>", Origin::kTemplate);
  return text;
}

TEST(Text, NeighboursOfOneOriginBecomeOneRun) {
  Text text("a", Origin::kData);
  text.Append("b", Origin::kData);
  text.Append("", Origin::kTemplate);
  text.Append("c", Origin::kData);
  EXPECT_EQ(Runs(text), (Expected{{"abc", false}}));
  EXPECT_TRUE(text.uniform());
}

TEST(Text, AppendKeepsOriginsAcrossTheSeam) {
  Text text = Mixed();
  text.Append(Mixed());
  EXPECT_EQ(
      Runs(text),
      (Expected{
          {"<a>", true}, {"data", false}, {"</a><a>", true}, {"data", false}, {"</a>", true}}));
}

TEST(Text, CanBeAppendedToItself) {
  Text text = Mixed();
  text.Append(text);
  EXPECT_EQ(text.bytes(), "<a>data</a><a>data</a>");
}

TEST(Text, SliceKeepsOriginsAtEveryCut) {
  Text text = Mixed();
  for (size_t begin = 0; begin <= text.size(); ++begin) {
    for (size_t end = begin; end <= text.size(); ++end) {
      Text slice = text.Slice(begin, end);
      ASSERT_EQ(slice.bytes(), text.bytes().substr(begin, end - begin));
      for (size_t i = 0; i < slice.size(); ++i) {
        ASSERT_EQ(slice.OriginAt(i), text.OriginAt(begin + i)) << begin << " " << end << " " << i;
      }
    }
  }
}

TEST(Text, AnEmptyTextTakesTheOriginOfWhatComes) {
  Text text("", Origin::kTemplate);
  text.Append("x", Origin::kData);
  EXPECT_EQ(Runs(text), (Expected{{"x", false}}));
}

TEST(Text, MapRunsMapsEachRun) {
  Text text = Mixed().MapRuns([](std::string_view run) { return std::string(run) + "!"; });
  EXPECT_EQ(Runs(text), (Expected{{"<a>!", true}, {"data!", false}, {"</a>!", true}}));
}

}  // namespace
}  // namespace millrace::chat_template
