// Opens the store of a data directory for one command.
#pragma once

#include <ostream>
#include <string>

#include "accounts/accounts.h"
#include "app/commands.h"
#include "app/serve_options.h"
#include "base/clock.h"
#include "base/random.h"

namespace millrace::app {

// Runs `use(store, clock)`, which returns a Status, on the store of `directory`, or of the default
// one when that is empty. Complains to `err`; returns the exit status.
template <typename Use>
int WithStore(std::string directory, std::ostream& err, Use use) {
  if (directory.empty()) {
    base::Result<std::string> fallback = DefaultDataDirectory();
    if (!fallback.has_value()) {
      err << fallback.error().message << '\n';
      return kExitFailed;
    }
    directory = *std::move(fallback);
  }
  base::SystemClock clock;
  base::SystemRandom random;
  auto store = accounts::Store::Open(directory, &clock, &random);
  base::Status status = store.has_value() ? use(**store, clock) : base::Status(store.error());
  if (!status.has_value()) {
    err << status.error().message << '\n';
    return kExitFailed;
  }
  return kExitOk;
}

}  // namespace millrace::app
