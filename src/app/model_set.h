// The models one server serves, by name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend_resolver.h"
#include "base/result.h"
#include "chat/chat_backend.h"

namespace millrace::app {

// Filled before serving starts, then immutable.
class ModelSet final : public api::BackendResolver {
 public:
  // Under the id and every alias of its record. Names are unique: serve_options.h checked them.
  void Add(std::shared_ptr<chat::ChatBackend> backend);

  std::shared_ptr<chat::ChatBackend> Resolve(std::string_view model) const override;
  std::vector<std::shared_ptr<chat::ChatBackend>> All() const override { return backends_; }

 private:
  std::vector<std::shared_ptr<chat::ChatBackend>> backends_;
  std::map<std::string, std::shared_ptr<chat::ChatBackend>, std::less<>> by_name_;
};

}  // namespace millrace::app
