#include "app/chat_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::app {
namespace {

using ::testing::ElementsAre;

TEST(ErrorText, UnderstandsEveryFormOfErrorBody) {
  EXPECT_EQ(ErrorText(R"("Invalid token")"), "Invalid token");
  EXPECT_EQ(ErrorText(R"({"code":20012,"message":"no such model","data":null})"), "no such model");
  EXPECT_EQ(ErrorText(R"({"error":{"message":"bad","type":"t"}})"), "bad");
  EXPECT_EQ(ErrorText(R"({"error":"bad"})"), "bad");
  EXPECT_EQ(ErrorText("404 page not found\nmore"), "404 page not found");
  EXPECT_EQ(ErrorText("[1]"), "");
  EXPECT_EQ(ErrorText(""), "");
}

TEST(ModelIds, ReadsTheListOrNothing) {
  EXPECT_THAT(*ModelIds(R"({"data":[{"id":"a"},{"id":"b","object":"model"}]})"),
              ElementsAre("a", "b"));
  EXPECT_EQ(ModelIds(R"({"data":[{"name":"a"}]})"), std::nullopt);
  EXPECT_EQ(ModelIds(R"({"models":[]})"), std::nullopt);
  EXPECT_EQ(ModelIds("<html>"), std::nullopt);
}

TEST(ReplyReader, ReadsPiecesHoweverTheBytesAreCut) {
  const std::string stream =
      "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"reasoning_content\":\"r\"}}]}\n\n"
      ": ping\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":\"é\"},\"finish_reason\":null}]}\n\n"
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
      "data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";
  for (size_t size = 1; size <= stream.size(); ++size) {
    ReplyReader reader;
    std::string reasoning;
    std::string content;
    for (size_t begin = 0; begin < stream.size(); begin += size) {
      for (const ReplyPiece& piece : reader.Add(stream.substr(begin, size))) {
        reasoning += piece.reasoning;
        content += piece.content;
      }
    }
    EXPECT_EQ(reasoning, "r");
    EXPECT_EQ(content, "é");
    EXPECT_EQ(reader.finish_reason(), "stop");
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.error(), std::nullopt);
  }
}

TEST(ReplyReader, ReportsEventsThatAreNotJson) {
  ReplyReader reader;
  EXPECT_TRUE(reader.Add("data: <html>\n\n").empty());
  EXPECT_TRUE(reader.error().has_value());
}

TEST(ReplyReader, KeepsTheBodyOfAnErrorWithinABound) {
  ReplyReader reader;
  for (int i = 0; i < 100; ++i) {
    reader.Add(std::string(10'000, 'x'));
  }
  EXPECT_EQ(reader.raw().size(), 64u << 10);
}

}  // namespace
}  // namespace millrace::app
