#include "app/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "api/api_handler.h"
#include "app/counting_handler.h"
#include "app/ledger_watch.h"
#include "app/model_service.h"
#include "app/reload.h"
#include "app/shutdown.h"
#include "base/clock.h"
#include "base/random.h"
#include "http/server.h"
#include "local/local_backend.h"
#include "metrics/registry.h"

namespace millrace::app {
namespace {

// A connection takes a descriptor, and a default of 1,024 of them is soon used
// up.
void AllowManyDescriptors() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

local::LoadedModel::Weights WeightsOf(const ServeOptions& options) {
  return options.preload ? local::LoadedModel::Weights::kRead
                         : local::LoadedModel::Weights::kOnDemand;
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(Setup setup)
      : options_(std::move(setup.options)),
        read_again_(std::move(setup.read_again)),
        log_(setup.log),
        service_(io_.get_executor(), log_, Tools()) {}

  ~ServerImpl() override {
    if (http_ != nullptr) {
      http_->Abort();
    }
    for (base::FairPool* pool :
         {&worker_, &media_worker_, &remote_media_worker_, &schema_worker_}) {
      pool->Stop();
    }
  }

  base::Status Start();

  std::string address() const override { return address_; }
  std::vector<std::string> model_lines() const override;
  std::string first_model() const override { return options_.models.front().id; }
  std::optional<accounts::NewKey> TakeFirstKey() override {
    return std::exchange(first_key_, std::nullopt);
  }
  bool Run(std::function<void()> on_ready) override;

 private:
  ModelTools Tools() { return {.clock = &clock_, .random = &random_, .metrics = &metrics_}; }
  base::Status MakeApi();
  base::Status Listen();
  base::Status MakeFirstKey();

  void Warn(const std::vector<std::string>& warnings);
  void ModelDone(const base::Status& status);
  void WaitForSignal();
  void OnSignal(int signal);
  void BeginReload();
  void FinishReload(GatheredOptions gathered, ModelPlan plan,
                    const std::vector<std::string>& fixed);
  void Stop(std::chrono::seconds grace);

  ServeOptions options_;  // as they run
  const std::function<GatheredOptions()> read_again_;
  Log* log_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  metrics::Registry metrics_;
  std::unique_ptr<accounts::Store> store_;
  std::unique_ptr<accounts::Limiter> limiter_;
  std::unique_ptr<media::MediaLoader> media_;
  api::LiveSettings settings_;
  std::optional<accounts::NewKey> first_key_;
  std::unique_ptr<api::ApiHandler> handler_;
  std::unique_ptr<CountingHandler> counter_;
  ModelPlan first_plan_;
  // Destroyed before what its coroutines use: the loop owns every request that
  // still runs.
  boost::asio::io_context io_{1};
  // Posts to the loop, and its models are used by requests in it.
  ModelService service_;
  // Stopped before the loop ends: their jobs hold coroutines of the loop.
  base::FairPool worker_{1};
  base::FairPool media_worker_{1};
  base::FairPool remote_media_worker_{3};
  base::FairPool schema_worker_{3};
  std::unique_ptr<http::Server> http_;
  std::string address_;
  boost::asio::signal_set signals_{io_};
  std::unique_ptr<Shutdown> shutdown_;
  std::unique_ptr<LedgerWatch> ledger_watch_;
  std::function<void()> on_ready_;
  size_t loading_count_ = 0;  // of the models named at the start
  bool failed_ = false;
  bool reloading_ = false;
  bool reload_again_ = false;
};

base::Status ServerImpl::Start() {
  ModelPlan plan = PlanModels(options_, {}, Tools());
  if (!plan.problems.empty()) {
    return base::InvalidArgument(fmt::format("{}", fmt::join(plan.problems, "\n")), "models");
  }
  if (options_.authentication) {
    store_ = TRY(accounts::Store::Open(options_.data_directory, &clock_, &random_));
    ledger_watch_ = std::make_unique<LedgerWatch>(
        &io_, store_.get(),
        LedgerWatch::Reports{.trouble =
                                 [this](const std::string& reason) {
                                   (*log_)->error("usage is not written: {}", reason);
                                 },
                             .well_again = [this] { (*log_)->info("usage is written again"); }});
  }
  TRY(MakeApi());
  TRY(Listen());
  Warn(plan.warnings);
  Warn(WarningsOf(options_));
  loading_count_ = plan.to_load.size();
  service_.Apply(std::move(plan), WeightsOf(options_),
                 [this](const base::Status& status) { ModelDone(status); });
  // From here on a signal waits for Run rather than ending the process half
  // way.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    signals_.add(signal);
  }
  return MakeFirstKey();
}

base::Status ServerImpl::MakeApi() {
  settings_.Replace({.options = options_.api, .limits = options_.limits});
  limiter_ = accounts::Limiter::Create(options_.limiter, &clock_);
  media_ = TRY(media::MediaLoader::Create(options_.media));
  api::ApiServices services;
  services.settings = &settings_;
  services.limiter = limiter_.get();
  services.clock = &clock_;
  services.random = &random_;
  services.metrics = &metrics_;
  services.backends = &service_.models();
  services.store = store_.get();
  services.worker = &worker_;
  services.media = media_.get();
  services.media_worker = &media_worker_;
  services.remote_media_worker = &remote_media_worker_;
  services.schema_worker = &schema_worker_;
  services.log = [this](const api::RequestLog& log) { log_->Request(log, clock_.UnixMillis()); };
  handler_ = std::make_unique<api::ApiHandler>(std::move(services));
  counter_ = std::make_unique<CountingHandler>(handler_.get());
  return {};
}

base::Status ServerImpl::Listen() {
  AllowManyDescriptors();
  http::ServerOptions http = options_.http;
  http.host = options_.host;
  http.port = options_.port;
  http_ = TRY(http::Server::Create(io_.get_executor(), http, counter_.get()));
  const bool ipv6 = options_.host.find(':') != std::string::npos;
  address_ =
      fmt::format("{}{}{}:{}", ipv6 ? "[" : "", options_.host, ipv6 ? "]" : "", http_->port());
  shutdown_ = std::make_unique<Shutdown>(
      &io_, http_.get(), log_,
      Shutdown::Actions{
          .refuse_new = [this] { handler_->BeginShutdown(); },
          .running = [this] { return counter_->running(); },
          .fail_running =
              [this] {
                service_.FailRunning({base::ErrorKind::kUnavailable, "the server is stopping"});
              },
          .ended = [this] { io_.stop(); }});
  return {};
}

// Comes last, so that a start that fails makes no key that nobody saw.
base::Status ServerImpl::MakeFirstKey() {
  if (store_ != nullptr && !TRY(store_->HasKeys())) {
    accounts::KeyOptions first;
    first.name = "first key";
    first_key_ = TRY(store_->CreateKey(first));
  }
  return {};
}

std::vector<std::string> ServerImpl::model_lines() const {
  std::vector<std::string> lines;
  const LocalBackends backends = service_.models().backends();
  for (size_t i = 0; i < backends.size(); ++i) {
    const chat::ModelRecord& record = backends[i]->record();
    lines.push_back(fmt::format("{} ({}, context {})", record.id, options_.models[i].path,
                                record.context_tokens));
  }
  return lines;
}

void ServerImpl::Warn(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    (*log_)->warn("{}", warning);
  }
}

