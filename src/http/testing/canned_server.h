// A server that says what the test wants to one client, over plain TCP or TLS.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace millrace::http {

class CannedServer {
 public:
  // Accepts one connection, reads a request's head, sends the pieces one by one and closes, or
  // keeps the connection open until the client leaves when `keep_open`.
  struct Script {
    std::vector<std::string> pieces;
    bool keep_open = false;
    bool tls = false;
  };
  explicit CannedServer(Script script);
  ~CannedServer();

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string UrlOf(const std::string& host, const std::string& target) const;
  // The certificate of the TLS server, valid for "localhost": PEM.
  const std::string& certificate() const { return certificate_; }
  // What the client sent; waits until the conversation is over.
  std::string Request();

 private:
  void MakeCertificate();
  void Run();
  template <typename Stream>
  void Talk(Stream& stream);

  Script script_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::string certificate_;
  std::string private_key_;
  std::string request_;
  std::jthread thread_;
};

}  // namespace millrace::http
