// The models of a running server: planned, loaded in the background, replaced by a reload.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/logger.h"
#include "app/model_loader.h"
#include "app/model_plan.h"
#include "app/model_set.h"
#include "app/serve_options.h"
#include "base/error.h"

namespace millrace::app {

// On the server's thread, but for Plan.
class ModelService {
 public:
  // `log` and the tools are borrowed; `executor` is the server's.
  ModelService(const boost::asio::any_io_executor& executor, Log* log, const ModelTools& tools);

  const ModelSet& models() const { return models_; }
  // What planning beside running models starts from.
  const OpenModels& open_models() const { return open_; }

  // Serves the plan's models from now on and begins to load those that are not. Streams of models
  // that are no longer served run to their end. `done` is called once for each model to load;
  // one that could not be loaded is no longer served by then.
  void Apply(ModelPlan plan, local::LoadedModel::Weights weights,
             std::function<void(const base::Status&)> done);

  // Ends what runs, on models no longer served too.
  void FailRunning(const base::Error& error);

  ModelLoader& loader() { return loader_; }

 private:
  void Loaded(const ModelLoader::Outcome& outcome);
  std::string NamesOf(const local::LoadedModel& model) const;
  // Destroys models that nobody uses any more, off this thread: it takes time.
  void Sweep();

  boost::asio::any_io_executor executor_;
  Log* log_;
  ModelSet models_;
  OpenModels open_;
  LocalBackends retired_;
  boost::asio::steady_timer sweep_timer_;
  ModelLoader loader_;
};

}  // namespace millrace::app
