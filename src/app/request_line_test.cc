#include "app/request_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace millrace::app {
namespace {

using testing::HasSubstr;
using testing::Not;

api::RequestLog Served() {
  api::RequestLog log;
  log.trace_id = "t1";
  log.method = "POST";
  log.route = "chat";
  log.remote_address = "127.0.0.1";
  log.account_id = "team";
  log.key_id = "k1";
  log.model = "Org/M";
  log.status = 200;
  log.stream = true;
  log.thinking = true;
  log.effort = chat::ReasoningEffort::kMax;
  log.usage = {
      .prompt_tokens = 9, .completion_tokens = 7, .reasoning_tokens = 3, .cached_tokens = 1};
  log.finish_reasons = {chat::FinishReason::kStop};
  log.queue_millis = 5;
  log.first_token_millis = 12;
  log.duration_millis = 34;
  return log;
}

TEST(RequestLine, TellsWhatTheRequestWasAndCost) {
  EXPECT_EQ(RequestLine(Served()),
            "POST chat 200 34 ms model=Org/M stream=true thinking=true effort=max prompt=9 "
            "cached=1 completion=7 reasoning=3 queue=5ms first_token=12ms finish=stop account=team "
            "key=k1 "
            "from=127.0.0.1 trace=t1");
}

TEST(RequestLine, SaysNothingOfWhatARefusedRequestDidNotReach) {
  api::RequestLog log;
  log.method = "POST";
  log.route = "chat";
  log.status = 400;
  log.code = 20012;
  const std::string line = RequestLine(log);
  EXPECT_THAT(line, HasSubstr("POST chat 400 0 ms code=20012 from="));
  for (const char* absent : {"model=", "key=", "effort=", "prompt=", "limit="}) {
    EXPECT_THAT(line, Not(HasSubstr(absent)));
  }
}

TEST(RequestJson, HasTheSameFields) {
  const boost::json::value line = boost::json::parse(RequestJson(Served(), 1700000000123));
  EXPECT_EQ(line.at("time").as_int64(), 1700000000123);
  EXPECT_EQ(line.at("event").as_string(), "request");
  EXPECT_EQ(line.at("trace").as_string(), "t1");
  EXPECT_EQ(line.at("model").as_string(), "Org/M");
  EXPECT_EQ(line.at("effort").as_string(), "max");
  EXPECT_EQ(line.at("thinking").as_bool(), true);
  EXPECT_EQ(line.at("reasoning_tokens").as_int64(), 3);
  EXPECT_EQ(line.at("queue_ms").as_int64(), 5);
  EXPECT_EQ(line.at("first_token_ms").as_int64(), 12);
  EXPECT_EQ(line.at("ms").as_int64(), 34);
  EXPECT_EQ(line.at("account").as_string(), "team");
  EXPECT_EQ(line.at("finish").at(0).as_string(), "stop");
}

}  // namespace
}  // namespace millrace::app
