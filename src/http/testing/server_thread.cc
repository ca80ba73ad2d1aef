#include "http/testing/server_thread.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>

#include "base/check.h"

namespace millrace::http {

ServerThread::ServerThread(Handler* handler, ServerOptions options) : io_(1) {
  options.port = 0;
  auto server = Server::Create(io_.get_executor(), options, handler);
  MILLRACE_CHECK(server.has_value());
  server_ = *std::move(server);
  port_ = server_->port();
  thread_ = std::jthread([this] {
    const auto guard = boost::asio::make_work_guard(io_);
    io_.run();
  });
}

ServerThread::~ServerThread() {
  Do([this] { server_->Abort(); });
  io_.stop();
  thread_.join();
}

void ServerThread::Do(const std::function<void()>& work) {
  std::promise<void> done;
  boost::asio::post(io_, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

size_t ServerThread::connection_count() {
  size_t count = 0;
  Do([&] { count = server_->connection_count(); });
  return count;
}

}  // namespace millrace::http
