#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ctime>
#include <ostream>

#include "accounts/accounts.h"
#include "app/commands.h"
#include "json/json.h"

namespace millrace::app {
namespace {

std::string ShowTime(int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

boost::json::object ToJson(const accounts::KeyInfo& key) {
  boost::json::object object{{"id", key.key_id},
                             {"account", key.account_id},
                             {"name", key.name},
                             {"hint", key.hint},
                             {"created", key.created_unix_seconds},
                             {"expires", nullptr},
                             {"state", accounts::KeyStateName(key.state)}};
  if (key.expires_unix_seconds.has_value()) {
    object["expires"] = *key.expires_unix_seconds;
  }
  return object;
}

// Opens the store of the options' data directory and runs `use` on it.
template <typename Use>
int WithStore(const KeysOptions& options, std::ostream& err, Use use) {
  std::string directory = options.data_directory;
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

}  // namespace

int RunKeysCreate(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  return WithStore(
      options, err, [&](accounts::Store& store, const base::Clock& clock) -> base::Status {
        accounts::KeyOptions wanted;
        wanted.account_id = options.account;
        wanted.name = options.name;
        if (options.expires_in_days > 0) {
          wanted.expires_unix_seconds = clock.UnixMillis() / 1000 + options.expires_in_days * 86400;
        }
        const accounts::NewKey key = TRY(store.CreateKey(wanted));
        if (options.json) {
          boost::json::object object = ToJson(key.info);
          object["key"] = key.secret;
          out << json::Serialize(object) << '\n';
        } else {
          out << fmt::format("{}\n", key.secret);
          err << fmt::format("Key {} of account '{}'. It is shown only this once.\n",
                             key.info.key_id, key.info.account_id);
        }
        return {};
      });
}

int RunKeysList(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  return WithStore(options, err, [&](accounts::Store& store, const base::Clock&) -> base::Status {
    const std::vector<accounts::KeyInfo> keys = TRY(store.ListKeys());
    if (options.json) {
      boost::json::array list;
      for (const accounts::KeyInfo& key : keys) {
        list.push_back(ToJson(key));
      }
      out << json::Serialize(list) << '\n';
      return {};
    }
    out << fmt::format("{:<14} {:<10} {:<14} {:<16} {:<17} {:<17} {}\n", "ID", "STATE", "KEY",
                       "ACCOUNT", "CREATED (UTC)", "EXPIRES (UTC)", "NAME");
    for (const accounts::KeyInfo& key : keys) {
      out << fmt::format("{:<14} {:<10} {:<14} {:<16} {:<17} {:<17} {}\n", key.key_id,
                         accounts::KeyStateName(key.state), key.hint, key.account_id,
                         ShowTime(key.created_unix_seconds),
                         key.expires_unix_seconds ? ShowTime(*key.expires_unix_seconds) : "never",
                         key.name);
    }
    return {};
  });
}

int RunKeysRevoke(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  return WithStore(options, err, [&](accounts::Store& store, const base::Clock&) -> base::Status {
    const accounts::KeyInfo key = TRY(store.RevokeKey(options.key_id));
    if (options.json) {
      out << json::Serialize(ToJson(key)) << '\n';
    } else {
      out << fmt::format("Revoked {} ({}).\n", key.key_id, key.hint);
    }
    return {};
  });
}

}  // namespace millrace::app
