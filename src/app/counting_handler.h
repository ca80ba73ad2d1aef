// Counts the requests that are being answered.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <utility>

#include "http/server.h"

namespace millrace::app {

// Passes everything on. Used on the server's executor alone.
class CountingHandler final : public http::Handler {
 public:
  // `inner` is borrowed.
  explicit CountingHandler(http::Handler* inner) : inner_(inner) {}

  http::HeadDecision OnHead(const http::RequestHead& head) override { return inner_->OnHead(head); }
  boost::asio::awaitable<void> Handle(http::Request request,
                                      http::ResponseWriter& writer) override {
    const Count count(running_);
    co_await inner_->Handle(std::move(request), writer);
  }
  http::Response OnProtocolError(http::ProtocolError error,
                                 const http::RequestHead* head) override {
    return inner_->OnProtocolError(error, head);
  }

  size_t running() const { return running_; }

 private:
  class Count {
   public:
    explicit Count(size_t& number) : number_(number) { ++number_; }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
    ~Count() { --number_; }

   private:
    size_t& number_;
  };

  http::Handler* inner_;
  size_t running_ = 0;
};

}  // namespace millrace::app
