#include "app/chat_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <csignal>
#include <functional>
#include <sstream>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "http/sse.h"
#include "http/testing/server_thread.h"
#include "json/json.h"

namespace millrace::app {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;

std::string ContentEvent(std::string_view content) {
  return http::SseData(json::Serialize(boost::json::object{
      {"choices", boost::json::array{boost::json::object{
                      {"delta", boost::json::object{{"content", content}}}}}}}));
}

std::string ReasoningEvent(std::string_view reasoning) {
  return http::SseData(json::Serialize(boost::json::object{
      {"choices", boost::json::array{boost::json::object{
                      {"delta", boost::json::object{{"content", nullptr},
                                                    {"reasoning_content", reasoning}}}}}}}));
}

std::string FinishEvent(std::string_view reason) {
  return http::SseData(json::Serialize(boost::json::object{
      {"choices", boost::json::array{boost::json::object{{"delta", boost::json::object{}},
                                                         {"finish_reason", reason}}}}}));
}

const std::string kDone = FinishEvent("stop") + http::SseData("[DONE]");

// Answers the first question with the first script, and so on.
class ScriptedServer final : public http::Handler {
 public:
  struct Answer {
    int status = 200;
    std::vector<std::string> chunks = {};
    bool interrupts = false;  // sends SIGINT to the program and waits until the client is gone
  };

  std::vector<Answer> answers;
  http::Response models = {.status = 200,
                           .body = R"({"object":"list","data":[{"id":"tiny"},{"id":"other"}]})"};
  std::vector<http::Request> questions;

  http::HeadDecision OnHead(const http::RequestHead&) override { return http::AcceptBody{1 << 20}; }
  http::Response OnProtocolError(http::ProtocolError, const http::RequestHead*) override {
    return {.status = 400};
  }
  asio::awaitable<void> Handle(http::Request request, http::ResponseWriter& writer) override {
    if (request.head.path == "/v1/models") {
      co_await writer.Send(models);
      co_return;
    }
    const Answer answer = answers.at(questions.size());
    questions.push_back(std::move(request));
    http::HeaderList headers;
    headers.emplace_back("Content-Type", "text/event-stream");
    co_await writer.StartStream(answer.status, std::move(headers));
    for (const std::string& chunk : answer.chunks) {
      co_await writer.WriteChunk(chunk);
    }
    if (answer.interrupts) {
      std::raise(SIGINT);
      co_await ClientGone(writer);
      co_return;
    }
    co_await writer.FinishStream();
  }

 private:
  static asio::awaitable<void> ClientGone(http::ResponseWriter& writer) {
    asio::steady_timer gone(co_await asio::this_coro::executor,
                            asio::steady_timer::time_point::max());
    writer.NotifyWhenGone([&gone] { gone.cancel(); });
    boost::system::error_code ignored;
    if (!writer.client_gone()) {
      co_await gone.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }
};

struct Session {
  int status = 0;
  std::string out;
  std::string err;
};

class ChatClientTest : public ::testing::Test {
 protected:
  ChatClientTest() : thread_(&server_) {
    options_.url = "http://127.0.0.1:" + std::to_string(thread_.port()) + "/v1/";
    options_.terminal = TerminalUse::kNever;
  }

  Session Run(std::istream& in) {
    std::ostringstream out;
    std::ostringstream err;
    Session session;
    session.status = RunChatClient(options_, in, out, err);
    session.out = out.str();
    session.err = err.str();
    return session;
  }
  Session Run(const std::string& input) {
    std::istringstream in(input);
    return Run(in);
  }

  // The body of question `index`.
  boost::json::object Question(size_t index) {
    return json::Parse(server_.questions.at(index).body)->as_object();
  }
  std::string Messages(size_t index) { return json::Serialize(Question(index).at("messages")); }

