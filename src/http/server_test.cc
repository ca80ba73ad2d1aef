#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>

#include "http/testing/echo_handler.h"
#include "http/testing/raw_client.h"
#include "http/testing/server_thread.h"

namespace millrace::http {
namespace {

using namespace std::chrono_literals;

class ServerTest : public testing::Test {
 protected:
  RawClient Connect() {
    if (!server_) {
      server_ = std::make_unique<ServerThread>(&handler_, options_);
    }
    return RawClient(server_->port());
  }
  // Sends everything at once and reads to the end of the connection.
  std::string Exchange(std::string_view bytes) {
    RawClient client = Connect();
    client.Send(bytes);
    return client.ReadToEnd();
  }

  ServerOptions options_;
  EchoHandler handler_;
  std::unique_ptr<ServerThread> server_;
};

constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";

std::string Post(std::string_view path, std::string_view body, std::string_view headers = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_F(ServerTest, AnswersWithLengthAndOnlyItsProductName) {
  RawClient client = Connect();
  client.Send(kGet);
  const Response response = client.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "GET /a?b=c ");
  EXPECT_EQ(FindHeader(response.headers, "Content-Length"), "11");
  EXPECT_EQ(FindHeader(response.headers, "Server"), "millrace");
  EXPECT_TRUE(FindHeader(response.headers, "Date").has_value());
  EXPECT_FALSE(FindHeader(response.headers, "Connection").has_value());
}

TEST_F(ServerTest, HeaderValuesCannotBeginAnotherHeader) {
  RawClient client = Connect();
  client.Send(kGet);
  const Response response = client.ReadResponse();
  EXPECT_FALSE(FindHeader(response.headers, "Injected").has_value());
}

TEST_F(ServerTest, ManyRequestsShareAConnection) {
  RawClient client = Connect();
  for (int i = 0; i < 50; ++i) {
    const std::string body = "n" + std::to_string(i);
    client.Send(Post("/p", body));
    EXPECT_EQ(client.ReadResponse().body, "POST /p? " + body);
  }
  EXPECT_EQ(server_->connection_count(), 1U);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client = Connect();
  client.Send(std::string(kGet) + Post("/1", "one") + "\r\n" + Post("/stream", "") +
              Post("/2", "two"));
  EXPECT_EQ(client.ReadResponse().body, "GET /a?b=c ");
  EXPECT_EQ(client.ReadResponse().body, "POST /1? one");
  EXPECT_EQ(client.ReadResponse().body, "data: 1\n\ndata: 2\n\n");
  EXPECT_EQ(client.ReadResponse().body, "POST /2? two");
}

TEST_F(ServerTest, EveryCutOfARequestGivesTheSameAnswer) {
  const std::string request =
      "POST /p%2Fq HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=\"v\"\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  RawClient client = Connect();
  for (size_t cut = 1; cut < request.size(); ++cut) {
    ASSERT_TRUE(client.Send(std::string_view(request).substr(0, cut)));
    // Waits until the server has taken the first part, so that the cut is real.
    server_->Do([] {});
    ASSERT_TRUE(client.Send(std::string_view(request).substr(cut)));
    ASSERT_EQ(client.ReadResponse().body, "POST /p%2Fq? abcde") << cut;
  }
}

TEST_F(ServerTest, OneByteAtATimeWorks) {
  RawClient client = Connect();
  for (char c : Post("/p", "body")) {
    client.Send(std::string_view(&c, 1));
  }
  EXPECT_EQ(client.ReadResponse().body, "POST /p? body");
}

TEST_F(ServerTest, ConnectionCloseIsHonoured) {
  const std::string answer = Exchange("GET / HTTP/1.1\r\nConnection: foo, close\r\n\r\n");
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ServerTest, Http10ClosesAndGetsNoChunks) {
  const std::string plain = Exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(plain.find("Connection: close\r\n"), std::string::npos);
  const std::string streamed = Exchange("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(streamed.ends_with("\r\n\r\ndata: 1\n\ndata: 2\n\n")) << streamed;
  EXPECT_EQ(streamed.find("chunked"), std::string::npos);
}

TEST_F(ServerTest, StreamsOneChunkForEachPiece) {
  RawClient client = Connect();
  client.Send("GET /stream HTTP/1.1\r\n\r\n");
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"), "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n");
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  RawClient client = Connect();
  client.Send("HEAD /x HTTP/1.1\r\n\r\n" + std::string(kGet));
  const Response head = client.ReadResponse(true);
  EXPECT_EQ(FindHeader(head.headers, "Content-Length"), "9");
  EXPECT_EQ(client.ReadResponse().body, "GET /a?b=c ");
}

TEST_F(ServerTest, MalformedRequestsAreAnsweredAndTheConnectionCloses) {
  for (std::string_view bytes : {
           std::string_view("GET / HTTP/1.1\nHost: x\n\n"),
           std::string_view("GET /\r\n\r\n"),
           std::string_view("GET / HTTP/2.0\r\n\r\n"),
           std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
           std::string_view("GET  / HTTP/1.1\r\n\r\n"),
           std::string_view("G\0T / HTTP/1.1\r\n\r\n", 18),
           std::string_view("\0\0\0\0", 4),
           std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
           std::string_view("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nA : b\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nA\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\n: b\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"),
           std::string_view("GET /%zz HTTP/1.1\r\n\r\n"),
           std::string_view("GET /%00 HTTP/1.1\r\n\r\n"),
           std::string_view("GET foo HTTP/1.1\r\n\r\n"),
           std::string_view("CONNECT a:1 HTTP/1.1\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
           std::string_view("\r\n\r\n \r\n\r\n"),
       }) {
    const std::string answer = Exchange(bytes);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << bytes << "\n" << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nmalformed")) << bytes << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << bytes;
  }
}

TEST_F(ServerTest, AmbiguousBodyFramingIsRefused) {
  for (std::string_view headers : {
           "Content-Length: 3\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\nContent-Length: 3",
           "Content-Length: 3\r\nContent-Length: 3",
           "Content-Length: 3, 3",
           "Content-Length: -1",
           "Content-Length: +3",
           "Content-Length: 0x3",
           "Content-Length: 99999999999999999999999",
           "Content-Length:",
           "Transfer-Encoding: gzip, chunked",
           "Transfer-Encoding: gzip",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: xchunked",
       }) {
    const std::string answer = Exchange("POST / HTTP/1.1\r\n" + std::string(headers) +
                                        "\r\n\r\nabcGET /smuggled HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << headers << "\n" << answer;
    EXPECT_EQ(answer.find("smuggled"), std::string::npos) << headers;
  }
  EXPECT_TRUE(Exchange("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, BrokenChunksAreRefused) {
  // Some broken framing only shows when more bytes come; then the time limit answers.
  options_.body_timeout = 50ms;
  for (std::string_view body : {"x\r\n", "3\r\nabcd\r\n", "-1\r\n", "ffffffffffffffffff\r\n",
                                "3\nabc\n0\n\n", "3 \r\nabc\r\n0\r\n\r\n"}) {
    const std::string answer =
        Exchange("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 4")) << body << "\n" << answer;
  }
  const std::string endless(100'000, 'e');
  EXPECT_TRUE(Exchange("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + endless)
                  .starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, HeadsAreLimitedInBytesAndLines) {
  const std::string long_line(64 * 1024, 'a');
  EXPECT_TRUE(
      Exchange("GET / HTTP/1.1\r\nA: " + long_line + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(Exchange("GET /" + long_line).starts_with("HTTP/1.1 431 "));
  const auto with_lines = [](int count) {
    std::string request = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < count; ++i) {
      request += "A: b\r\n";
    }
    return request;
  };
  EXPECT_TRUE(Exchange(with_lines(101) + "\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(Exchange(with_lines(99) + "Connection: close\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, DeclaredBodiesOverTheLimitAreRefusedBeforeTheyAreSent) {
  RawClient client = Connect();
  client.Send("POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n");
  const Response response = client.ReadResponse();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(FindHeader(response.headers, "X-Head"), "known");
  EXPECT_EQ(FindHeader(response.headers, "Connection"), "close");
}

TEST_F(ServerTest, ARefusedBodyOfModerateSizeKeepsTheConnection) {
  RawClient client = Connect();
  client.Send(Post("/", std::string(1001, 'b')) + std::string(kGet));
  EXPECT_EQ(client.ReadResponse().status, 413);
  EXPECT_EQ(client.ReadResponse().body, "GET /a?b=c ");
  client.Send(Post("/reject", std::string(5000, 'b')) + std::string(kGet));
  EXPECT_EQ(client.ReadResponse().status, 401);
  EXPECT_EQ(client.ReadResponse().body, "GET /a?b=c ");
}

TEST_F(ServerTest, TheErrorReachesAClientThatIsStillSendingALargeBody) {
  RawClient client = Connect();
  std::string request = Post("/reject", std::string(32 << 20, 'b'));
  EXPECT_TRUE(client.Send(request));
  const Response response = client.ReadResponse();
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "rejected");
}

TEST_F(ServerTest, ChunkedBodiesAreLimitedWhileTheyArrive) {
  RawClient client = Connect();
  client.Send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    client.Send("64\r\n" + std::string(100, 'c') + "\r\n");
  }
  client.Send("1\r\nd");
  EXPECT_EQ(client.ReadResponse().body, "body too large");
  EXPECT_EQ(handler_.handled, 0);
}

TEST_F(ServerTest, ContinueIsSentOnlyToAnAcceptedRequest) {
  RawClient accepted = Connect();
  accepted.Send("POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(accepted.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  accepted.Send("ab");
  EXPECT_EQ(accepted.ReadResponse().body, "POST /p? ab");

  RawClient rejected = Connect();
  rejected.Send("POST /reject HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  const Response response = rejected.ReadResponse();
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(FindHeader(response.headers, "Connection"), "close");
}

TEST_F(ServerTest, AnIncompleteHeadTimesOut) {
  options_.head_timeout = 20ms;
  EXPECT_TRUE(Exchange("GET / HT").ends_with("timeout"));
  // A connection on which nothing was ever sent is closed without a word.
  EXPECT_EQ(Exchange(""), "");
}

TEST_F(ServerTest, AnIncompleteBodyTimesOut) {
  options_.body_timeout = 20ms;
  const std::string answer = Exchange("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 "));
  EXPECT_NE(answer.find("X-Head: known"), std::string::npos);
}

TEST_F(ServerTest, ADrippedBodyTimesOutHoweverOftenAByteComes) {
  options_.body_timeout = 50ms;
  options_.body_rate_min = 2'000'000'000;  // no test sends a hundred megabytes in the time
  handler_.body_bytes_max = 1'000'000'000;
  RawClient dripping = Connect();
  RawClient pacing = Connect();
  dripping.Send("POST / HTTP/1.1\r\nContent-Length: 500000000\r\n\r\n");
  std::string answer;
  std::atomic<bool> answered = false;
  std::jthread reader([&] {
    answer = dripping.ReadUntil("timeout");
    answered = true;
  });
  while (!answered) {
    dripping.Send("x");
    pacing.Send(kGet);
    ASSERT_EQ(pacing.ReadResponse().status, 200);
  }
  reader.join();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST_F(ServerTest, ABodyThatKeepsTheRateMayTakeLongerThanTheTimeout) {
  options_.body_timeout = 50ms;
  options_.body_rate_min = 20;  // one byte in the time
  handler_.body_bytes_max = 1'000'000'000;
  RawClient client = Connect();
  RawClient pacing = Connect();
  client.Send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto end = std::chrono::steady_clock::now() + 4 * options_.body_timeout;
  while (std::chrono::steady_clock::now() < end) {
    client.Send("1\r\nx\r\n");
    pacing.Send(kGet);
    ASSERT_EQ(pacing.ReadResponse().status, 200);
  }
  client.Send("0\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(ServerTest, BodiesOfAllConnectionsTogetherAreLimited) {
  options_.bodies_bytes_max = 1000;
  const std::string body(600, 'b');
  RawClient first = Connect();
  first.Send(Post("/wait", body));
  while (handler_.handled == 0) {
  }
  RawClient second = Connect();
  second.Send(Post("/", body));
  EXPECT_EQ(second.ReadResponse().body, "overloaded");
  second.Send(Post("/", body.substr(300)));  // fits, and the connection was kept
  EXPECT_EQ(second.ReadResponse().status, 200);
  RawClient chunked = Connect();
  chunked.Send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n" + body);
  EXPECT_EQ(chunked.ReadResponse().body, "overloaded");
  first.Close();
  chunked.Close();
  while (server_->connection_count() > 1) {
  }
  second.Send(Post("/", body));
  EXPECT_EQ(second.ReadResponse().status, 200);
}

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
  options_.idle_timeout = 20ms;
  RawClient client = Connect();
  client.Send(kGet);
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitAreToldSo) {
  options_.connections_max = 2;
  RawClient first = Connect();
  RawClient second = Connect();
  first.Send(kGet);
  second.Send(kGet);
  EXPECT_EQ(first.ReadResponse().status, 200);
  EXPECT_EQ(second.ReadResponse().status, 200);
  RawClient third = Connect();
  third.Send(kGet);
  EXPECT_EQ(third.ReadResponse().body, "overloaded");
  EXPECT_TRUE(third.AtEnd());
  first.Close();
  third.Close();
  // The place is free once the server has seen the close.
  while (server_->connection_count() > 1) {
  }
  RawClient fourth = Connect();
  fourth.Send(kGet);
  EXPECT_EQ(fourth.ReadResponse().status, 200);
}

TEST_F(ServerTest, AClientThatClosesIsNoticedWhileItsRequestRuns) {
  RawClient client = Connect();
  client.Send("GET /wait HTTP/1.1\r\n\r\n");
  while (handler_.handled == 0) {
  }
  client.Close();
  EXPECT_EQ(handler_.first_gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(ServerTest, AClientThatResetsIsNoticedWhileItsStreamRuns) {
  RawClient client = Connect();
  client.Send("GET /wait-stream HTTP/1.1\r\n\r\n");
  client.ReadUntil("begun");
  client.Reset();
  EXPECT_EQ(handler_.first_gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(ServerTest, AClientThatClosesBehindEarlyBytesIsNoticed) {
  RawClient client = Connect();
  client.Send("GET /wait HTTP/1.1\r\n\r\n" + std::string(kGet));
  while (handler_.handled == 0) {
  }
  client.Close();
  EXPECT_EQ(handler_.first_gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(ServerTest, AClientThatLeftBeforeTheHandlerAskedIsNoticedAtOnce) {
  RawClient client = Connect();
  client.Send("GET /wait HTTP/1.1\r\n\r\n");
  client.ShutdownWrite();
  EXPECT_EQ(client.ReadResponse().body, "late");
  EXPECT_EQ(handler_.gone_count, 1);
}

TEST_F(ServerTest, EarlyBytesOfTheNextRequestSurviveTheWatch) {
  RawClient client = Connect();
  client.Send("GET /stream HTTP/1.1\r\n\r\n" + Post("/p", std::string(900, 'e')));
  EXPECT_EQ(client.ReadResponse().body, "data: 1\n\ndata: 2\n\n");
  EXPECT_EQ(client.ReadResponse().body, "POST /p? " + std::string(900, 'e'));
}

TEST_F(ServerTest, ASlowReaderIsCutOffAfterTheStallLimit) {
  options_.stall_timeout = 50ms;
  RawClient client = Connect();
  client.SetReceiveBuffer(4096);
  client.Send("GET /flood HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(handler_.flood_ended.get_future().get());
}

TEST_F(ServerTest, LargeAnswersArriveWhole) {
  RawClient client = Connect();
  client.Send("GET /big HTTP/1.1\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(client.ReadResponse().body.size(), size_t{8} << 20);
  EXPECT_EQ(client.ReadResponse().body, "GET /a?b=c ");
}

TEST_F(ServerTest, AnUnfinishedStreamIsCutOff) {
  const std::string answer = Exchange("GET /unfinished HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("4\r\nhalf\r\n")) << answer;
}

TEST_F(ServerTest, AHandlerThatThrowsOrSaysNothingEndsOnlyItsConnection) {
  RawClient other = Connect();
  EXPECT_EQ(Exchange("GET /throw HTTP/1.1\r\n\r\n"), "");
  EXPECT_EQ(Exchange("GET /silent HTTP/1.1\r\n\r\n"), "");
  other.Send(kGet);
  EXPECT_EQ(other.ReadResponse().status, 200);
}

TEST_F(ServerTest, DrainClosesIdleConnectionsAndLetsBusyOnesFinish) {
  RawClient idle = Connect();
  idle.Send(kGet);
  EXPECT_EQ(idle.ReadResponse().status, 200);
  RawClient busy = Connect();
  busy.Send("POST /p HTTP/1.1\r\nContent-Length: 2\r\n\r\na");
  while (server_->connection_count() < 2) {
  }
  server_->Do([this] { server_->server().Drain(); });
  EXPECT_TRUE(idle.AtEnd());
  busy.Send("b");
  const Response response = busy.ReadResponse();
  EXPECT_EQ(response.body, "POST /p? ab");
  EXPECT_EQ(FindHeader(response.headers, "Connection"), "close");
  EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(ServerTest, AbortClosesEverything) {
  RawClient client = Connect();
  client.Send("GET /wait-stream HTTP/1.1\r\n\r\n");
  client.ReadUntil("begun");
  server_->Do([this] { server_->server().Abort(); });
  client.ReadToEnd();
  EXPECT_EQ(handler_.first_gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(ServerTest, ManyIdleConnectionsAreKept) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 400; ++i) {
    clients.push_back(Connect());
  }
  for (RawClient& client : clients) {
    client.Send(kGet);
  }
  for (RawClient& client : clients) {
    EXPECT_EQ(client.ReadResponse().status, 200);
  }
  EXPECT_EQ(server_->connection_count(), 400U);
}

TEST(ServerCreate, ListensOnIpv6Literals) {
  EchoHandler handler;
  for (const char* host : {"::1", "[::1]"}) {
    ServerOptions options;
    options.host = host;
    ServerThread server(&handler, options);
    RawClient client(server.port(), "::1");
    client.Send(kGet);
    EXPECT_EQ(client.ReadResponse().status, 200) << host;
  }
}

TEST(ServerCreate, SaysWhichAddressIsInUse) {
  EchoHandler handler;
  ServerThread server(&handler);
  ServerOptions options;
  options.port = server.port();
  boost::asio::io_context io;
  auto second = Server::Create(io.get_executor(), options, &handler);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, base::ErrorKind::kIo);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(server.port()) +
                ": Address already in use; another program uses it, choose another port");
}

TEST(ServerCreate, SaysWhichHostIsUnknown) {
  EchoHandler handler;
  ServerOptions options;
  options.host = "no.such.host.invalid";
  boost::asio::io_context io;
  auto server = Server::Create(io.get_executor(), options, &handler);
  ASSERT_FALSE(server.has_value());
  EXPECT_TRUE(server.error().message.starts_with("cannot listen on no.such.host.invalid:8080: "));
}

}  // namespace
}  // namespace millrace::http
