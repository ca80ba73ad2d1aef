#include "api/media_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "api/testing/api_server.h"
#include "chat/image.h"

namespace millrace::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A white picture of one pixel.
constexpr std::string_view kGif =
    "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==";

class MediaParts : public ::testing::Test {
 protected:
  MediaParts() { server_.vision().Play(chat::Script(10).Start().Content("White").Finish().End()); }

  http::Response AskAbout(std::string_view url, int count = 1, std::string_view more = "") {
    std::string parts = R"({"type":"text","text":"What is this?"})";
    for (int i = 0; i < count; ++i) {
      parts += R"(,{"type":"image_url","image_url":{"url":")" + std::string(url) + R"("}})";
    }
    return server_.Chat(R"({"model":"V","messages":[{"role":"user","content":[)" + parts + "]}]" +
                        std::string(more) + "}");
  }
  void ExpectRefusal(const http::Response& response, int status, std::string_view code) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_THAT(response.body, StartsWith("{\"code\":" + std::string(code) + ","));
  }

  ApiServer server_;
};

TEST_F(MediaParts, AreLoadedBeforeTheBackendSeesThem_C200) {
  EXPECT_EQ(AskAbout(kGif).status, 200);
  const auto request = server_.vision().last_request();
  ASSERT_TRUE(request.has_value());
  const chat::Message& message = request->messages.front();
  EXPECT_EQ(message.content, "What is this?");
  ASSERT_EQ(message.parts.size(), 2U);
  const auto& image = std::get<chat::MediaPart>(message.parts[1]).image;
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->width, 1);
  EXPECT_EQ(image->rgb, (std::vector<uint8_t>{255, 255, 255}));
}

TEST_F(MediaParts, MustBeURLsOfAKnownKind_C208) {
  for (const char* url : {"ftp://example.com/a.png", "file:///etc/passwd", "iVBORw0KGgo="}) {
    ExpectRefusal(AskAbout(url), 400, "20038");
  }
}

TEST_F(MediaParts, MustBeBase64AndPictures_C207) {
  ExpectRefusal(AskAbout("data:image/png;base64,%%%%"), 400, "20023");
  const http::Response response = AskAbout("data:image/png;base64,aGVsbG8=");
  EXPECT_EQ(response.body,
            R"({"code":20015,"message":"image_url provided is not a valid image.","data":null})");
}

TEST_F(MediaParts, AreCounted_C212) {
  const http::Response response = AskAbout(kGif, 3);
  ExpectRefusal(response, 400, "20015");
  EXPECT_THAT(response.body, HasSubstr("messages: List should have at most 2 items"));
}

TEST_F(MediaParts, AreNotFetchedFromPrivatePlaces_C209) {
  ExpectRefusal(AskAbout("http://10.0.0.1/a.png"), 400, "20038");
  ExpectRefusal(AskAbout("http://169.254.169.254/latest/meta-data"), 400, "20038");
}

TEST_F(MediaParts, AreCheckedAfterEveryField) {
  const http::Response response = AskAbout("ftp://x/", 1, R"(,"temperature":9)");
  EXPECT_THAT(response.body, HasSubstr("temperature"));
}

TEST_F(MediaParts, AreNotHeldUpByThoseThatAreFetched) {
  std::latch released(1);
  server_.remote_media_worker().Post("", [&released] { released.wait(); });
  http::RawClient slow = server_.Connect();
  const std::string body = R"({"model":"V","messages":[{"role":"user","content":[)"
                           R"({"type":"image_url","image_url":{"url":"http://10.0.0.1/"}}]}]})";
  slow.Send(ApiServer::RequestText("POST", "/v1/chat/completions", body));
  EXPECT_EQ(AskAbout(kGif).status, 200);
  released.count_down();
  EXPECT_EQ(slow.ReadResponse().status, 400);
}

TEST_F(MediaParts, AreNotLoadedForAnAccountOverItsLimit) {
  ApiSettings settings;
  settings.limits.defaults = {.rpm = 1};
  server_.settings().Replace(std::move(settings));
  EXPECT_EQ(AskAbout(kGif).status, 200);
  EXPECT_EQ(AskAbout("ftp://x/").status, 429);
}

}  // namespace
}  // namespace millrace::api
