#include "engine/engine.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/engine_thread.h"

namespace millrace::engine {
namespace {

constexpr int32_t kChoicesMax = 128;
// The room for prompts that a step has even when every running choice decodes.
constexpr int32_t kPromptTokensMin = 32;

// What the machine, or the control group the process runs in, has.
int64_t MemoryBytes() {
  int64_t bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  std::ifstream limit_file("/sys/fs/cgroup/memory.max");
  int64_t limit = 0;
  if (limit_file >> limit && limit > 0) {
    bytes = std::min(bytes, limit);
  }
  return bytes;
}

bool AreInVocabulary(const std::vector<base::TokenId>& tokens, int32_t vocabulary_size) {
  return std::ranges::all_of(tokens, [&](base::TokenId token) {
    return ToIndex(token) >= 0 && ToIndex(token) < vocabulary_size;
  });
}

class Handle final : public GenerationHandle {
 public:
  Handle(scheduler::RequestId id, int32_t choice_count, std::shared_ptr<Inbox> inbox,
         std::shared_ptr<RequestChannel> channel)
      : id_(id),
        closed_(static_cast<size_t>(choice_count), false),
        open_choice_count_(choice_count),
        inbox_(std::move(inbox)),
        channel_(std::move(channel)) {}

  ~Handle() override {
    channel_->Close();
    if (open_choice_count_ > 0) {
      inbox_->Cancel(id_);
    }
  }

  std::optional<TokenEvent> TryNext() override {
    while (true) {
      RequestChannel::Taken taken = channel_->TryNext();
      if (taken.drained) {
        inbox_->Resume(id_);
      }
      if (taken.event && closed_[static_cast<size_t>(taken.event->choice)]) {
        continue;  // it was stopped when this was on its way
      }
      if (taken.event && taken.event->end) {
        Close(taken.event->choice);
      }
      return std::move(taken.event);
    }
  }

  void StopChoice(int32_t choice) override {
    if (!closed_.at(static_cast<size_t>(choice))) {
      Close(choice);
      inbox_->StopChoice({.request = id_, .choice = choice});
    }
  }

  void NotifyWhenReady(std::move_only_function<void()> on_ready) override {
    // The callback may destroy this handle.
    const std::shared_ptr<RequestChannel> channel = channel_;
    channel->NotifyWhenReady(std::move(on_ready));
  }

  std::optional<base::Error> failure() const override { return channel_->failure(); }
  std::optional<base::TimePoint> admitted_at() const override { return channel_->admitted_at(); }
  int32_t cached_token_count() const override { return channel_->cached_token_count(); }

 private:
  void Close(int32_t choice) {
    closed_[static_cast<size_t>(choice)] = true;
    --open_choice_count_;
  }

  const scheduler::RequestId id_;
  std::vector<bool> closed_;  // by choice: ended or stopped
  int32_t open_choice_count_;
  std::shared_ptr<Inbox> inbox_;
  std::shared_ptr<RequestChannel> channel_;
};

class ThreadedEngine final : public Engine {
 public:
  ThreadedEngine(const model::ModelInfo& info, const EngineOptions& options,
                 EngineThread::Parts parts)
      : info_(info),
        context_tokens_(parts.context_tokens),
        event_queue_max_(static_cast<size_t>(options.event_queue_max)),
        inbox_(parts.inbox),
        body_(std::move(parts)),
        thread_([this] { body_.Run(); }) {}

  ~ThreadedEngine() override {
    inbox_->Stop();
    thread_.join();
  }

  const model::ModelInfo& model_info() const override { return info_; }
  int32_t context_tokens() const override { return context_tokens_; }
  void FailAll(base::Error error) override { inbox_->FailAll(std::move(error)); }
  EngineStats stats() const override { return body_.stats(); }
  void DropPrefixCache() override { inbox_->DropCache(); }

  base::Result<std::unique_ptr<GenerationHandle>> Submit(GenerationRequest request) override {
    if (base::Status valid = Validate(request); !valid) {
      return std::move(valid).error();
    }
    const int32_t choice_count = request.choice_count;
    Submission submission;
    for (int32_t i = 0; i < choice_count; ++i) {
      submission.samplers.emplace_back(request.sampling, request.seed + static_cast<uint64_t>(i),
                                       request.prompt);
      if (request.make_constraint) {
        submission.constraints.push_back(request.make_constraint());
      }
    }
    submission.channel = std::make_shared<RequestChannel>(RequestChannel::Bounds{
        .limit = event_queue_max_,
        .step_events_max =
            static_cast<size_t>(choice_count) * AnswerTracker::EventsPerDrawMax(request)});
    submission.request = std::make_unique<GenerationRequest>(std::move(request));
    const std::shared_ptr<RequestChannel> channel = submission.channel;
    const scheduler::RequestId id = TRY(inbox_->Submit(std::move(submission)));
    return std::make_unique<Handle>(id, choice_count, inbox_, channel);
  }

 private:
  base::Status Validate(const GenerationRequest& request) const;

