#include "app/ledger_watch.h"

#include <chrono>
#include <utility>

namespace millrace::app {
namespace {

constexpr std::chrono::seconds kPeriod{5};

}  // namespace

LedgerWatch::LedgerWatch(boost::asio::io_context* loop, const accounts::Store* store,
                         Reports reports)
    : timer_(*loop), store_(store), reports_(std::move(reports)) {
  Wait();
}

void LedgerWatch::Look() {
  const auto trouble = store_->trouble();
  const std::string reason = trouble ? trouble->message : "";
  if (reason == reason_) {
    return;
  }
  reason_ = reason;
  if (reason.empty()) {
    reports_.well_again();
  } else {
    reports_.trouble(reason);
  }
}

void LedgerWatch::Wait() {
  timer_.expires_after(kPeriod);
  timer_.async_wait([this](const boost::system::error_code& failure) {
    if (!failure) {
      Look();
      Wait();
    }
  });
}

}  // namespace millrace::app
