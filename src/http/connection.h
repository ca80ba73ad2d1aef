// One client connection: reads requests, hands them to the handler, writes the answers in order.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <unordered_set>

#include "http/message_parser.h"
#include "http/server.h"
#include "http/transport.h"

namespace millrace::http {

class Connection;

// What the connections of one server share; outlives the server while connections still end.
struct ServerState {
  ServerOptions options;
  Handler* handler = nullptr;
  bool draining = false;
  uint64_t bodies_bytes = 0;  // held by all BodyClaims
  std::unordered_set<Connection*> connections;
};

// The share of one request's body in what all bodies together may take; given back at its end.
class BodyClaim {
 public:
  explicit BodyClaim(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}
  ~BodyClaim() { state_->bodies_bytes -= bytes_; }
  BodyClaim(const BodyClaim&) = delete;
  BodyClaim& operator=(const BodyClaim&) = delete;

  // Whether a body of this size would fit now.
  bool Fits(uint64_t bytes) const {
    const uint64_t others = state_->bodies_bytes - bytes_;
    return others + bytes <= state_->options.bodies_bytes_max;
  }
  // Holds `bytes` from now on, whether they fit or not: they are there.
  void Hold(uint64_t bytes) {
    state_->bodies_bytes += bytes - bytes_;
    bytes_ = bytes;
  }

 private:
  std::shared_ptr<ServerState> state_;
  uint64_t bytes_ = 0;
};

class Connection {
 public:
  Connection(std::shared_ptr<ServerState> state, boost::asio::ip::tcp::socket socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves until the connection ends. Owns `self`.
  static boost::asio::awaitable<void> Run(std::shared_ptr<Connection> self);
  // Answers kOverloaded and closes. Owns `self`.
  static boost::asio::awaitable<void> Refuse(std::shared_ptr<Connection> self);

  // Closes now when no request is being received or answered, else after the answer.
  void Drain();
  void Abort();

 private:
  friend class ConnectionWriter;
  enum class Next { kServeNext, kLinger, kClose };

  boost::asio::awaitable<void> Serve();
  // What has arrived of a body since its deadline was set last.
  struct BodyPace {
    uint64_t bytes = 0;
    bool begun = false;
  };
  boost::asio::awaitable<bool> AwaitRequest(Transport::Duration timeout);
  boost::asio::awaitable<Next> ServeOne();
  boost::asio::awaitable<Next> Answer(Request request, bool close);
  // Reads up to the end of the head; its length, or the error to answer, or nothing to answer.
  struct HeadRead {
    size_t length = 0;
    std::optional<ProtocolError> error = {};
    bool gone = false;
  };
  boost::asio::awaitable<HeadRead> ReadHead();
  struct BodyRead {
    std::optional<ProtocolError> error = {};
    bool gone = false;
  };
  boost::asio::awaitable<BodyRead> ReadBody(RequestParser& parser, std::string& body,
                                            BodyClaim& claim);
  // Reads more of a body into the transport's buffer, within the time that its progress allows.
  boost::asio::awaitable<IoState> ReadBodyBytes(BodyPace& pace);
  // The answer to a body that is refused for its declared size, nothing when it may come.
  std::optional<ProtocolError> RefusesLength(const RequestHead& head, uint64_t bytes_max,
                                             const BodyClaim& claim) const;
  // Sends `response` to a request whose body is not wanted, and finds a way to go on.
  boost::asio::awaitable<Next> Reject(RequestParser& parser, const RequestHead& head,
                                      Response response);
  boost::asio::awaitable<Next> FailWith(ProtocolError error, const RequestHead* head);
  boost::asio::awaitable<bool> SendResponse(const Response& response, bool close);
  boost::asio::awaitable<bool> DrainBody(RequestParser& parser);

  std::shared_ptr<ServerState> state_;
  std::shared_ptr<Transport> transport_;
  std::string remote_address_;
  bool idle_ = true;
  bool head_method_ = false;  // the request being answered is HEAD
  bool http11_ = true;        // its version
};

}  // namespace millrace::http
