#include "app/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <csignal>

#include "api/api_handler.h"
#include "api/reply_format.h"
#include "app/model_set.h"
#include "base/clock.h"
#include "base/random.h"
#include "http/server.h"
#include "local/local_backend.h"
#include "metrics/registry.h"

namespace millrace::app {
namespace {

constexpr std::chrono::seconds kGracePeriod{30};
constexpr std::chrono::milliseconds kDrainPoll{20};

// One line for one request: what, who, how much, how long. No content.
std::string LogLine(const api::RequestLog& log) {
  std::string line =
      fmt::format("{} {} {} {} ms", log.method, log.route, log.status, log.duration_millis);
  if (log.code != 0) {
    line += fmt::format(" code={}", log.code);
  }
  if (!log.model.empty()) {
    line += fmt::format(" model={}", log.model);
  }
  if (log.usage.prompt_tokens > 0) {
    line += fmt::format(" prompt={} cached={} completion={} reasoning={}", log.usage.prompt_tokens,
                        log.usage.cached_tokens, log.usage.completion_tokens,
                        log.usage.reasoning_tokens);
    line += fmt::format(" stream={} thinking={}", log.stream, log.thinking);
  }
  if (log.first_token_millis.has_value()) {
    line += fmt::format(" first_token={}ms", *log.first_token_millis);
  }
  for (const chat::FinishReason reason : log.finish_reasons) {
    line += fmt::format(" finish={}", api::FinishReasonName(reason));
  }
  if (!log.key_id.empty()) {
    line += fmt::format(" key={}", log.key_id);
  }
  return line + fmt::format(" from={} trace={}", log.remote_address, log.trace_id);
}

// Each connection takes a descriptor, and the usual soft limit of 1024 is for programs that use
// select(). Where the system refuses, the connections beyond it wait.
void AllowManyDescriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

  ~ServerImpl() override {
    if (http_ != nullptr) {
      http_->Abort();
    }
    for (boost::asio::thread_pool* pool : {&worker_, &media_worker_, &schema_worker_}) {
      pool->stop();
      pool->join();
    }
  }

  base::Status Start(const ServeOptions& options) {
    // From here on a signal waits for Run rather than ending the process half way.
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    if (options.authentication) {
      store_ = TRY(accounts::Store::Open(options.data_directory, &clock_, &random_));
    }
    for (const ModelOptions& model : options.models) {
      TRY(AddModel(model, options));
    }
    settings_.Replace({.options = options.api, .limits = {}});
    limiter_ = accounts::Limiter::Create({}, &clock_);
    media_ = TRY(media::MediaLoader::Create({}));
    api::ApiServices services;
    services.settings = &settings_;
    services.limiter = limiter_.get();
    services.clock = &clock_;
    services.random = &random_;
    services.metrics = &metrics_;
    services.backends = &models_;
    services.store = store_.get();
    services.worker = worker_.get_executor();
    services.media = media_.get();
    services.media_worker = media_worker_.get_executor();
    services.schema_worker = schema_worker_.get_executor();
    services.log = [logger = logger_](const api::RequestLog& log) { logger->info(LogLine(log)); };
    handler_ = std::make_unique<api::ApiHandler>(std::move(services));

    AllowManyDescriptors();
    http::ServerOptions http = options.http;
    http.host = options.host;
    http.port = options.port;
    http_ = TRY(http::Server::Create(io_.get_executor(), http, handler_.get()));
    const bool ipv6 = options.host.find(':') != std::string::npos;
    address_ =
        fmt::format("{}{}{}:{}", ipv6 ? "[" : "", options.host, ipv6 ? "]" : "", http_->port());
    return MakeFirstKey();
  }

  // Comes last, so that a start that fails makes no key that nobody saw.
  base::Status MakeFirstKey() {
    if (store_ != nullptr && !TRY(store_->HasKeys())) {
      accounts::KeyOptions first;
      first.name = "first key";
      first_key_ = TRY(store_->CreateKey(first));
    }
    return {};
  }

