#include "app/model_loader.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace millrace::app {

ModelLoader::~ModelLoader() {
  stop_.request_stop();
  pool_.stop();
  pool_.join();
}

void ModelLoader::Load(std::vector<std::shared_ptr<local::LoadedModel>> models,
                       local::LoadedModel::Weights weights, std::function<void(Outcome)> done) {
  Run([models = std::move(models), weights, done = std::move(done), clock = clock_,
       stop = stop_.get_token()] {
    for (const std::shared_ptr<local::LoadedModel>& model : models) {
      const base::TimePoint begin = clock->Now();
      base::Status status = model->Load(weights, stop);
      if (stop.stop_requested()) {
        return;
      }
      const auto taken =
          std::chrono::duration_cast<std::chrono::milliseconds>(clock->Now() - begin);
      done({.model = model, .status = std::move(status), .taken = taken});
    }
  });
}

void ModelLoader::Run(std::move_only_function<void()> work) {
  boost::asio::post(pool_, std::move(work));
}

}  // namespace millrace::app
