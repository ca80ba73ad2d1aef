#include "http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "http/head_scanner.h"
#include "http/message_parser.h"
#include "http/read_buffer.h"
#include "http/url.h"

namespace millrace::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kInterruptInterval = std::chrono::milliseconds(100);
constexpr size_t kReadBytes = 16 * 1024;
constexpr HeadLimits kHeadLimits = {.bytes_max = 256 * 1024, .lines_max = 500};
// Interim answers (1xx) before the one that counts.
constexpr int kInterimMax = 16;

// One request and its answer. Every coroutine below runs inside Fetch's own loop and borrows this.
struct Session {
  const ClientRequest& request;
  const std::function<bool(std::string_view)>& on_body;
  Url url;
  std::vector<tcp::endpoint> endpoints = {};  // where it may connect to
  SteadyClock::time_point deadline = {};
  SteadyClock::time_point total_deadline = SteadyClock::time_point::max();
  std::string_view phase = {};  // what the deadline is for
  ReadBuffer received = {};
  Response response = {};
  std::optional<base::Error> error = {};
  bool done = false;

  std::string Peer() const { return fmt::format("{}:{}", url.host, url.port); }

  void SetPhase(std::string_view name, std::chrono::milliseconds limit) {
    phase = name;
    SetDeadline(limit);
  }
  void Progress() { SetDeadline(request.idle_timeout); }
  void SetDeadline(std::chrono::milliseconds limit) {
    deadline = std::min(total_deadline, SteadyClock::now() + limit);
  }
  void Fail(base::ErrorKind kind, std::string_view problem) {
    error = base::Error{kind, fmt::format("{}: {}", Peer(), problem)};
  }
};

bool HasHeader(const HeaderList& headers, std::string_view name) {
  return FindHeader(headers, name).has_value();
}

std::string FormatRequest(const Session& session) {
  const ClientRequest& request = session.request;
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, session.url.target);
  if (!HasHeader(request.headers, "Host")) {
    out += fmt::format("Host: {}\r\n", session.url.authority);
  }
  for (const auto& [name, value] : request.headers) {
    out += fmt::format("{}: {}\r\n", name, value);
  }
  const bool sends_body = request.method != "GET" && request.method != "HEAD";
  if (sends_body || !request.body.empty()) {
    out += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  out += "Connection: close\r\n\r\n";
  out += request.body;
  return out;
}

// A header that would end its line early could smuggle a second request.
bool HeadersAreClean(const ClientRequest& request) {
  const auto clean = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  };
  return clean(request.method) && request.method.find(' ') == std::string::npos &&
         std::all_of(request.headers.begin(), request.headers.end(), [&clean](const auto& header) {
           return clean(header.first) && clean(header.second);
         });
}

// Sends in pieces, so that a slow upload counts as progress.
template <typename Stream>
asio::awaitable<bool> SendRequest(Session& session, Stream& stream) {
  const std::string bytes = FormatRequest(session);
  size_t sent = 0;
  while (sent < bytes.size()) {
    error_code ec;
    sent += co_await stream.async_write_some(
        asio::buffer(bytes.data() + sent, std::min(bytes.size() - sent, size_t{256} << 10)),
        asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
      // The server may have answered and closed without reading on: its answer still counts.
      co_return false;
    }
    session.Progress();
  }
  co_return true;
}

// Reads more bytes; false at the end of the connection, whatever ended it.
template <typename Stream>
asio::awaitable<bool> Receive(Session& session, Stream& stream) {
  error_code ec;
  const std::span<char> room = session.received.Prepare(kReadBytes);
  const size_t got = co_await stream.async_read_some(asio::buffer(room.data(), kReadBytes),
                                                     asio::redirect_error(asio::use_awaitable, ec));
  session.received.Commit(got);
  session.Progress();
  co_return got > 0;
}

