#include "media/fetcher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "http/testing/canned_server.h"
#include "http/testing/server_thread.h"

namespace millrace::media {
namespace {

using namespace std::chrono_literals;
using http::CannedServer;

constexpr size_t kPlenty = 1 << 20;

// Answers each path as the test says, and remembers the requests.
class Site final : public http::Handler {
 public:
  explicit Site(std::map<std::string, http::Response> pages) : pages_(std::move(pages)) {}

  http::HeadDecision OnHead(const http::RequestHead&) override { return http::AcceptBody{1024}; }
  http::Response OnProtocolError(http::ProtocolError, const http::RequestHead*) override {
    return {.status = 400};
  }
  boost::asio::awaitable<void> Handle(http::Request request,
                                      http::ResponseWriter& writer) override {
    http::Response response = {.status = 404};
    {
      const std::lock_guard lock(mutex_);
      const auto page = pages_.find(request.head.path);
      if (page != pages_.end()) {
        response = page->second;
      }
      requests_.push_back(std::move(request));
    }
    co_await writer.Send(std::move(response));
  }

  std::vector<http::Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::map<std::string, http::Response> pages_;
  std::mutex mutex_;
  std::vector<http::Request> requests_;
};

http::Response Redirect(std::string location, int status = 302) {
  return {.status = status, .headers = {{"Location", std::move(location)}}};
}

std::unique_ptr<Fetcher> Make(FetcherOptions options) {
  auto fetcher = Fetcher::Create(std::move(options));
  EXPECT_TRUE(fetcher.has_value()) << fetcher.error().message;
  return *std::move(fetcher);
}

// May fetch from this machine's IPv4 address at one port.
FetcherOptions Local(uint16_t port) {
  return {.allowed_addresses = {"127.0.0.1"}, .allowed_ports = {port}};
}

class FetchFromSite : public testing::Test {
 protected:
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(thread_.port()) + path;
  }
  base::Result<std::string> Get(const std::string& path, size_t bytes_max = kPlenty) {
    return Make(Local(thread_.port()))->Fetch(Url(path), bytes_max);
  }

