// Work of the server that takes long: off its thread.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "local/loaded_model.h"

namespace millrace::app {

// Thread-safe. Destroying it asks what runs to stop and waits for it; what has not begun is
// dropped.
class ModelLoader {
 public:
  struct Outcome {
    std::shared_ptr<local::LoadedModel> model;
    base::Status status;
    std::chrono::milliseconds taken{};
  };

  // `clock` is borrowed.
  explicit ModelLoader(const base::Clock* clock) : clock_(clock) {}
  ModelLoader(const ModelLoader&) = delete;
  ModelLoader& operator=(const ModelLoader&) = delete;
  ~ModelLoader();

  // Loads the models one after another. `done` is called after each, on a thread of the loader, and
  // must only post work elsewhere; not for models that a stop kept from being loaded.
  void Load(std::vector<std::shared_ptr<local::LoadedModel>> models,
            local::LoadedModel::Weights weights, std::function<void(Outcome)> done);

  // Runs `work` on a thread of the loader.
  void Run(std::move_only_function<void()> work);

 private:
  const base::Clock* clock_;
  std::stop_source stop_;
  // Two, so that a reload need not wait for a model that is being loaded.
  boost::asio::thread_pool pool_{2};
};

}  // namespace millrace::app