// Reads one head into `session.response`; false with the session's error set.
template <typename Stream>
asio::awaitable<bool> ReadHead(Session& session, Stream& stream, ResponseParser& parser) {
  HeadScanner scanner(kHeadLimits);
  for (;;) {
    const HeadState state = scanner.Scan(session.received.view());
    if (state == HeadState::kComplete) {
      break;
    }
    if (state != HeadState::kNeedMore) {
      session.Fail(base::ErrorKind::kCorruptData, "the answer is not HTTP");
      co_return false;
    }
    const bool more = co_await Receive(session, stream);
    if (!more) {
      session.Fail(base::ErrorKind::kIo, "the connection ended before an answer came");
      co_return false;
    }
  }
  session.response = Response();
  const base::Status parsed =
      parser.ParseHead(session.received.view().substr(0, scanner.length()), session.response);
  session.received.Consume(scanner.length());
  if (!parsed.has_value()) {
    session.Fail(base::ErrorKind::kCorruptData, "the answer is not HTTP");
  }
  co_return parsed.has_value();
}

template <typename Stream>
asio::awaitable<void> ReadBody(Session& session, Stream& stream, ResponseParser& parser) {
  std::string piece;
  for (;;) {
    piece.clear();
    const BodyProgress progress = parser.FeedBody(session.received.view(), piece);
    session.received.Consume(progress.used);
    if (!piece.empty() && !session.on_body(piece)) {
      co_return;
    }
    if (progress.state == BodyState::kComplete) {
      co_return;
    }
    if (progress.state != BodyState::kNeedMore) {
      session.Fail(base::ErrorKind::kCorruptData, "the answer's body is broken");
      co_return;
    }
    const bool more = co_await Receive(session, stream);
    if (!more) {
      if (!parser.ends_with_connection()) {
        session.Fail(base::ErrorKind::kIo, "the connection ended in the middle of the answer");
      }
      co_return;
    }
  }
}

template <typename Stream>
asio::awaitable<void> Exchange(Session& session, Stream& stream) {
  session.SetPhase("waiting for an answer", session.request.idle_timeout);
  co_await SendRequest(session, stream);
  for (int interim = 0; interim < kInterimMax; ++interim) {
    ResponseParser parser(session.request.method == "HEAD");
    const bool read = co_await ReadHead(session, stream, parser);
    if (!read) {
      co_return;
    }
    if (session.response.status >= 200) {
      if (session.request.on_head && !session.request.on_head(session.response)) {
        co_return;
      }
      co_await ReadBody(session, stream, parser);
      co_return;
    }
  }
  session.Fail(base::ErrorKind::kCorruptData, "nothing but interim answers");
}

asio::awaitable<bool> Connect(Session& session, tcp::socket& socket) {
  error_code ec;
  co_await asio::async_connect(socket, session.endpoints,
                               asio::redirect_error(asio::use_awaitable, ec));
  if (ec) {
    session.Fail(base::ErrorKind::kIo, fmt::format("cannot connect: {}", ec.message()));
    co_return false;
  }
  socket.set_option(tcp::no_delay(true), ec);
  co_return true;
}

error_code PrepareTls(const ClientRequest& request, asio::ssl::context& context) {
  error_code ec;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                          asio::ssl::context::no_tlsv1_1,
                      ec);
  context.set_verify_mode(asio::ssl::verify_peer, ec);
  // Without any system certificates nothing verifies, and the handshake says so.
  error_code ignored;
  context.set_default_verify_paths(ignored);
  if (!ec && !request.ca_file.empty()) {
    context.load_verify_file(request.ca_file, ec);
  }
  return ec;
}

asio::awaitable<void> RunTls(Session& session, tcp::socket socket) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code ec = PrepareTls(session.request, context);
  asio::ssl::stream<tcp::socket> stream(std::move(socket), context);
  if (!ec) {
    stream.set_verify_callback(asio::ssl::host_name_verification(session.url.host), ec);
  }
  SSL_set_tlsext_host_name(stream.native_handle(), session.url.host.c_str());
  if (!ec) {
    co_await stream.async_handshake(asio::ssl::stream_base::client,
                                    asio::redirect_error(asio::use_awaitable, ec));
  }
  if (ec) {
    session.Fail(base::ErrorKind::kIo, fmt::format("no TLS: {}", ec.message()));
    co_return;
  }
  co_await Exchange(session, stream);
}

