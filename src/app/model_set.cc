#include "app/model_set.h"

#include <algorithm>
#include <utility>

namespace millrace::app {

void ModelSet::Replace(LocalBackends backends) {
  auto models = std::make_shared<Models>();
  for (const std::shared_ptr<local::LocalBackend>& backend : backends) {
    const chat::ModelRecord& record = backend->record();
    models->by_name[record.id] = backend;
    for (const std::string& alias : record.aliases) {
      models->by_name[alias] = backend;
    }
  }
  models->backends = std::move(backends);
  current_.store(std::move(models));
}

std::shared_ptr<chat::ChatBackend> ModelSet::Resolve(std::string_view model) const {
  const std::shared_ptr<const Models> models = current_.load();
  const auto found = models->by_name.find(model);
  return found == models->by_name.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<chat::ChatBackend>> ModelSet::All() const {
  const std::shared_ptr<const Models> models = current_.load();
  return {models->backends.begin(), models->backends.end()};
}

bool ModelSet::ready() const {
  const std::shared_ptr<const Models> models = current_.load();
  return std::ranges::all_of(models->backends,
                             [](const auto& backend) { return backend->ready(); });
}

}  // namespace millrace::app
