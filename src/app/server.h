// The running server: every part made, started in order and stopped in the opposite one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accounts/accounts.h"
#include "app/gather_options.h"
#include "app/logger.h"
#include "app/serve_options.h"
#include "base/result.h"

namespace millrace::app {

// Start order: headers of the model files, keys and ledger, HTTP; then, while requests are answered
// already, weights and engines. A failure before that undoes what came before.
//
// SIGTERM and SIGINT end the server (shutdown.h), SIGHUP makes it read its configuration anew.
class Server {
 public:
  struct Setup {
    ServeOptions options;
    std::function<GatheredOptions()> read_again;  // for SIGHUP; called on a thread of its own
    Log* log;                                     // borrowed
  };

  // Reads the headers of the models and binds the address. An error may have several lines.
  static base::Result<std::unique_ptr<Server>> Create(Setup setup);
  virtual ~Server() = default;

  // "127.0.0.1:8080", with the port that was bound.
  virtual std::string address() const = 0;
  // One line a model, for people.
  virtual std::vector<std::string> model_lines() const = 0;
  virtual std::string first_model() const = 0;

  // Set when this start made the first account and key. Taken once.
  virtual std::optional<accounts::NewKey> TakeFirstKey() = 0;

  // Serves until a signal ends it, calling `on_ready` once when every model is loaded. False: a
  // model that was named at the start could not be loaded.
  virtual bool Run(std::function<void()> on_ready) = 0;
};

}  // namespace millrace::app
