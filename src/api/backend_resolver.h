// Which backend serves which model name. Implemented in `app`.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "chat/chat_backend.h"

namespace millrace::api {

// Thread-safe.
class BackendResolver {
 public:
  virtual ~BackendResolver() = default;

  // The backend of a model's id or alias, compared exactly; nullptr when it is not served.
  virtual std::shared_ptr<chat::ChatBackend> Resolve(std::string_view model) const = 0;

  // Every served model once, in any order.
  virtual std::vector<std::shared_ptr<chat::ChatBackend>> All() const = 0;
};

}  // namespace millrace::api
