// The models one server serves, by name.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend_resolver.h"
#include "local/local_backend.h"

namespace millrace::app {

using LocalBackends = std::vector<std::shared_ptr<local::LocalBackend>>;

// Thread-safe. Replaced as a whole: who resolved a name before keeps the backend it got.
class ModelSet final : public api::BackendResolver {
 public:
  ModelSet() : current_(std::make_shared<const Models>()) {}

  // From now on exactly these are served, each under its id and aliases. Names are unique:
  // serve_options.h checked them.
  void Replace(LocalBackends backends);

  std::shared_ptr<chat::ChatBackend> Resolve(std::string_view model) const override;
  std::vector<std::shared_ptr<chat::ChatBackend>> All() const override;

  // In the order of the configuration.
  LocalBackends backends() const { return current_.load()->backends; }
  // Whether every model's weights and engine are there.
  bool ready() const;

 private:
  struct Models {
    LocalBackends backends;
    std::map<std::string, std::shared_ptr<local::LocalBackend>, std::less<>> by_name;
  };
  std::atomic<std::shared_ptr<const Models>> current_;
};

}  // namespace millrace::app
