// A real server on a free port with its event loop on a thread of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <thread>

#include "http/server.h"

namespace millrace::http {

class ServerThread {
 public:
  // `handler` is borrowed. The port in `options` is replaced by a free one.
  explicit ServerThread(Handler* handler, ServerOptions options = {});
  // Closes every connection and joins.
  ~ServerThread();

  uint16_t port() const { return port_; }
  Server& server() { return *server_; }
  boost::asio::io_context& io() { return io_; }
  // Runs `work` on the event loop and waits for it.
  void Do(const std::function<void()>& work);
  size_t connection_count();

 private:
  boost::asio::io_context io_;
  std::unique_ptr<Server> server_;
  uint16_t port_ = 0;
  std::jthread thread_;
};

}  // namespace millrace::http
