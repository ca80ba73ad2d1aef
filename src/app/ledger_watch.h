// Tells the operator when usage cannot be written, and when it can again.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "accounts/accounts.h"

namespace millrace::app {

// Looks at the store's ledger every few seconds, on the loop it is given. What it borrows must
// outlive it.
class LedgerWatch {
 public:
  struct Reports {
    std::function<void(const std::string& reason)> trouble;
    std::function<void()> well_again;
  };
  LedgerWatch(boost::asio::io_context* loop, const accounts::Store* store, Reports reports);

  // One look; each state is reported once, a new reason again.
  void Look();

 private:
  void Wait();

  boost::asio::steady_timer timer_;
  const accounts::Store* store_;
  const Reports reports_;
  std::string reason_;  // last reported; empty = well
};

}  // namespace millrace::app
