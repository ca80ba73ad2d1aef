// The HTTP/1.1 server: Boost.Beast on coroutines, one event loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"
#include "http/message.h"

namespace millrace::http {

// Writes the answer to one request. Lives as long as the handler's coroutine; used from it alone.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // Sends a whole response. At most once, and not after StartStream.
  virtual boost::asio::awaitable<void> Send(Response response) = 0;

  // Begins a streamed body (chunked on HTTP/1.1, until close on 1.0). A body not finished when the
  // handler returns is cut off, so that the client sees it is incomplete.
  virtual boost::asio::awaitable<void> StartStream(int status, HeaderList headers) = 0;
  // Sends one piece and flushes it. Waits while the client reads slowly; false when the client is
  // gone or made no progress for the stall limit: stop then.
  virtual boost::asio::awaitable<bool> WriteChunk(std::string_view bytes) = 0;
  // Ends the streamed body.
  virtual boost::asio::awaitable<void> FinishStream() = 0;

  // Calls `on_gone` once when the client goes away (reset, closed, write error) while the handler
  // runs; at once when it already has. Runs on the server's executor. Cleared when the handler
  // returns.
  virtual void NotifyWhenGone(std::move_only_function<void()> on_gone) = 0;
  virtual bool client_gone() const = 0;
};

// What the application decides when it has seen the head alone.
struct AcceptBody {
  uint64_t bytes_max = 0;  // a larger body is answered with ProtocolError::kBodyTooLarge
};
using HeadDecision = std::variant<AcceptBody, Response>;

// Failures the server finds itself; the application chooses the bytes of the answer.
enum class ProtocolError {
  kMalformed,     // 400: request line, header or framing not understood
  kHeadTooLarge,  // 431
  kBodyTooLarge,  // 413
  kTimeout,       // 408: head or body not complete in time
  kOverloaded,    // 503: too many connections, or too much memory in bodies being received
};

// Implemented by `api`. Called on the server's executor.
class Handler {
 public:
  virtual ~Handler() = default;

  // Decides on route, method, key and declared size before any of the body is read or `100
  // Continue` is sent.
  virtual HeadDecision OnHead(const RequestHead& head) = 0;
  // Answers one request.
  virtual boost::asio::awaitable<void> Handle(Request request, ResponseWriter& writer) = 0;
  // The answer to a request the server could not accept. `head` is null when it could not even be
  // parsed.
  virtual Response OnProtocolError(ProtocolError error, const RequestHead* head) = 0;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0 = any free port
  uint32_t head_bytes_max = 64 * 1024;
  uint32_t header_lines_max = 100;
  uint32_t connections_max = 4096;
  // Bodies of all connections together, from their arrival until their answers end. What does not
  // fit is answered with kOverloaded.
  uint64_t bodies_bytes_max = uint64_t{512} << 20;
  std::chrono::milliseconds head_timeout = std::chrono::seconds(10);
  // A body has to end, or at least body_timeout times body_rate_min bytes of it have to arrive,
  // within each body_timeout. So a slow line may take its time and a body cannot be dripped.
  std::chrono::milliseconds body_timeout = std::chrono::seconds(60);
  uint32_t body_rate_min = 1024;                                      // bytes a second
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(75);  // between two requests
  std::chrono::milliseconds stall_timeout =
      std::chrono::seconds(60);          // a reader that takes nothing
  std::string server_name = "millrace";  // the Server header; empty for none
};

// Accepts connections on its executor, which must run one thing at a time; all of the server is
// used from there. `handler` is borrowed and must outlive the server and its connections: destroy
// it after the executor has stopped running, or once `connection_count()` is 0.
//
// A client that shuts its sending side while its request is answered counts as gone: TCP cannot
// tell that from leaving. A stream then ends; a whole answer is still sent when the handler gives
// one.
class Server {
 public:
  // Binds and listens. Errors: kIo naming address and reason.
  static base::Result<std::unique_ptr<Server>> Create(const boost::asio::any_io_executor& executor,
                                                      const ServerOptions& options,
                                                      Handler* handler);
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;  // the bound port
  // Stops accepting; idle connections close now, busy ones after their answer (`Connection:
  // close`).
  virtual void Drain() = 0;
  // Closes every connection at once.
  virtual void Abort() = 0;
  virtual size_t connection_count() const = 0;
};

}  // namespace millrace::http
