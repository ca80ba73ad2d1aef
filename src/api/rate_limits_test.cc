#include "api/rate_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accounts/testing/temporary_directory.h"
#include "api/testing/api_server.h"

namespace millrace::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RateLimits : public ::testing::Test {
 protected:
  RateLimits() { server_.backend().Play(chat::Script(10).Start().Content("Hi", 5).Finish().End()); }

  void Limit(accounts::LimitSettings limits) {
    ApiSettings settings;
    settings.limits.defaults = limits;
    server_.settings().Replace(std::move(settings));
  }

  ApiServer server_;
};

TEST_F(RateLimits, RefuseTheRequestAfterTheLast_C263_C264) {
  Limit({.rpm = 2});
  EXPECT_EQ(server_.ChatWith("").status, 200);
  EXPECT_EQ(server_.ChatWith("").status, 200);
  const http::Response refused = server_.ChatWith("");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body,
            R"({"message":"Request was rejected due to rate limiting. If you want more, please )"
            R"(contact contact@siliconflow.cn. Details:RPM limit reached.","data":null})");
  EXPECT_EQ(HeaderOf(refused, "retry-after"), "60");
  EXPECT_EQ(HeaderOf(refused, "x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(HeaderOf(refused, "x-ratelimit-remaining-requests"), "0");
  server_.clock().Advance(std::chrono::seconds(61));
  EXPECT_EQ(server_.ChatWith("").status, 200);
}

TEST_F(RateLimits, ShowWhatIsLeftOnEveryAnswer_C274) {
  Limit({.rpm = 10, .tpm = 1000});
  const http::Response whole = server_.ChatWith(R"("max_tokens":20)");
  EXPECT_EQ(HeaderOf(whole, "x-ratelimit-remaining-requests"), "9");
  EXPECT_EQ(HeaderOf(whole, "x-ratelimit-limit-tokens"), "1000");
  EXPECT_EQ(HeaderOf(whole, "x-ratelimit-remaining-tokens"), "970");
  const http::Response streamed = server_.ChatWith(R"("stream":true,"max_tokens":20)");
  EXPECT_EQ(HeaderOf(streamed, "x-ratelimit-remaining-requests"), "8");
  Limit({});
  EXPECT_EQ(HeaderOf(server_.ChatWith(""), "x-ratelimit-limit-requests"), "");
}

TEST_F(RateLimits, CountWhatWasGeneratedNotWhatWasReserved_C265_C266) {
  Limit({.tpm = 100});
  EXPECT_EQ(server_.ChatWith(R"("max_tokens":80)").status, 200);  // costs 15 of its 90
  server_.WaitForLogs(1);
  const http::Response fits = server_.ChatWith(R"("max_tokens":70)");
  EXPECT_EQ(fits.status, 200);
  server_.WaitForLogs(2);
  const http::Response refused = server_.ChatWith(R"("max_tokens":70)");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("Details:TPM limit reached."));
}

TEST_F(RateLimits, CostNothingForRequestsThatNeverRan_C269_C275_C276) {
  Limit({.rpm = 1});
  EXPECT_EQ(server_.ChatWith(R"("temperature":9)").status, 400);
  server_.backend().FailStart({base::ErrorKind::kResourceExhausted, "queue full"});
  EXPECT_EQ(server_.ChatWith("").status, 503);
  server_.backend().Play(chat::Script(10).Start().Content("Hi", 5).Finish().End());
  EXPECT_EQ(server_.ChatWith("").status, 200);
  EXPECT_EQ(server_.ChatWith(R"("temperature":9)").status, 400);  // before the limit is asked
  server_.backend().FailStart({base::ErrorKind::kResourceExhausted, "queue full"});
  EXPECT_EQ(server_.ChatWith("").status, 429);  // the limit is asked before the queue
}

TEST_F(RateLimits, SeveralChoicesAreOneRequest_C271) {
  Limit({.rpm = 2});
  server_.backend().Play(chat::Script(10).Start(0).Start(1).Finish({}, 0).Finish({}, 1).End());
  EXPECT_EQ(HeaderOf(server_.ChatWith(R"("n":2)"), "x-ratelimit-remaining-requests"), "1");
}

TEST_F(RateLimits, SpeakOfTheOperatorsContactAndInBothEnvelopes) {
  ApiSettings settings;
  settings.limits.defaults = {.rpm = 1};
  settings.options.rate_limit_contact = "";
  settings.options.error_envelope = ErrorEnvelope::kBoth;
  server_.settings().Replace(std::move(settings));
  EXPECT_EQ(server_.ChatWith("").status, 200);
  EXPECT_EQ(server_.ChatWith("").body,
            R"({"message":"Request was rejected due to rate limiting. Details:RPM limit reached.",)"
            R"("data":null,"error":{"message":"Request was rejected due to rate limiting. )"
            R"(Details:RPM limit reached.","type":"rate_limit_error","param":null,"code":null}})");
}

TEST_F(RateLimits, OfRunningRequestsAreOverload) {
  Limit({.running = 1});
  server_.backend().Play(chat::Script(10).Start().Content("Hi", 5).Pause().Finish().End());
  http::RawClient first = server_.Connect();
  first.Send(
      ApiServer::RequestText("POST", "/v1/chat/completions", ApiServer::Body(R"("stream":true)")));
  first.ReadUntil("Hi");
  const http::Response refused = server_.ChatWith("");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, StartsWith(R"({"code":50505,)"));
  EXPECT_NE(HeaderOf(refused, "retry-after"), "");
  server_.backend().Release();
  server_.WaitForLogs(2);
  EXPECT_EQ(server_.ChatWith("").status, 200);
}

TEST_F(RateLimits, AreForgottenByNobodyWhoIsReloaded) {
  Limit({.rpm = 5});
  EXPECT_EQ(server_.ChatWith("").status, 200);
  Limit({.rpm = 1});
  EXPECT_EQ(server_.ChatWith("").status, 429);
}

}  // namespace
}  // namespace millrace::api