  const model::ModelInfo info_;
  const int32_t context_tokens_;
  const size_t event_queue_max_;
  std::shared_ptr<Inbox> inbox_;
  EngineThread body_;
  std::thread thread_;
};

base::Status ThreadedEngine::Validate(const GenerationRequest& request) const {
  if (request.prompt.empty() || !AreInVocabulary(request.prompt, info_.vocabulary_size)) {
    return base::InvalidArgument("The prompt must be tokens of the model's vocabulary.");
  }
  if (request.choice_count < 1 || request.choice_count > kChoicesMax) {
    return base::InvalidArgument("The number of choices must be between 1 and " +
                                 std::to_string(kChoicesMax) + ".");
  }
  if (request.answer_tokens_max < 1 || request.completion_tokens_max.value_or(1) < 1) {
    return base::InvalidArgument("A token limit must be at least 1.");
  }
  if (request.reasoning) {
    const ReasoningSyntax& syntax = *request.reasoning;
    if (syntax.forced_close.empty() || (syntax.open.empty() && !syntax.starts_inside) ||
        !AreInVocabulary(syntax.forced_close, info_.vocabulary_size)) {
      return base::InvalidArgument("A reasoning syntax needs an opening and a forced closing.");
    }
  }
  if (request.prompt.size() >= static_cast<size_t>(context_tokens_)) {
    return base::Error{base::ErrorKind::kContextOverflow,
                       "The prompt has " + std::to_string(request.prompt.size()) +
                           " tokens; it must be shorter than the context of " +
                           std::to_string(context_tokens_) + " tokens."};
  }
  return {};
}

base::Status ValidateOptions(const EngineOptions& options) {
  if (options.thread_count < 0 || options.context_tokens < 0 || options.kv_bytes_max < 0 ||
      options.constraint_patience.count() < 0) {
    return base::InvalidArgument("Engine options must not be negative.");
  }
  if (options.block_size < 1 || options.queue_length_max < 1 || options.running_sequences_max < 1 ||
      options.step_tokens_max < 1 || options.event_queue_max < 1) {
    return base::InvalidArgument("Sizes and limits of the engine must be at least 1.");
  }
  return {};
}

base::Result<kv::StorageShape> ShapeOfCache(const model::ModelInfo& info,
                                            const EngineOptions& options) {
  kv::StorageShape shape{.layer_count = info.layer_count,
                         .kv_head_count = info.kv_head_count,
                         .key_size = info.key_size,
                         .value_size = info.value_size,
                         .block_size = options.block_size};
  const int64_t bytes = options.kv_bytes_max > 0 ? options.kv_bytes_max : MemoryBytes() / 4;
  const int64_t block_bytes = int64_t{2} * info.layer_count * info.kv_head_count *
                              (info.key_size + info.value_size) * options.block_size;
  if (block_bytes < 1 || bytes < block_bytes) {
    return base::InvalidArgument("The KV cache needs at least " + std::to_string(block_bytes) +
                                 " bytes for this model.");
  }
  shape.block_count = static_cast<int32_t>(
      std::min<int64_t>(bytes / block_bytes, std::numeric_limits<int32_t>::max() / 2));
  return shape;
}

// No longer than one sequence that has the whole cache to itself can be.
int32_t ContextOf(const model::ModelInfo& info, const EngineOptions& options,
                  const kv::StorageShape& shape) {
  return static_cast<int32_t>(
      std::min({int64_t{info.context_tokens},
                int64_t{options.context_tokens > 0 ? options.context_tokens : info.context_tokens},
                int64_t{shape.block_count} * shape.block_size}));
}

int32_t ThreadCount(const EngineOptions& options) {
  return options.thread_count > 0
             ? options.thread_count
             : std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
}

}  // namespace

base::Result<int32_t> PlanContext(const model::ModelInfo& info, const EngineOptions& options) {
  TRY(ValidateOptions(options));
  return ContextOf(info, options, TRY(ShapeOfCache(info, options)));
}

base::Result<std::unique_ptr<Engine>> Engine::Create(std::unique_ptr<model::Model> model,
                                                     const EngineOptions& options,
                                                     const base::Clock* clock,
                                                     metrics::Registry* metrics) {
  if (base::Status valid = ValidateOptions(options); !valid) {
    return std::move(valid).error();
  }
  const model::ModelInfo info = model->info();
  const kv::StorageShape shape = TRY(ShapeOfCache(info, options));
  kv::Storage storage = TRY(kv::Storage::Create(shape));
  const int32_t context_tokens = ContextOf(info, options, shape);
  const scheduler::Limits limits{
      .running_sequences_max = options.running_sequences_max,
      .step_tokens_max =
          std::max(options.step_tokens_max, options.running_sequences_max + kPromptTokensMin)};
  try {
    return std::make_unique<ThreadedEngine>(
        info, options,
        EngineThread::Parts{.model = std::move(model),
                            .storage = std::move(storage),
                            .inbox = std::make_shared<Inbox>(options.queue_length_max),
                            .clock = clock,
                            .metrics = metrics,
                            .label = options.label.empty() ? info.name : options.label,
                            .limits = limits,
                            .constraint_patience = options.constraint_patience,
                            .thread_count = ThreadCount(options),
                            .context_tokens = context_tokens});
  } catch (const std::system_error& error) {
    return base::Error{base::ErrorKind::kResourceExhausted,
                       std::string("The engine's threads could not start: ") + error.what()};
  }
}

}  // namespace millrace::engine
