#include "http/client.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "http/testing/canned_server.h"
#include "http/testing/server_thread.h"
#include "http/url.h"

namespace millrace::http {
namespace {

using namespace std::chrono_literals;

struct Answer {
  base::Result<Response> result;
  std::string body;
  int pieces = 0;
};

Answer Get(ClientRequest request, const std::function<bool()>& interrupted = {}) {
  std::string body;
  int pieces = 0;
  auto result = Fetch(
      request,
      [&](std::string_view piece) {
        body += piece;
        ++pieces;
        return true;
      },
      interrupted);
  return {std::move(result), std::move(body), pieces};
}

std::string MessageOf(const Answer& answer) {
  return answer.result.has_value() ? "no error" : answer.result.error().message;
}

base::ErrorKind KindOf(const Answer& answer) {
  EXPECT_FALSE(answer.result.has_value());
  return answer.result.has_value() ? base::ErrorKind::kInternal : answer.result.error().kind;
}

class UpperHandler final : public Handler {
 public:
  HeadDecision OnHead(const RequestHead&) override { return AcceptBody{64 << 20}; }
  Response OnProtocolError(ProtocolError, const RequestHead*) override { return {.status = 400}; }
  boost::asio::awaitable<void> Handle(Request request, ResponseWriter& writer) override {
    HeaderList headers;
    headers.emplace_back("X-Path", request.head.path + "?" + request.head.query);
    headers.emplace_back("X-Host", std::string(request.head.Header("host").value_or("none")));
    co_await writer.StartStream(201, std::move(headers));
    co_await writer.WriteChunk(request.head.method + " ");
    co_await writer.WriteChunk(request.body);
    co_await writer.FinishStream();
  }
};

TEST(Fetch, TalksToOurServer) {
  UpperHandler handler;
  ServerThread server(&handler);
  const std::string authority = "127.0.0.1:" + std::to_string(server.port());
  const Answer answer = Get({.method = "POST",
                             .url = "http://" + authority + "/a/b?c=d",
                             .headers = {{"X-A", "b"}},
                             .body = std::string(3 << 20, 'z')});
  ASSERT_TRUE(answer.result.has_value()) << MessageOf(answer);
  EXPECT_EQ(answer.result->status, 201);
  EXPECT_EQ(FindHeader(answer.result->headers, "x-path"), "/a/b?c=d");
  EXPECT_EQ(FindHeader(answer.result->headers, "x-host"), authority);
  EXPECT_EQ(answer.body, "POST " + std::string(3 << 20, 'z'));
}

TEST(Fetch, ReadsABodyThatEndsWithTheConnection) {
  CannedServer server({.pieces = {"HTTP/1.1 200 OK\r\n", "\r\nab", "cd"}});
  const Answer answer = Get({.url = server.UrlOf("127.0.0.1", "/x")});
  ASSERT_TRUE(answer.result.has_value()) << MessageOf(answer);
  EXPECT_EQ(answer.body, "abcd");
  EXPECT_TRUE(server.Request().starts_with("GET /x HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST(Fetch, DecodesChunksCutAnywhere) {
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n";
  for (size_t cut = 1; cut < bytes.size(); cut += 3) {
    CannedServer server({.pieces = {bytes.substr(0, cut), bytes.substr(cut)}, .keep_open = true});
    const Answer answer = Get({.url = server.UrlOf("localhost", "/")});
    ASSERT_TRUE(answer.result.has_value()) << cut << ": " << MessageOf(answer);
    EXPECT_EQ(answer.body, "abcde") << cut;
  }
}

TEST(Fetch, StopsWhenTheReaderHasEnough) {
  CannedServer server(
      {.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"}, .keep_open = true});
  const auto result =
      Fetch({.url = server.UrlOf("127.0.0.1", "/")}, [](std::string_view) { return false; });
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->status, 200);
  server.Request();
}

TEST(Fetch, AnAnswerWithoutBodyEndsAtItsHead) {
  for (const std::string head :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    CannedServer server({.pieces = {head}, .keep_open = true});
    EXPECT_EQ(Get({.url = server.UrlOf("127.0.0.1", "/")}).body, "") << head;
  }
  CannedServer server(
      {.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}, .keep_open = true});
  EXPECT_TRUE(Get({.method = "HEAD", .url = server.UrlOf("127.0.0.1", "/")}).result.has_value());
}

TEST(Fetch, ACutAnswerIsAnError) {
  for (const std::string bytes :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    CannedServer server({.pieces = {bytes}});
    EXPECT_EQ(KindOf(Get({.url = server.UrlOf("127.0.0.1", "/")})), base::ErrorKind::kIo) << bytes;
  }
}

TEST(Fetch, AnAnswerThatIsNotHttpIsCorrupt) {
  for (const std::string bytes : {"SSH-2.0-OpenSSH\n", "HTTP/1.1 banana\r\n\r\n", "\r\n\r\n",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    CannedServer server({.pieces = {bytes}, .keep_open = true});
    EXPECT_EQ(KindOf(Get({.url = server.UrlOf("127.0.0.1", "/")})), base::ErrorKind::kCorruptData)
        << bytes;
  }
}

TEST(Fetch, SilenceEndsAtTheTimeLimit) {
  CannedServer server({.pieces = {}, .keep_open = true});
  const Answer answer = Get({.url = server.UrlOf("127.0.0.1", "/"), .idle_timeout = 30ms});
  EXPECT_EQ(KindOf(answer), base::ErrorKind::kDeadlineExceeded);
  EXPECT_NE(MessageOf(answer).find("timed out while waiting for an answer"), std::string::npos);
}

TEST(Fetch, CanBeInterrupted) {
  CannedServer server({.pieces = {}, .keep_open = true});
  int questions = 0;
  const Answer answer =
      Get({.url = server.UrlOf("127.0.0.1", "/")}, [&questions] { return ++questions == 3; });
  EXPECT_EQ(KindOf(answer), base::ErrorKind::kCancelled);
}

TEST(Fetch, SaysWhichServerDoesNotListen) {
  uint16_t port = 0;
  {
    CannedServer gone({.pieces = {}});
    port = gone.port();
  }
  const Answer answer = Get({.url = "http://127.0.0.1:" + std::to_string(port) + "/"});
  EXPECT_EQ(KindOf(answer), base::ErrorKind::kIo);
  EXPECT_EQ(MessageOf(answer),
            "127.0.0.1:" + std::to_string(port) + ": cannot connect: Connection refused");
}

TEST(Fetch, TheTotalLimitEndsABodyThatTrickles) {
  // Each byte is progress for the idle limit, none for the total one.
  CannedServer server(
      {.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"}, .keep_open = true});
  const Answer answer = Get({.url = server.UrlOf("127.0.0.1", "/"), .total_timeout = 50ms});
  EXPECT_EQ(KindOf(answer), base::ErrorKind::kDeadlineExceeded);
}

TEST(Fetch, GoesOnlyToAddressesThatWerePermitted) {
  CannedServer server({.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  const NameResolver resolver({.lookup = [](const std::string&) {
    return std::vector<std::string>{"127.0.0.9", "127.0.0.1"};
  }});
  std::vector<std::string> asked;
  const auto permit = [&asked](const std::string& address) {
    asked.push_back(address);
    return address == "127.0.0.1";
  };
  const Answer answer = Get({.url = server.UrlOf("pictures.example", "/"),
                             .permit_address = permit,
                             .resolver = &resolver});
  EXPECT_EQ(answer.body, "ok") << MessageOf(answer);
  EXPECT_EQ(asked, (std::vector<std::string>{"127.0.0.9", "127.0.0.1"}));
}

TEST(Fetch, ConnectsToNothingWhenNoAddressIsPermitted) {
  const auto refuse = [](const std::string&) { return false; };
  for (const std::string host : {"127.0.0.1", "localhost", "0x7f.1", "[::1]"}) {
    EXPECT_EQ(KindOf(Get({.url = "http://" + host + ":1/", .permit_address = refuse})),
              base::ErrorKind::kPermissionDenied)
        << host;
  }
}

TEST(Fetch, ResolvesANameOnce) {
  CannedServer server({.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  std::atomic<int> lookups = 0;
  const NameResolver resolver({.lookup = [&lookups](const std::string&) {
    // A name server that answers differently each time.
    return std::vector<std::string>{lookups++ == 0 ? "127.0.0.1" : "127.0.0.9"};
  }});
  EXPECT_EQ(Get({.url = server.UrlOf("rebinding.example", "/"), .resolver = &resolver}).body, "ok");
  EXPECT_EQ(lookups, 1);
}

TEST(Fetch, AHeadThatIsNotWantedEndsTheRequest) {
  CannedServer server(
      {.pieces = {"HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\nabc"}, .keep_open = true});
  const Answer answer = Get({.url = server.UrlOf("127.0.0.1", "/"),
                             .on_head = [](const Response& head) { return head.status == 200; }});
  ASSERT_TRUE(answer.result.has_value()) << MessageOf(answer);
  EXPECT_EQ(answer.result->status, 404);
  EXPECT_EQ(answer.body, "");
}

TEST(Fetch, RefusesHeadersThatWouldBeginAnother) {
  EXPECT_EQ(KindOf(Get({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}})),
            base::ErrorKind::kInvalidArgument);
}

class FetchTls : public testing::Test {
 protected:
  FetchTls() { std::ofstream(ca_file_) << server_.certificate(); }
  ~FetchTls() override { std::filesystem::remove(ca_file_); }

  CannedServer server_{{.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, .tls = true}};
  const std::string ca_file_ = std::filesystem::temp_directory_path() /
                               ("millrace-ca-" + std::to_string(::getpid()) + ".pem");
};

TEST_F(FetchTls, AcceptsACertificateItTrusts) {
  const Answer answer = Get({.url = server_.UrlOf("localhost", "/"), .ca_file = ca_file_});
  ASSERT_TRUE(answer.result.has_value()) << MessageOf(answer);
  EXPECT_EQ(answer.body, "ok");
}

TEST_F(FetchTls, RefusesAnUnknownCertificate) {
  const Answer answer = Get({.url = server_.UrlOf("localhost", "/")});
  EXPECT_EQ(KindOf(answer), base::ErrorKind::kIo);
  EXPECT_NE(MessageOf(answer).find("no TLS: "), std::string::npos) << MessageOf(answer);
}

TEST_F(FetchTls, RefusesACertificateForAnotherName) {
  const Answer answer = Get({.url = server_.UrlOf("127.0.0.1", "/"), .ca_file = ca_file_});
  EXPECT_EQ(KindOf(answer), base::ErrorKind::kIo);
}

TEST(ParseUrl, TakesTheUsualForms) {
  auto plain = ParseUrl("http://host/a?b#c");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->target, "/a?b");
  auto tls = ParseUrl("HTTPS://Host:8443?q");
  ASSERT_TRUE(tls.has_value());
  EXPECT_TRUE(tls->tls);
  EXPECT_EQ(tls->port, 8443);
  EXPECT_EQ(tls->target, "/?q");
  EXPECT_EQ(tls->authority, "Host:8443");
  auto ipv6 = ParseUrl("http://[::1]:8080");
  ASSERT_TRUE(ipv6.has_value());
  EXPECT_EQ(ipv6->host, "::1");
  EXPECT_EQ(ipv6->port, 8080);
  EXPECT_EQ(ParseUrl("https://[::1]/")->port, 443);
}

TEST(ParseUrl, RefusesTheRest) {
  for (std::string_view text :
       {"", "host", "ftp://host", "http://", "http://:80", "http://a:0/", "http://a:65536/",
        "http://a:x/", "http://u:p@host/", "http://a b/", "http://a/\r\nX: y", "http://[]/"}) {
    EXPECT_FALSE(ParseUrl(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace millrace::http
