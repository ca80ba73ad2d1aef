// The part of the configuration that may be replaced while the server runs.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "accounts/limit_table.h"
#include "api/api_options.h"

namespace millrace::api {

struct ApiSettings {
  ApiOptions options;
  accounts::LimitTable limits;
};

// Thread-safe. A request takes the settings once, when it arrives, and keeps them to its end.
class LiveSettings {
 public:
  explicit LiveSettings(ApiSettings settings = {})
      : current_(std::make_shared<const ApiSettings>(std::move(settings))) {}

  std::shared_ptr<const ApiSettings> Get() const { return current_.load(); }
  void Replace(ApiSettings settings) {
    current_.store(std::make_shared<const ApiSettings>(std::move(settings)));
  }

 private:
  std::atomic<std::shared_ptr<const ApiSettings>> current_;
};

}  // namespace millrace::api
