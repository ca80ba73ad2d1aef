// The running server: every part made, started in order and stopped in the opposite one.
#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "accounts/accounts.h"
#include "app/serve_options.h"
#include "base/result.h"

namespace millrace::app {

// Start order: keys and ledger, models (each with its engine thread), HTTP. A failure at any point
// undoes what came before.
class Server {
 public:
  // Binds the address and loads the models. `logger` is kept.
  static base::Result<std::unique_ptr<Server>> Create(const ServeOptions& options,
                                                      std::shared_ptr<spdlog::logger> logger);
  virtual ~Server() = default;

  // "127.0.0.1:8080", with the port that was bound.
  virtual std::string address() const = 0;
  // One line a model, for people.
  virtual std::vector<std::string> model_lines() const = 0;
  virtual std::string first_model() const = 0;

  // Set when this start made the first account and key. Taken once.
  virtual std::optional<accounts::NewKey> TakeFirstKey() = 0;

  // Serves until SIGINT or SIGTERM. Running requests then have a grace period to end, new ones are
  // answered 503; a second signal ends at once.
  virtual void Run() = 0;
};

}  // namespace millrace::app