  ScriptedServer server_;
  http::ServerThread thread_;
  ChatClientOptions options_;
};

TEST_F(ChatClientTest, StreamsTheAnswerOfTheServersFirstModel) {
  server_.answers = {{.chunks = {ContentEvent("Hel"), ContentEvent("lo, 世界"), kDone}}};
  const Session session = Run("hi\n");
  EXPECT_EQ(session.status, kExitOk);
  EXPECT_EQ(session.out, "Hello, 世界\n");
  EXPECT_EQ(session.err, "");
  EXPECT_EQ(Question(0).at("model").as_string(), "tiny");
  EXPECT_TRUE(Question(0).at("stream").as_bool());
  EXPECT_FALSE(Question(0).contains("enable_thinking"));
}

TEST_F(ChatClientTest, SendsTheConversationSoFar) {
  server_.answers = {{.chunks = {ReasoningEvent("hm"), ContentEvent("one"), kDone}},
                     {.chunks = {ContentEvent("two"), kDone}},
                     {.chunks = {ContentEvent("three"), kDone}}};
  options_.system = "be brief";
  const Session session = Run("a\r\n\nb\n/reset\nc");
  EXPECT_EQ(session.out, "one\ntwo\nthree\n");
  EXPECT_EQ(Messages(1), R"([{"role":"system","content":"be brief"},{"role":"user","content":"a"},)"
                         R"({"role":"assistant","content":"one"},{"role":"user","content":"b"}])");
  EXPECT_EQ(Messages(2),
            R"([{"role":"system","content":"be brief"},{"role":"user","content":"c"}])");
}

TEST_F(ChatClientTest, SendsKeyAndModel) {
  server_.answers = {{.chunks = {kDone}}};
  options_.key = "sk-test";
  options_.model = "given";
  Run("a\n");
  EXPECT_EQ(server_.questions.at(0).head.Header("authorization"), "Bearer sk-test");
  EXPECT_EQ(Question(0).at("model").as_string(), "given");
}

TEST_F(ChatClientTest, SwitchesReasoning) {
  server_.answers = {{.chunks = {kDone}}, {.chunks = {kDone}}, {.chunks = {kDone}}};
  options_.no_thinking = true;
  Run("a\n/think on\nb\n/think off\nc\n");
  EXPECT_FALSE(Question(0).at("enable_thinking").as_bool());
  EXPECT_TRUE(Question(1).at("enable_thinking").as_bool());
  EXPECT_FALSE(Question(2).at("enable_thinking").as_bool());
}

TEST_F(ChatClientTest, QuitLeavesBeforeTheInputEnds) {
  const Session session = Run("/quit\nnever asked\n");
  EXPECT_EQ(session.status, kExitOk);
  EXPECT_TRUE(server_.questions.empty());
}

TEST_F(ChatClientTest, UnknownCommandsAreNotQuestions) {
  const Session session = Run("/unknown\n");
  EXPECT_EQ(session.status, kExitOk);
  EXPECT_THAT(session.err, HasSubstr("/unknown is not a command"));
  EXPECT_TRUE(server_.questions.empty());
}

TEST_F(ChatClientTest, ATerminalShowsPromptAndDimmedReasoning) {
  server_.answers = {
      {.chunks = {ReasoningEvent("let me "), ReasoningEvent("see"), ContentEvent("4"), kDone}}};
  options_.terminal = TerminalUse::kAlways;
  const Session session = Run("2+2?\n/help\n");
  EXPECT_THAT(session.out, HasSubstr("> \x1b[2mlet me see\x1b[0m\n\n4\n> "));
  EXPECT_THAT(session.out, HasSubstr("/reset"));
}

TEST_F(ChatClientTest, AnswersCannotSteerTheTerminal) {
  server_.answers = {{.chunks = {ContentEvent("a\x1b[2J\x07\u009b1mb\tc"), kDone}}};
  options_.terminal = TerminalUse::kAlways;
  EXPECT_THAT(Run("x\n").out, HasSubstr("> a[2J1mb\tc\n"));
}

TEST_F(ChatClientTest, ARefusedKeyEndsTheProgram) {
  server_.models = {.status = 401, .body = "\"Invalid token\""};
  const Session session = Run("a\n");
  EXPECT_EQ(session.status, kExitFailed);
  EXPECT_THAT(session.err, HasSubstr("401: Invalid token"));
  EXPECT_THAT(session.err, HasSubstr("--key"));
}

TEST_F(ChatClientTest, ARefusedConnectionSaysWhatToDo) {
  uint16_t closed_port = 0;
  {
    ScriptedServer other;
    const http::ServerThread gone(&other);
    closed_port = gone.port();
  }
  options_.url = "http://127.0.0.1:" + std::to_string(closed_port) + "/v1";
  const Session session = Run("a\n");
  EXPECT_EQ(session.status, kExitFailed);
  EXPECT_THAT(session.err, HasSubstr("127.0.0.1:" + std::to_string(closed_port)));
  EXPECT_THAT(session.err, HasSubstr("millrace serve"));
}

TEST_F(ChatClientTest, OtherUrlsAreAUsageError) {
  options_.url = "127.0.0.1:8080";
  const Session session = Run("a\n");
  EXPECT_EQ(session.status, kExitUsage);
  EXPECT_THAT(session.err, HasSubstr("http://"));
}

TEST_F(ChatClientTest, PipedInputEndsAtTheFirstFailure) {
  server_.answers = {
      {.status = 503,
       .chunks = {R"({"code":50505,"message":"Model service overloaded.","data":null})"}}};
  const Session session = Run("a\nb\n");
  EXPECT_EQ(session.status, kExitFailed);
  EXPECT_EQ(session.err, "the server answered 503: Model service overloaded.\n");
  EXPECT_EQ(server_.questions.size(), 1u);
}

TEST_F(ChatClientTest, AFailedQuestionAtATerminalLeavesTheConversationAsItWas) {
  server_.answers = {{.status = 400, .chunks = {R"({"message":"no"})"}},
                     {.chunks = {http::SseData(R"({"error":{"message":"engine failed"}})")}},
                     {.chunks = {ContentEvent("fine"), kDone}}};
  options_.terminal = TerminalUse::kAlways;
  const Session session = Run("a\nb\nc\n");
  EXPECT_EQ(session.status, kExitOk);
  EXPECT_EQ(session.err, "the server answered 400: no\nengine failed\n");
  EXPECT_EQ(Messages(2), R"([{"role":"user","content":"c"}])");
}

TEST_F(ChatClientTest, AStreamThatBreaksOffIsAFailure) {
  server_.answers = {{.chunks = {ContentEvent("half")}}};
  const Session session = Run("a\n");
  EXPECT_EQ(session.status, kExitFailed);
  EXPECT_EQ(session.out, "half\n");
  EXPECT_THAT(session.err, HasSubstr("ended too early"));
}

TEST_F(ChatClientTest, TellsThatAnAnswerReachedItsLimit) {
  server_.answers = {
      {.chunks = {ContentEvent("lon"), FinishEvent("length"), http::SseData("[DONE]")}}};
  const Session session = Run("a\n");
  EXPECT_EQ(session.status, kExitOk);
  EXPECT_THAT(session.err, HasSubstr("length limit"));
}

TEST_F(ChatClientTest, AnInterruptStopsTheAnswerAndKeepsWhatCame) {
  server_.answers = {{.chunks = {ContentEvent("endless")}, .interrupts = true},
                     {.chunks = {ContentEvent("next"), kDone}}};
  options_.terminal = TerminalUse::kAlways;
  const Session session = Run("a\nb\n");
  EXPECT_EQ(session.status, kExitOk);
  EXPECT_THAT(session.out, HasSubstr("[stopped]"));
  EXPECT_THAT(session.out, HasSubstr("next"));
  EXPECT_EQ(Messages(1),
            R"([{"role":"user","content":"a"},{"role":"assistant","content":"endless"},)"
            R"({"role":"user","content":"b"}])");
}

// Each step is a read: bytes, or an interrupt that ends the read without any.
class InterruptedInput final : public std::streambuf {
 public:
  explicit InterruptedInput(std::vector<std::string> steps) : steps_(std::move(steps)) {}

