#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>

#include "accounts/accounts.h"
#include "app/commands.h"
#include "app/open_store.h"
#include "app/utc_time.h"
#include "json/json.h"

namespace millrace::app {
namespace {

boost::json::object ToJson(const accounts::KeyInfo& key) {
  boost::json::object object{{"id", key.key_id},
                             {"account", key.account_id},
                             {"name", key.name},
                             {"hint", key.hint},
                             {"created", key.created_unix_seconds},
                             {"expires", nullptr},
                             {"state", accounts::KeyStateName(key.state)},
                             {"models", nullptr}};
  if (key.expires_unix_seconds.has_value()) {
    object["expires"] = *key.expires_unix_seconds;
  }
  if (!key.models.empty()) {
    object["models"] = boost::json::array(key.models.begin(), key.models.end());
  }
  return object;
}

std::string ShowModels(const accounts::KeyInfo& key) {
  return key.models.empty() ? "every" : fmt::format("{}", fmt::join(key.models, ","));
}

base::Result<accounts::KeyOptions> Wanted(const KeysOptions& options, const base::Clock& clock) {
  accounts::KeyOptions wanted;
  wanted.account_id = options.account;
  wanted.name = options.name;
  wanted.models = options.models;
  if (!options.expires.empty()) {
    base::Result<int64_t> expires = ParseUtcTime(options.expires);
    if (!expires.has_value()) {
      return base::InvalidArgument("--expires: " + expires.error().message);
    }
    wanted.expires_unix_seconds = *expires;
  } else if (options.expires_in_days > 0) {
    wanted.expires_unix_seconds = clock.UnixMillis() / 1000 + options.expires_in_days * 86400;
  }
  return wanted;
}

// Changes one key and says that it is `done`.
template <typename Change>
int ChangeKey(const KeysOptions& options, std::ostream& out, std::ostream& err,
              std::string_view done, Change change) {
  return WithStore(
      options.data_directory, err, [&](accounts::Store& store, const base::Clock&) -> base::Status {
        const accounts::KeyInfo key = TRY(change(store));
        if (options.json) {
          out << json::Serialize(ToJson(key)) << '\n';
        } else {
          out << fmt::format("{} {} ({}), now {}, models: {}.\n", done, key.key_id, key.hint,
                             accounts::KeyStateName(key.state), ShowModels(key));
        }
        return {};
      });
}

}  // namespace

int RunKeysCreate(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  return WithStore(options.data_directory, err,
                   [&](accounts::Store& store, const base::Clock& clock) -> base::Status {
                     const accounts::KeyOptions wanted = TRY(Wanted(options, clock));
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
  return WithStore(
      options.data_directory, err, [&](accounts::Store& store, const base::Clock&) -> base::Status {
        const std::vector<accounts::KeyInfo> keys = TRY(store.ListKeys());
        if (options.json) {
          boost::json::array list;
          for (const accounts::KeyInfo& key : keys) {
            list.push_back(ToJson(key));
          }
          out << json::Serialize(list) << '\n';
          return {};
        }
        constexpr auto kRow = "{:<16} {:<9} {:<9} {:<16} {:<17} {:<17} {:<20} {}\n";
        out << fmt::format(kRow, "ID", "STATE", "KEY", "ACCOUNT", "CREATED (UTC)", "EXPIRES (UTC)",
                           "MODELS", "NAME");
        for (const accounts::KeyInfo& key : keys) {
          out << fmt::format(
              kRow, key.key_id, accounts::KeyStateName(key.state), key.hint, key.account_id,
              ShowUtcTime(key.created_unix_seconds),
              key.expires_unix_seconds ? ShowUtcTime(*key.expires_unix_seconds) : "never",
              ShowModels(key), key.name);
        }
        return {};
      });
}

int RunKeysRevoke(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  return ChangeKey(options, out, err, "Revoked",
                   [&](accounts::Store& store) { return store.RevokeKey(options.key_id); });
}

int RunKeysDisable(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  return ChangeKey(options, out, err, "Disabled", [&](accounts::Store& store) {
    return store.UpdateKey(options.key_id, {.enabled = false});
  });
}

int RunKeysEnable(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  return ChangeKey(options, out, err, "Enabled", [&](accounts::Store& store) {
    return store.UpdateKey(options.key_id, {.enabled = true});
  });
}

int RunKeysModels(const KeysOptions& options, std::ostream& out, std::ostream& err) {
  // A key must not come to every model by a forgotten flag.
  if (options.models.empty() && !options.every_model) {
    err << "name the models with --model, or say --all\n";
    return kExitUsage;
  }
  return ChangeKey(options, out, err, "Changed", [&](accounts::Store& store) {
    return store.UpdateKey(options.key_id, {.models = options.models});
  });
}

}  // namespace millrace::app