  std::string address() const override { return address_; }
  std::vector<std::string> model_lines() const override { return model_lines_; }
  std::string first_model() const override { return models_.All().front()->record().id; }
  std::optional<accounts::NewKey> TakeFirstKey() override {
    return std::exchange(first_key_, std::nullopt);
  }

  void Run() override {
    WaitForSignal();
    io_.run();
    logger_->info("stopped");
  }

 private:
  base::Status AddModel(const ModelOptions& model, const ServeOptions& options) {
    engine::EngineOptions engine = options.engine;
    engine.label = model.id;
    if (model.context_tokens.has_value()) {
      engine.context_tokens = engine.context_tokens > 0
                                  ? std::min(engine.context_tokens, *model.context_tokens)
                                  : *model.context_tokens;
    }
    local::ServedAs served{.id = model.id, .aliases = model.aliases};
    served.settings.thinking_default = model.thinking_default;
    const auto begin = clock_.Now();
    auto loaded = TRY(local::LoadedModel::Open(model.path, std::move(engine), &clock_, &metrics_));
    TRY(loaded->Load(local::LoadedModel::Weights::kOnDemand));
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Now() - begin);
    std::shared_ptr<local::LocalBackend> backend =
        local::LocalBackend::Create(std::move(loaded), served, &clock_, &random_);
    const chat::ModelRecord& record = backend->record();
    model_lines_.push_back(
        fmt::format("{} ({}, context {})", record.id, model.path, record.context_tokens));
    logger_->info("model {} loaded from {} in {} ms", record.id, model.path, taken.count());
    models_.Add(std::move(backend));
    return {};
  }

  void WaitForSignal() {
    signals_.async_wait([this](const boost::system::error_code& failure, int) {
      if (!failure) {
        OnSignal();
      }
    });
  }

  void OnSignal() {
    if (draining_) {
      logger_->warn("second signal: closing {} connections", http_->connection_count());
      Finish();
      return;
    }
    draining_ = true;
    logger_->info("draining {} connections; again to stop at once", http_->connection_count());
    handler_->BeginShutdown();
    http_->Drain();
    deadline_ = std::chrono::steady_clock::now() + kGracePeriod;
    WaitForSignal();
    WaitUntilDrained();
  }

  void WaitUntilDrained() {
    if (http_->connection_count() == 0 || std::chrono::steady_clock::now() >= deadline_) {
      Finish();
      return;
    }
    drain_timer_.expires_after(kDrainPoll);
    drain_timer_.async_wait([this](const boost::system::error_code& failure) {
      if (!failure) {
        WaitUntilDrained();
      }
    });
  }

  // Closes what is left; the loop ends when nothing is pending any more.
  void Finish() {
    drain_timer_.cancel();
    boost::system::error_code ignored;
    signals_.cancel(ignored);
    signals_.clear(ignored);  // one more signal ends the process as the system does it
    http_->Abort();
  }

  const std::shared_ptr<spdlog::logger> logger_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  metrics::Registry metrics_;
  std::unique_ptr<accounts::Store> store_;
  std::unique_ptr<accounts::Limiter> limiter_;
  std::unique_ptr<media::MediaLoader> media_;
  api::LiveSettings settings_;
  std::optional<accounts::NewKey> first_key_;
  ModelSet models_;
  std::vector<std::string> model_lines_;
  std::unique_ptr<api::ApiHandler> handler_;
  // Destroyed before what its coroutines use: the loop owns every request that still runs.
  boost::asio::io_context io_{1};
  // Joined before the loop ends: its jobs hold coroutines of the loop.
  boost::asio::thread_pool worker_{1};
  boost::asio::thread_pool media_worker_{4};
  boost::asio::thread_pool schema_worker_{2};
  std::unique_ptr<http::Server> http_;
  std::string address_;
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer drain_timer_{io_};
  std::chrono::steady_clock::time_point deadline_;
  bool draining_ = false;
};

}  // namespace

base::Result<std::unique_ptr<Server>> Server::Create(const ServeOptions& options,
                                                     std::shared_ptr<spdlog::logger> logger) {
  auto server = std::make_unique<ServerImpl>(std::move(logger));
  TRY(server->Start(options));
  return server;
}

}  // namespace millrace::app
