#include "app/model_service.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <iterator>
#include <utility>

namespace millrace::app {
namespace {

constexpr std::chrono::seconds kSweepInterval{1};

}  // namespace

ModelService::ModelService(const boost::asio::any_io_executor& executor, Log* log,
                           const ModelTools& tools)
    : executor_(executor), log_(log), sweep_timer_(executor), loader_(tools.clock) {}

void ModelService::Apply(ModelPlan plan, local::LoadedModel::Weights weights,
                         std::function<void(const base::Status&)> done) {
  LocalBackends old = models_.backends();
  models_.Replace(std::move(plan.backends));
  open_ = std::move(plan.models);
  std::ranges::move(old, std::back_inserter(retired_));
  if (!retired_.empty()) {
    Sweep();
  }
  loader_.Load(std::move(plan.to_load), weights,
               [this, done = std::move(done)](ModelLoader::Outcome outcome) {
                 boost::asio::post(executor_, [this, done, outcome = std::move(outcome)] {
                   Loaded(outcome);
                   done(outcome.status);
                 });
               });
}

void ModelService::Loaded(const ModelLoader::Outcome& outcome) {
  const std::string names = NamesOf(*outcome.model);
  if (outcome.status.has_value()) {
    (*log_)->info("model {} loaded in {} ms", names, outcome.taken.count());
    return;
  }
  (*log_)->error("model {} could not be loaded and is not served: {}", names,
                 outcome.status.error().message);
  LocalBackends rest = models_.backends();
  std::erase_if(rest, [&](const auto& backend) { return backend->model() == outcome.model; });
  models_.Replace(std::move(rest));
  std::erase_if(open_, [&](const auto& entry) { return entry.second == outcome.model; });
}

std::string ModelService::NamesOf(const local::LoadedModel& model) const {
  std::string names;
  for (const auto& backend : models_.backends()) {
    if (backend->model().get() == &model) {
      names += (names.empty() ? "" : ", ") + backend->record().id;
    }
  }
  return names.empty() ? model.facts().name : names;
}

void ModelService::FailRunning(const base::Error& error) {
  for (const LocalBackends& backends : {models_.backends(), retired_}) {
    for (const auto& backend : backends) {
      backend->FailRunning(error);
    }
  }
}

void ModelService::Sweep() {
  // Nobody can find them any more, so one reference is ours alone.
  const auto unused =
      std::stable_partition(retired_.begin(), retired_.end(),
                            [](const auto& backend) { return backend.use_count() > 1; });
  LocalBackends gone(std::make_move_iterator(unused), std::make_move_iterator(retired_.end()));
  retired_.erase(unused, retired_.end());
  if (!gone.empty()) {
    loader_.Run([gone = std::move(gone)]() mutable { gone.clear(); });
  }
  if (retired_.empty()) {
    return;
  }
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait([this](const boost::system::error_code& failure) {
    if (!failure) {
      Sweep();
    }
  });
}

}  // namespace millrace::app
