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
  std::unordered_set<Connection*> connections;
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
  boost::asio::awaitable<BodyRead> ReadBody(RequestParser& parser, std::string& body);
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
