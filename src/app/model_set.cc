#include "app/model_set.h"

namespace millrace::app {

void ModelSet::Add(std::shared_ptr<chat::ChatBackend> backend) {
  const chat::ModelRecord& record = backend->record();
  by_name_[record.id] = backend;
  for (const std::string& alias : record.aliases) {
    by_name_[alias] = backend;
  }
  backends_.push_back(std::move(backend));
}

std::shared_ptr<chat::ChatBackend> ModelSet::Resolve(std::string_view model) const {
  const auto found = by_name_.find(model);
  return found == by_name_.end() ? nullptr : found->second;
}

}  // namespace millrace::app