  Site site_{{
      {"/picture", {.body = "bytes"}},
      {"/absolute", Redirect("/picture")},
      {"/deep/relative", Redirect("next?x=1", 307)},
      {"/deep/next", {.body = "relative"}},
      {"/one", Redirect("/absolute", 301)},
      {"/two", Redirect("/one", 308)},
      {"/three", Redirect("/two", 303)},
      {"/loop", Redirect("/loop")},
      {"/nowhere", {.status = 302}},
      {"/to-file", Redirect("file:///etc/passwd")},
      {"/to-user", Redirect("http://user@127.0.0.1/")},
      {"/to-metadata", Redirect("http://169.254.169.254/latest")},
      {"/to-port", Redirect("http://127.0.0.1:1/")},
      {"/not-modified", {.status = 304}},
      {"/error", {.status = 500, .body = "inner details"}},
      {"/empty", {.status = 200}},
  }};
  http::ServerThread thread_{&site_};
};

TEST_F(FetchFromSite, GivesTheBody) {
  const auto body = Get("/picture");
  ASSERT_TRUE(body.has_value()) << body.error().message;
  EXPECT_EQ(*body, "bytes");
  EXPECT_EQ(Get("/empty").value_or("error"), "");
}

TEST_F(FetchFromSite, SendsAPlainGetWithoutCredentials) {
  ASSERT_TRUE(Get("/picture").has_value());
  const http::Request request = site_.requests().at(0);
  EXPECT_EQ(request.head.method, "GET");
  EXPECT_EQ(request.body, "");
  for (const std::string_view name : {"Cookie", "Authorization", "Referer"}) {
    EXPECT_FALSE(request.head.Header(name)) << name;
  }
}

TEST_F(FetchFromSite, FollowsThreeRedirectsAndNoMore) {
  EXPECT_EQ(Get("/deep/relative").value_or("error"), "relative");
  EXPECT_EQ(Get("/two").value_or("error"), "bytes");
  EXPECT_FALSE(Get("/three").has_value());
  EXPECT_FALSE(Get("/loop").has_value());
}

TEST_F(FetchFromSite, EverythingElseFailsWithOneMessage) {
  std::vector<base::Error> errors;
  for (const std::string path : {"/missing", "/error", "/not-modified", "/nowhere", "/to-file",
                                 "/to-user", "/to-metadata", "/to-port", "/loop"}) {
    auto body = Get(path);
    ASSERT_FALSE(body.has_value()) << path;
    errors.push_back(std::move(body).error());
  }
  const auto fetcher = Make(Local(thread_.port()));
  const std::string tls = "https://127.0.0.1:" + std::to_string(thread_.port()) + "/picture";
  for (const std::string& url : std::vector<std::string>{
           "", "ftp://127.0.0.1/", "http://127.0.0.1/", "https://127.0.0.1:1/", "http://[::1]/",
           "http://name.invalid/", "http://u:p@127.0.0.1/", tls}) {
    auto body = fetcher->Fetch(url, kPlenty);
    ASSERT_FALSE(body.has_value()) << url;
    errors.push_back(std::move(body).error());
  }
  errors.push_back(Get("/picture", 4).error());
  for (const base::Error& error : errors) {
    EXPECT_EQ(error.kind, base::ErrorKind::kInvalidArgument);
    EXPECT_EQ(error.message, errors.front().message);
  }
}

TEST_F(FetchFromSite, HoldsTheSizeLimitToTheByte) {
  EXPECT_TRUE(Get("/picture", 5).has_value());
  EXPECT_FALSE(Get("/picture", 4).has_value());
}

TEST_F(FetchFromSite, MakesNoConnectionToAnAddressThatIsNotPublic) {
  const auto fetcher = Make({.allowed_ports = {thread_.port()}});
  const std::string port = ":" + std::to_string(thread_.port()) + "/picture";
  for (const std::string host : {"127.0.0.1", "localhost", "0x7f.0.0.1", "0177.1", "2130706433",
                                 "127.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]", "[::1]"}) {
    EXPECT_FALSE(fetcher->Fetch("http://" + host + port, kPlenty).has_value()) << host;
  }
  EXPECT_TRUE(site_.requests().empty());
}

TEST_F(FetchFromSite, ANameIsJudgedByWhatItResolvesTo) {
  FetcherOptions options = Local(thread_.port());
  options.lookup = [](const std::string& host) {
    return host == "inside.example" ? std::vector<std::string>{"10.0.0.1", "fd00::1"}
                                    : std::vector<std::string>{"10.0.0.1", "127.0.0.1"};
  };
  const auto fetcher = Make(std::move(options));
  const std::string port = ":" + std::to_string(thread_.port()) + "/picture";
  EXPECT_FALSE(fetcher->Fetch("http://inside.example" + port, kPlenty).has_value());
  // Of several addresses the one that may be used is used.
  EXPECT_EQ(fetcher->Fetch("http://mixed.example" + port, kPlenty).value_or("error"), "bytes");
  EXPECT_EQ(site_.requests().size(), 1U);
}

TEST_F(FetchFromSite, ANameServerThatChangesItsAnswerDoesNotWin) {
  // The first answer may be used; every later one leads to an address that may not.
  std::atomic<int> lookups = 0;
  FetcherOptions options = Local(thread_.port());
  options.lookup = [&lookups](const std::string&) {
    return std::vector<std::string>{lookups++ == 0 ? "127.0.0.1" : "127.0.0.9"};
  };
  const auto fetcher = Make(std::move(options));
  const std::string site = "http://rebinding.example:" + std::to_string(thread_.port());
  EXPECT_EQ(fetcher->Fetch(site + "/picture", kPlenty).value_or("error"), "bytes");
  EXPECT_EQ(lookups, 1);
  // A redirect to the same name is checked anew.
  lookups = 0;
  EXPECT_FALSE(fetcher->Fetch(site + "/absolute", kPlenty).has_value());
  EXPECT_EQ(lookups, 2);
  EXPECT_EQ(site_.requests().size(), 2U);
}

TEST_F(FetchFromSite, ANamedHostIsNotChecked) {
  FetcherOptions options = {.allowed_hosts = {"Store.Internal"}, .allowed_ports = {thread_.port()}};
  options.lookup = [](const std::string&) { return std::vector<std::string>{"127.0.0.1"}; };
  const auto fetcher = Make(std::move(options));
  const std::string port = ":" + std::to_string(thread_.port()) + "/picture";
  EXPECT_EQ(fetcher->Fetch("http://store.internal" + port, kPlenty).value_or("error"), "bytes");
  EXPECT_FALSE(fetcher->Fetch("http://other.internal" + port, kPlenty).has_value());
}

TEST_F(FetchFromSite, CanBeInterrupted) {
  const auto body =
      Make(Local(thread_.port()))->Fetch(Url("/picture"), kPlenty, [] { return true; });
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(body.error().kind, base::ErrorKind::kCancelled);
}

TEST(Fetch, StopsReadingABodyThatHasNoEnd) {
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  std::vector<std::string> pieces(200, chunk);
  pieces.insert(pieces.begin(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CannedServer server({.pieces = pieces, .keep_open = true});
  const auto body = Make(Local(server.port()))->Fetch(server.UrlOf("127.0.0.1", "/"), 100'000);
  EXPECT_FALSE(body.has_value());
}

TEST(Fetch, EndsAtItsTimeLimit) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
  for (const std::vector<std::string>& pieces :
       {std::vector<std::string>{}, {"HTTP/1.1 200"}, {head}}) {
    CannedServer server({.pieces = pieces, .keep_open = true});
    FetcherOptions options = Local(server.port());
    options.time_max = 50ms;
    EXPECT_FALSE(
        Make(std::move(options))->Fetch(server.UrlOf("127.0.0.1", "/"), kPlenty).has_value());
  }
}

TEST(Fetch, RefusesABodyThatIsCut) {
  CannedServer server({.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}});
  EXPECT_FALSE(
      Make(Local(server.port()))->Fetch(server.UrlOf("127.0.0.1", "/"), kPlenty).has_value());
}

TEST(Fetch, VerifiesCertificates) {
  const std::string body = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  CannedServer trusted({.pieces = {body}, .tls = true});
  const std::string ca_file = std::filesystem::temp_directory_path() /
                              ("millrace-media-ca-" + std::to_string(::getpid()) + ".pem");
  std::ofstream(ca_file) << trusted.certificate();
  FetcherOptions options = Local(trusted.port());
  options.ca_file = ca_file;
  EXPECT_EQ(Make(options)->Fetch(trusted.UrlOf("localhost", "/"), kPlenty).value_or("error"), "ok");
  CannedServer unknown({.pieces = {body}, .tls = true});
  options.allowed_ports = {unknown.port()};
  EXPECT_FALSE(Make(options)->Fetch(unknown.UrlOf("localhost", "/"), kPlenty).has_value());
  std::filesystem::remove(ca_file);
}

TEST(Fetcher, RefusesOptionsThatMeanNothing) {
  EXPECT_FALSE(Fetcher::Create({.allowed_addresses = {"everything"}}).has_value());
  EXPECT_FALSE(Fetcher::Create({.allowed_ports = {}}).has_value());
}

}  // namespace
}  // namespace millrace::media