 protected:
  int_type underflow() override {
    if (next_ == steps_.size()) {
      return traits_type::eof();
    }
    std::string& step = steps_[next_++];
    if (step.empty()) {
      std::raise(SIGINT);
      return traits_type::eof();
    }
    setg(step.data(), step.data(), step.data() + step.size());
    return traits_type::to_int_type(step.front());
  }

 private:
  std::vector<std::string> steps_;
  size_t next_ = 0;
};

TEST_F(ChatClientTest, OneInterruptAtThePromptDoesNotLeave) {
  server_.answers = {{.chunks = {ContentEvent("answer"), kDone}}};
  options_.terminal = TerminalUse::kAlways;
  InterruptedInput input({"", "a\n", "", "/help\n"});
  std::istream in(&input);
  const Session session = Run(in);
  EXPECT_EQ(session.status, kExitOk);
  EXPECT_THAT(session.out, HasSubstr("Ctrl-C again"));
  EXPECT_THAT(session.out, HasSubstr("answer"));
}

TEST_F(ChatClientTest, TwoInterruptsAtThePromptLeave) {
  options_.terminal = TerminalUse::kAlways;
  InterruptedInput input({"", "", "never asked\n"});
  std::istream in(&input);
  EXPECT_EQ(Run(in).status, kExitOk);
  EXPECT_TRUE(server_.questions.empty());
}

TEST_F(ChatClientTest, TheSignalIsGivenBack) {
  const auto previous = std::signal(SIGINT, SIG_IGN);
  Run("/quit\n");
  EXPECT_EQ(std::signal(SIGINT, previous), SIG_IGN);
}

}  // namespace
}  // namespace millrace::app
