#include "api/authentication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accounts/testing/temporary_directory.h"
#include "api/testing/api_server.h"
#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"

namespace millrace::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class Keys : public ::testing::Test {
 protected:
  Keys()
      : store_(accounts::Store::Open(directory_.path(), &clock_, &random_).value()),
        key_(store_->CreateKey({.name = "test"}).value()),
        server_({}, store_.get()) {
    server_.backend().Play(chat::Script(11).Start().Content("Hi", 2).Finish().End());
  }

  std::string Header(std::string_view scheme = "Bearer ") const {
    return "Authorization: " + std::string(scheme) + key_.secret + "\r\n";
  }
  void ExpectUnauthenticated(const std::string& headers) {
    const http::Response response = server_.ChatWith("", headers);
    EXPECT_EQ(response.status, 401) << headers;
    EXPECT_EQ(response.body, "\"Invalid token\"") << headers;
    EXPECT_EQ(HeaderOf(response, "www-authenticate"), "Bearer") << headers;
    EXPECT_NE(HeaderOf(response, "x-siliconcloud-trace-id"), "") << headers;
  }

  accounts::TemporaryDirectory directory_;
  base::FakeClock clock_;
  base::FakeRandom random_{7};
  std::unique_ptr<accounts::Store> store_;
  accounts::NewKey key_;
  ApiServer server_;
};

TEST_F(Keys, OpenTheServer_C011) {
  EXPECT_EQ(server_.ChatWith("", Header()).status, 200);
  EXPECT_EQ(server_.ChatWith("", "authorization: bearer \t " + key_.secret + " \r\n").status, 200);
}

TEST_F(Keys, AreRequired_C007_C008_C009_C010_C012_C013_C014) {
  ExpectUnauthenticated("");
  ExpectUnauthenticated(Header("Basic "));
  ExpectUnauthenticated(Header(""));
  ExpectUnauthenticated("Authorization: Bearer\r\n");
  ExpectUnauthenticated("Authorization: Bearer \r\n");
  ExpectUnauthenticated("Authorization: Bearer sk-unknown\r\n");
  ExpectUnauthenticated(Header() + Header());
  ExpectUnauthenticated("x-api-key: " + key_.secret + "\r\n");
}

TEST_F(Keys, AreNotNeededToLearnThatAPathIsUnknown_C005) {
  EXPECT_EQ(server_.Send("POST", "/v1/nothing", "").status, 404);
  EXPECT_EQ(server_.Send("GET", "/v1/chat/completions").status, 405);
}

TEST_F(Keys, AreNotNeededForHealthAndPreflight_C042_C045) {
  EXPECT_EQ(server_.Send("GET", "/healthz").status, 200);
  EXPECT_EQ(server_.Send("OPTIONS", "/v1/chat/completions").status, 204);
}

TEST_F(Keys, AreNeededForTheList_C046) {
  EXPECT_EQ(server_.Send("GET", "/v1/models").status, 401);
  EXPECT_EQ(server_.Send("GET", "/v1/models", "", Header()).status, 200);
  EXPECT_THAT(server_.Send("GET", "/v1/user/info", "", Header()).body,
              HasSubstr("\"id\":\"default\""));
}

TEST_F(Keys, AreForbiddenOnceRevoked_C015) {
  ASSERT_TRUE(store_->RevokeKey(key_.info.key_id).has_value());
  const http::Response response = server_.ChatWith("", Header());
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "\"Forbidden\"");
}

TEST_F(Keys, AreAskedForBeforeTheBody_C030_C032) {
  const std::string large = "Content-Length: 99999999999\r\n";
  http::RawClient client = server_.Connect();
  client.Send("POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n" + large +
              "\r\n");
  EXPECT_EQ(client.ReadResponse().status, 401);
  http::RawClient known = server_.Connect();
  known.Send("POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n" +
             Header() + large + "\r\n");
  EXPECT_EQ(known.ReadResponse().status, 413);
}

TEST_F(Keys, GiveARequestItsTenant) {
  server_.ChatWith("", Header());
  EXPECT_EQ(server_.backend().last_request()->tenant, "default");
}

TEST_F(Keys, AppearInNoBodyAndNoLog_C277) {
  const http::Response response = server_.ChatWith("\"n\":0", Header());
  EXPECT_THAT(response.body, Not(HasSubstr(key_.secret)));
  const auto logs = server_.WaitForLogs(1);
  ASSERT_THAT(logs, SizeIs(1));
  EXPECT_EQ(logs[0].key_id, key_.info.key_id);
  EXPECT_EQ(logs[0].account_id, "default");
}

TEST_F(Keys, AreBookedOnceForEachAcceptedRequest) {
  server_.ChatWith("", Header());
  server_.ChatWith("\"stream\":true", Header());
  server_.ChatWith("\"n\":0", Header());
  server_.ChatWith("", "");
  server_.WaitForLogs(4);
  ASSERT_TRUE(store_->Flush().has_value());
  const auto totals = store_->SumUsage({}).value();
  ASSERT_THAT(totals, SizeIs(1));
  EXPECT_EQ(totals[0].key_id, key_.info.key_id);
  EXPECT_EQ(totals[0].model, "M");
  EXPECT_EQ(totals[0].requests, 2);
  EXPECT_EQ(totals[0].prompt_tokens, 22);
  EXPECT_EQ(totals[0].completion_tokens, 4);
}

}  // namespace
}  // namespace millrace::api
