// A handler that answers with what it was asked; some paths do special things.
#pragma once

#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>

#include "http/server.h"

namespace millrace::http {

inline std::string ErrorName(ProtocolError error) {
  switch (error) {
    case ProtocolError::kMalformed:
      return "malformed";
    case ProtocolError::kHeadTooLarge:
      return "head too large";
    case ProtocolError::kBodyTooLarge:
      return "body too large";
    case ProtocolError::kTimeout:
      return "timeout";
    case ProtocolError::kOverloaded:
      return "overloaded";
  }
  return {};
}

inline int StatusOf(ProtocolError error) {
  switch (error) {
    case ProtocolError::kMalformed:
      return 400;
    case ProtocolError::kHeadTooLarge:
      return 431;
    case ProtocolError::kBodyTooLarge:
      return 413;
    case ProtocolError::kTimeout:
      return 408;
    case ProtocolError::kOverloaded:
      return 503;
  }
  return 0;
}

// Answers with what it was asked; some paths do special things.
class EchoHandler final : public Handler {
 public:
  uint64_t body_bytes_max = 1000;
  std::atomic<int> gone_count = 0;
  std::atomic<int> handled = 0;
  std::promise<void> first_gone;
  std::promise<bool> flood_ended;

  HeadDecision OnHead(const RequestHead& head) override {
    if (head.path == "/reject") {
      return Response{.status = 401, .headers = {{"X-Why", "no"}}, .body = "rejected"};
    }
    return AcceptBody{body_bytes_max};
  }

  Response OnProtocolError(ProtocolError error, const RequestHead* head) override {
    return {.status = StatusOf(error),
            .headers = {{"X-Head", head != nullptr ? "known" : "unknown"}},
            .body = ErrorName(error)};
  }

  boost::asio::awaitable<void> Handle(Request request, ResponseWriter& writer) override {
    ++handled;
    if (request.head.path == "/stream") {
      co_await Stream(writer);
    } else if (request.head.path == "/wait" || request.head.path == "/wait-stream") {
      co_await WaitForGone(request.head.path == "/wait-stream", writer);
    } else if (request.head.path == "/flood") {
      co_await Flood(writer);
    } else if (request.head.path == "/unfinished") {
      co_await writer.StartStream(200, {});
      co_await writer.WriteChunk("half");
    } else if (request.head.path == "/throw") {
      throw std::runtime_error("handler");
    } else if (request.head.path == "/big") {
      Response response;
      response.body.assign(8 << 20, 'x');
      co_await writer.Send(std::move(response));
    } else if (request.head.path != "/silent") {
      co_await writer.Send(Echo(request));
    }
  }

 private:
  static Response Echo(const Request& request) {
    return {.status = 200,
            .headers = {{"Content-Type", "text/plain"}, {"X-Evil", "a\r\nInjected: b"}},
            .body = request.head.method + " " + request.head.path + "?" + request.head.query + " " +
                    request.body};
  }

  boost::asio::awaitable<void> Stream(ResponseWriter& writer) {
    HeaderList headers;
    headers.emplace_back("Content-Type", "text/event-stream");
    co_await writer.StartStream(200, std::move(headers));
    co_await writer.WriteChunk("data: 1\n\n");
    co_await writer.WriteChunk("");
    co_await writer.WriteChunk("data: 2\n\n");
    co_await writer.FinishStream();
  }

  // Ends when the client has left; answers all the same.
  boost::asio::awaitable<void> WaitForGone(bool stream, ResponseWriter& writer) {
    if (stream) {
      co_await writer.StartStream(200, {});
      co_await writer.WriteChunk("begun");
    }
    boost::asio::steady_timer until_gone(co_await boost::asio::this_coro::executor,
                                         std::chrono::seconds(10));
    writer.NotifyWhenGone([this, &until_gone] {
      if (++gone_count == 1) {
        first_gone.set_value();
      }
      until_gone.cancel();
    });
    boost::system::error_code ec;
    if (gone_count > 0) {
      until_gone.expires_after(std::chrono::seconds(0));
    }
    co_await until_gone.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
    if (!stream) {
      Response response;
      response.body = "late";
      co_await writer.Send(std::move(response));
    }
  }

  // Writes until it is told to stop.
  boost::asio::awaitable<void> Flood(ResponseWriter& writer) {
    co_await writer.StartStream(200, {});
    const std::string piece(64 * 1024, 'y');
    bool more = true;
    size_t pieces = 0;
    while (more && ++pieces < 10'000) {
      more = co_await writer.WriteChunk(piece);
    }
    flood_ended.set_value(!more);
  }
};

}  // namespace millrace::http