asio::awaitable<void> Run(Session& session) {
  tcp::socket socket(co_await asio::this_coro::executor);
  const bool connected = co_await Connect(session, socket);
  if (!connected) {
    co_return;
  }
  if (session.url.tls) {
    co_await RunTls(session, std::move(socket));
  } else {
    co_await Exchange(session, socket);
  }
}

// The addresses of the host that the request permits, as endpoints.
base::Status FindEndpoints(Session& session, const std::function<bool()>& interrupted) {
  error_code ec;
  std::vector<std::string> addresses;
  const asio::ip::address literal = asio::ip::make_address(session.url.host, ec);
  if (!ec) {
    addresses.push_back(literal.to_string());
  } else if (session.request.resolver != nullptr) {
    addresses =
        TRY(session.request.resolver->Resolve(session.url.host, session.deadline, interrupted));
  } else {
    addresses = TRY(NameResolver().Resolve(session.url.host, session.deadline, interrupted));
  }
  for (const std::string& text : addresses) {
    if (session.request.permit_address && !session.request.permit_address(text)) {
      continue;
    }
    const asio::ip::address address = asio::ip::make_address(text, ec);
    if (!ec) {
      session.endpoints.emplace_back(address, session.url.port);
    }
  }
  if (session.endpoints.empty()) {
    return base::Error{base::ErrorKind::kPermissionDenied, "no address that may be connected to"};
  }
  return {};
}

// Turns the loop until the session is done, its deadline passes or it is interrupted.
void Drive(Session& session, asio::io_context& io, const std::function<bool()>& interrupted) {
  SteadyClock::time_point next_question = {};
  while (!session.done) {
    const auto now = SteadyClock::now();
    if (interrupted && now >= next_question) {
      next_question = now + kInterruptInterval;
      if (interrupted()) {
        session.Fail(base::ErrorKind::kCancelled, "interrupted");
        return;
      }
    }
    if (now >= session.deadline) {
      session.Fail(base::ErrorKind::kDeadlineExceeded,
                   fmt::format("timed out while {}", session.phase));
      return;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(session.deadline - now);
    // One handler at a time while work is at hand, so that a busy stream is interruptible too.
    io.run_one_for(std::min(kInterruptInterval, left));
  }
}

}  // namespace

base::Result<Response> Fetch(const ClientRequest& request,
                             const std::function<bool(std::string_view)>& on_body,
                             const std::function<bool()>& interrupted) {
  if (!HeadersAreClean(request)) {
    return base::InvalidArgument("a method or header with a line break", "headers");
  }
  Url url = TRY(ParseUrl(request.url));
  Session session{.request = request, .on_body = on_body, .url = std::move(url)};
  if (request.total_timeout.count() > 0) {
    session.total_deadline = SteadyClock::now() + request.total_timeout;
  }
  try {
    session.SetPhase("connecting", request.connect_timeout);
    const base::Status found = FindEndpoints(session, interrupted);
    if (!found.has_value()) {
      session.Fail(found.error().kind, found.error().message);
      return *std::move(session.error);
    }
    // Destroyed before the session, and with it the coroutines that borrow it.
    asio::io_context io(1);
    asio::co_spawn(io, Run(session), [&session](const std::exception_ptr& thrown) {
      session.done = true;
      if (thrown) {
        session.Fail(base::ErrorKind::kInternal, "the request failed inside the client");
      }
    });
    Drive(session, io, interrupted);
  } catch (const std::exception& error) {
    session.Fail(base::ErrorKind::kInternal, error.what());
  }
  if (session.error) {
    return *std::move(session.error);
  }
  return std::move(session.response);
}

}  // namespace millrace::http
