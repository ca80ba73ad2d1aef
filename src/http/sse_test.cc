#include "http/sse.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::http {
namespace {

std::vector<std::string> ReadAll(SseReader& reader) {
  std::vector<std::string> events;
  while (auto event = reader.Next()) {
    events.push_back(*event);
  }
  return events;
}

std::vector<std::string> Read(std::string_view bytes) {
  SseReader reader;
  reader.Add(bytes);
  return ReadAll(reader);
}

TEST(SseWriter, FramesDataAndComments) {
  EXPECT_EQ(SseData("{\"a\":1}"), "data: {\"a\":1}\n\n");
  EXPECT_EQ(SseComment("keep-alive"), ": keep-alive\n\n");
}

TEST(SseReader, ReadsWhatTheWriterWrites) {
  EXPECT_EQ(Read(SseData("one") + SseComment("x") + SseData("[DONE]")),
            (std::vector<std::string>{"one", "[DONE]"}));
}

TEST(SseReader, EveryCutGivesTheSameEvents) {
  const std::string stream =
      "\xEF\xBB\xBF"
      "data: a\r\ndata:b\r\n\r\n: c\n\nevent: x\rdata:  two\r\rid: 1\ndata\n\ndata: z\n\n";
  const std::vector<std::string> expected = {"a\nb", " two", "z"};
  EXPECT_EQ(Read(stream), expected);
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    SseReader reader;
    reader.Add(stream.substr(0, cut));
    std::vector<std::string> events = ReadAll(reader);
    reader.Add(stream.substr(cut));
    for (std::string& event : ReadAll(reader)) {
      events.push_back(std::move(event));
    }
    EXPECT_EQ(events, expected) << cut;
  }
}

TEST(SseReader, AnUnfinishedEventIsNotGiven) {
  EXPECT_TRUE(Read("data: a\n").empty());
  EXPECT_TRUE(Read("data: a").empty());
}

TEST(SseReader, FieldsOtherThanDataAreSkipped) {
  EXPECT_EQ(Read("datax: no\ndata : no\n data: no\ndata: yes\nretry: 5\n\n"),
            std::vector<std::string>{"yes"});
}

TEST(SseReader, StopsAtAnEventOverTheLimit) {
  SseReader one_line(100);
  one_line.Add("data: " + std::string(200, 'x'));
  EXPECT_FALSE(one_line.Next().has_value());
  EXPECT_TRUE(one_line.overflowed());
  SseReader many_lines(100);
  for (int i = 0; i < 30; ++i) {
    many_lines.Add("data: 12345678\n");
    EXPECT_FALSE(many_lines.Next().has_value());
  }
  EXPECT_TRUE(many_lines.overflowed());
}

}  // namespace
}  // namespace millrace::http
