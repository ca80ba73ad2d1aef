// A BackendResolver over a fixed list of backends.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "api/backend_resolver.h"

namespace millrace::api {

class FixedResolver final : public BackendResolver {
 public:
  explicit FixedResolver(std::vector<std::shared_ptr<chat::ChatBackend>> backends)
      : backends_(std::move(backends)) {}

  std::shared_ptr<chat::ChatBackend> Resolve(std::string_view model) const override {
    for (const auto& backend : backends_) {
      const chat::ModelRecord& record = backend->record();
      if (record.id == model || std::ranges::find(record.aliases, model) != record.aliases.end()) {
        return backend;
      }
    }
    return nullptr;
  }
  std::vector<std::shared_ptr<chat::ChatBackend>> All() const override { return backends_; }

 private:
  std::vector<std::shared_ptr<chat::ChatBackend>> backends_;
};

}  // namespace millrace::api