bool ServerImpl::Run(std::function<void()> on_ready) {
  on_ready_ = std::move(on_ready);
  WaitForSignal();
  io_.run();
  (*log_)->info("stopped");
  return !failed_;
}

void ServerImpl::ModelDone(const base::Status& status) {
  --loading_count_;
  if (!status.has_value()) {
    failed_ = true;
    if (!shutdown_->begun()) {
      Stop(std::chrono::seconds(0));
    }
  } else if (loading_count_ == 0 && !failed_ && !shutdown_->begun()) {
    on_ready_();
  }
}

void ServerImpl::WaitForSignal() {
  signals_.async_wait([this](const boost::system::error_code& failure, int signal) {
    if (!failure) {
      OnSignal(signal);
    }
  });
}

void ServerImpl::OnSignal(int signal) {
  if (signal == SIGHUP) {
    BeginReload();
    WaitForSignal();
    return;
  }
  if (!shutdown_->begun()) {
    Stop(options_.shutdown_grace);
    WaitForSignal();
    return;
  }
  // One more signal ends the process as the system does it.
  boost::system::error_code ignored;
  signals_.clear(ignored);
  shutdown_->Hasten();
}

void ServerImpl::Stop(std::chrono::seconds grace) { shutdown_->Begin(grace); }

void ServerImpl::BeginReload() {
  if (reloading_ || shutdown_->begun()) {
    reload_again_ = reloading_;
    return;
  }
  reloading_ = true;
  service_.loader().Run([this, running = options_, open = service_.open_models()] {
    GatheredOptions gathered;
    std::vector<std::string> fixed;
    ModelPlan plan;
    try {
      gathered = read_again_();
      fixed = KeepFixedSettings(running, gathered.options);
      if (gathered.problems.empty()) {
        plan = PlanModels(gathered.options, open, Tools());
        gathered.problems = plan.problems;
      }
    } catch (const std::exception& failure) {  // no memory
      gathered.problems.emplace_back(failure.what());
    }
    boost::asio::post(io_, [this, gathered = std::move(gathered), plan = std::move(plan),
                            fixed = std::move(fixed)]() mutable {
      FinishReload(std::move(gathered), std::move(plan), fixed);
    });
  });
}

void ServerImpl::FinishReload(GatheredOptions gathered, ModelPlan plan,
                              const std::vector<std::string>& fixed) {
  reloading_ = false;
  if (shutdown_->begun()) {
    return;
  }
  if (gathered.problems.empty()) {
    options_ = std::move(gathered.options);
    settings_.Replace({.options = options_.api, .limits = options_.limits});
    log_->Configure(options_.log_level, options_.log_format);
    Warn(plan.warnings);
    Warn(WarningsOf(options_));
    const size_t new_files = plan.to_load.size();
    service_.Apply(std::move(plan), WeightsOf(options_), [](const base::Status&) {});
    (*log_)->info("configuration read again: {} models served, {} to load", options_.models.size(),
                  new_files);
    for (const std::string& name : fixed) {
      (*log_)->warn("{}: the change needs a restart", name);
    }
  } else {
    for (const std::string& problem : gathered.problems) {
      (*log_)->error("configuration not changed: {}", problem);
    }
  }
  if (std::exchange(reload_again_, false)) {
    BeginReload();
  }
}

}  // namespace

base::Result<std::unique_ptr<Server>> Server::Create(Setup setup) {
  auto server = std::make_unique<ServerImpl>(std::move(setup));
  TRY(server->Start());
  return server;
}

}  // namespace millrace::app
