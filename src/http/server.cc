#include "http/server.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "http/connection.h"

namespace millrace::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Connections beyond the limit that are being told so; further ones are closed without a word.
constexpr size_t kRefusalsMax = 64;
// Pause after the system had no descriptor or memory for a new connection.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// Accepts until the acceptor is closed. Owns what it uses, so it may outlive the server object.
class Listener {
 public:
  Listener(std::shared_ptr<ServerState> state, tcp::acceptor acceptor)
      : state_(std::move(state)), acceptor_(std::move(acceptor)) {}

  static asio::awaitable<void> Run(std::shared_ptr<Listener> self) {
    bool shortage = false;
    while (self->acceptor_.is_open()) {
      try {
        if (shortage) {
          co_await self->Pause();
        }
        shortage = co_await self->AcceptOne();
      } catch (const std::exception&) {
        // No memory for a connection: it is closed, and the next may find some.
        shortage = true;
      }
    }
  }

  void Close() {
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  // True when the system lacks what a connection needs.
  asio::awaitable<bool> AcceptOne() {
    error_code ec;
    tcp::socket socket(acceptor_.get_executor());
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) {
      Begin(std::move(socket));
    }
    co_return acceptor_.is_open() && IsShortage(ec);
  }

  asio::awaitable<void> Pause() {
    error_code ec;
    asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }

  static bool IsShortage(const error_code& ec) {
    return ec == boost::system::errc::too_many_files_open ||
           ec == boost::system::errc::too_many_files_open_in_system ||
           ec == boost::system::errc::no_buffer_space ||
           ec == boost::system::errc::not_enough_memory;
  }

  void Begin(tcp::socket socket) {
    const size_t open = state_->connections.size();
    const size_t max = state_->options.connections_max;
    if (open >= max + kRefusalsMax) {
      return;
    }
    const asio::any_io_executor executor = acceptor_.get_executor();
    auto connection = std::make_shared<Connection>(state_, std::move(socket));
    asio::co_spawn(executor,
                   open < max ? Connection::Run(std::move(connection))
                              : Connection::Refuse(std::move(connection)),
                   asio::detached);
  }

  std::shared_ptr<ServerState> state_;
  tcp::acceptor acceptor_;
};

class AsioServer final : public Server {
 public:
  AsioServer(std::shared_ptr<ServerState> state, std::shared_ptr<Listener> listener, uint16_t port)
      : state_(std::move(state)), listener_(std::move(listener)), port_(port) {}
  ~AsioServer() override { Abort(); }

  uint16_t port() const override { return port_; }

  void Drain() override {
    state_->draining = true;
    listener_->Close();
    for (Connection* connection : state_->connections) {
      connection->Drain();
    }
  }

  void Abort() override {
    state_->draining = true;
    listener_->Close();
    for (Connection* connection : state_->connections) {
      connection->Abort();
    }
  }

  size_t connection_count() const override { return state_->connections.size(); }

 private:
  std::shared_ptr<ServerState> state_;
  std::shared_ptr<Listener> listener_;
  uint16_t port_;
};

base::Error CannotListen(const ServerOptions& options, const error_code& ec) {
  const bool bracket = options.host.find(':') != std::string::npos && options.host[0] != '[';
  const std::string address = bracket ? fmt::format("[{}]:{}", options.host, options.port)
                                      : fmt::format("{}:{}", options.host, options.port);
  std::string advice;
  if (ec == asio::error::address_in_use) {
    advice = "; another program uses it, choose another port";
  } else if (ec == asio::error::access_denied) {
    advice = "; ports below 1024 need privileges, choose a higher one";
  }
  return base::IoError(fmt::format("cannot listen on {}: {}{}", address, ec.message(), advice));
}

// Literal addresses, "[::1]" with brackets, or a name.
base::Result<tcp::endpoint> ResolveHost(const asio::any_io_executor& executor,
                                        const ServerOptions& options) {
  std::string host = options.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  error_code ec;
  const asio::ip::address literal = asio::ip::make_address(host, ec);
  if (!ec) {
    return tcp::endpoint(literal, options.port);
  }
  tcp::resolver resolver(executor);
  const auto found = resolver.resolve(host, std::to_string(options.port), ec);
  if (ec || found.empty()) {
    return CannotListen(options, ec ? ec : error_code(asio::error::host_not_found));
  }
  return found.begin()->endpoint();
}

}  // namespace

base::Result<std::unique_ptr<Server>> Server::Create(const asio::any_io_executor& executor,
                                                     const ServerOptions& options,
                                                     Handler* handler) {
  const tcp::endpoint endpoint = TRY(ResolveHost(executor, options));
  tcp::acceptor acceptor(executor);
  error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  }
  if (!ec) {
    acceptor.bind(endpoint, ec);
  }
  if (!ec) {
    acceptor.listen(asio::socket_base::max_listen_connections, ec);
  }
  const uint16_t port = ec ? uint16_t{0} : acceptor.local_endpoint(ec).port();
  if (ec) {
    return CannotListen(options, ec);
  }
  auto state = std::make_shared<ServerState>();
  state->options = options;
  state->handler = handler;
  auto listener = std::make_shared<Listener>(state, std::move(acceptor));
  asio::co_spawn(executor, Listener::Run(listener), asio::detached);
  return std::unique_ptr<Server>(
      std::make_unique<AsioServer>(std::move(state), std::move(listener), port));
}

}  // namespace millrace::http
