#include "api/chat_endpoint.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <new>
#include <optional>
#include <utility>
#include <variant>

#include "api/chunk_writer.h"
#include "api/error_table.h"
#include "api/header_text.h"
#include "api/media_stage.h"
#include "api/rate_limits.h"
#include "api/response_builder.h"
#include "api/response_ids.h"
#include "api/run_on.h"
#include "http/sse.h"
#include "json/field_reader.h"

namespace millrace::api {
namespace {

namespace asio = boost::asio;

constexpr int64_t kMillisPerSecond = 1000;
// Bodies above this would have everybody else wait while they are parsed and rendered.
constexpr size_t kLargeBodyBytes = size_t{256} << 10;
constexpr std::string_view kKeepAlive = "keep-alive";

http::Response JsonResponse(std::string body) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/json; charset=utf-8"},
                      {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

}  // namespace

ChatExchange::ChatExchange(const ApiServices& services, Call call, http::ResponseWriter& writer,
                           RequestSettlement& settlement)
    : services_(services),
      call_(std::move(call)),
      writer_(writer),
      settlement_(settlement),
      started_(std::chrono::steady_clock::now()),
      options_(settlement.options()),
      last_write_(started_) {}

ChatExchange::~ChatExchange() {
  gone_->store(true);
  if (stream_ != nullptr) {
    settlement_.log().usage = stream_->usage();
    settlement_.Admitted(stream_->admitted_at());
    reservation_.SetGenerated(settlement_.log().usage.completion_tokens);
  }
}

asio::awaitable<void> ChatExchange::Run(http::Request request) {
  wakeup_ = std::make_shared<Wakeup>(co_await asio::this_coro::executor);
  writer_.NotifyWhenGone([gone = gone_, ring = wakeup_->Ringer()]() mutable {
    gone->store(true);
    ring();
  });
  auto begun = co_await Begin(std::move(request));
  if (!begun.has_value() && begun.error().failure == Failure::kClientGone) {
    ClientLeft();
  } else if (!begun.has_value()) {
    WireError error = std::move(begun).error();
    co_await RefuseWith(std::move(error));
  } else if (reply_.stream) {
    co_await ReplyStreamed();
  } else {
    co_await ReplyWhole();
  }
}

asio::awaitable<WireStatus> ChatExchange::Begin(http::Request request) {
  if (!IsJsonRequest(request.head)) {
    co_return WireError{Failure::kUnsupportedContentType};
  }
  caller_ =
      call_.principal.account_id.empty() ? request.head.remote_address : call_.principal.account_id;
  large_ = request.body.size() > kLargeBodyBytes;
  auto parsed = co_await Parse(std::move(request));
  if (parsed.has_value() && parsed->media.any()) {
    ParsedChat chat = *std::move(parsed);
    parsed = co_await Load(std::move(chat));
  }
  if (!parsed.has_value()) {
    co_return std::move(parsed).error();
  }
  ParsedChat chat = *std::move(parsed);
  auto prepared = co_await Prepare(std::move(chat));
  if (!prepared.has_value()) {
    co_return std::move(prepared).error();
  }
  if (auto admitted = Admit(); !admitted.has_value()) {
    co_return std::move(admitted).error();
  }
  co_return Start();
}

template <typename T>
asio::awaitable<WireResult<T>> ChatExchange::Work(base::FairPool* pool,
                                                  std::move_only_function<WireResult<T>()> work) {
  auto guarded = [work = std::move(work), gone = gone_]() mutable -> WireResult<T> {
    if (gone->load()) {
      return WireError{Failure::kClientGone};
    }
    try {
      return work();
    } catch (const std::bad_alloc&) {
      return WireError{Failure::kOverloaded};
    } catch (const std::exception&) {
      return WireError{Failure::kInternal};
    }
  };
  auto done = co_await RunOn<WireResult<T>>(pool, caller_, std::move(guarded));
  if (gone_->load()) {
    WireError error{Failure::kClientGone};
    co_return error;
  }
  co_return done;
}

asio::awaitable<WireResult<ParsedChat>> ChatExchange::Parse(http::Request request) {
  const RequestOrigin origin{
      .user_agent = std::string(request.head.Header("user-agent").value_or("")),
      .principal = call_.principal,
      .fallback_seed = services_.random->NextUint64()};
  auto work = [body = std::move(request.body), origin, backends = services_.backends,
               options = &options_]() mutable -> WireResult<ParsedChat> {
    return ParseChatRequest(body, origin, *backends, *options);
  };
  return Work<ParsedChat>(large_ ? services_.schema_worker : services_.worker, std::move(work));
}

asio::awaitable<WireResult<ParsedChat>> ChatExchange::Load(ParsedChat chat) {
  const chat::ModelRecord& record = chat.backend->record();
  if (chat.media.image_count > static_cast<uint32_t>(record.images_max)) {
    co_return ToWireError(json::TooManyItems(
        "messages",
        {.allowed = static_cast<size_t>(record.images_max), .actual = chat.media.image_count}));
  }
  // Nobody who is over a limit may have this server fetch something for them.
  const accounts::Limits limits = settlement_.limits().For(call_.principal.account_id, record.id);
  if (services_.limiter != nullptr) {
    const auto refusal =
        services_.limiter->WouldRefuse(call_.principal.account_id, record.id, limits);
    if (refusal.has_value()) {
      co_return RateRefusal(*refusal);
    }
  }
  base::FairPool* worker =
      NeedsFetching(chat.request) ? services_.remote_media_worker : services_.media_worker;
  auto work = [chat = std::move(chat), loader = services_.media,
               gone = gone_]() mutable -> WireResult<ParsedChat> {
    TRY(LoadMedia(chat.request, *loader, [&gone] { return gone->load(); }));
    return std::move(chat);
  };
  const bool understood = record.media_encoder;
  auto loaded = co_await Work<ParsedChat>(worker, std::move(work));
  if (loaded.has_value() && !understood) {
    WireError error{Failure::kImagesUnsupported, {}, "messages"};
    co_return error;
  }
  co_return loaded;
}

asio::awaitable<WireStatus> ChatExchange::Prepare(ParsedChat chat) {
  Describe(chat);
  base::FairPool* worker =
      large_ || chat::IsConstrained(chat.request) ? services_.schema_worker : services_.worker;
  auto work = [backend = backend_, request = std::move(chat.request),
               gone = gone_]() mutable -> WireResult<std::unique_ptr<chat::PreparedChat>> {
    auto prepared = backend->Prepare(std::move(request), [&gone] { return gone->load(); });
    if (!prepared.has_value()) {
      return BackendWireError(std::move(prepared).error());
    }
    return *std::move(prepared);
  };
  auto prepared = co_await Work<std::unique_ptr<chat::PreparedChat>>(worker, std::move(work));
  if (!prepared.has_value()) {
    co_return std::move(prepared).error();
  }
  prepared_ = *std::move(prepared);
  demand_.prompt_tokens = prepared_->prompt_tokens();
  co_return WireStatus();
}

void ChatExchange::Describe(const ParsedChat& chat) {
  backend_ = chat.backend;
  reply_ = chat.reply;
  demand_ = {.account_id = call_.principal.account_id,
             .key_id = call_.principal.key_id,
             .model = backend_->record().id};
  if (chat.choice_tokens_max) {
    demand_.completion_tokens_max = *chat.choice_tokens_max * chat.request.n;
    demand_.reasoning_tokens_open = chat.choice_tokens_open * chat.request.n;
  }
  RequestLog& log = settlement_.log();
  log.model = demand_.model;
  log.stream = reply_.stream;
  log.thinking = chat.request.enable_thinking;
  log.effort = chat.request.effort;
}

WireError ChatExchange::RateRefusal(const accounts::LimitRefusal& refusal) {
  for (auto& header : RefusalHeaders(refusal)) {
    call_.headers.push_back(std::move(header));
  }
  settlement_.log().limit = accounts::LimitMetricName(refusal.metric);
  return LimitError(refusal, options_);
}

WireStatus ChatExchange::Admit() {
  if (services_.limiter == nullptr) {
    return {};
  }
  const accounts::Limits limits = settlement_.limits().For(demand_.account_id, demand_.model);
  auto admitted = services_.limiter->Admit(demand_, limits);
  if (!admitted.has_value()) {
    return RateRefusal(admitted.error());
  }
  reservation_ = *std::move(admitted);
  return {};
}

WireStatus ChatExchange::Start() {
  const bool accountable = services_.store == nullptr || services_.store->CanRecord();
  if (call_.draining->load() || !accountable) {
    reservation_.Withdraw();
    return WireError{Failure::kOverloaded};
  }
  auto started = prepared_->Start();
  prepared_.reset();
  if (!started.has_value()) {
    reservation_.Withdraw();
    return BackendWireError(std::move(started).error());
  }
  stream_ = *std::move(started);
  for (auto& header : LimitHeaders(reservation_.status())) {
    call_.headers.push_back(std::move(header));
  }
  const int64_t unix_millis = services_.clock->UnixMillis();
  header_ = {.id = NewResponseId(unix_millis, *services_.random),
             .created_unix_seconds = unix_millis / kMillisPerSecond,
             .model = reply_.model};
  settlement_.BackendAccepted();
  return {};
}

asio::awaitable<void> ChatExchange::Refuse(Failure failure) {
  WireError error{failure};
  co_await RefuseWith(std::move(error));
}

asio::awaitable<void> ChatExchange::RefuseWith(WireError error) {
  http::Response response = ErrorResponse(error, options_);
  settlement_.Failed(error, response.status);
  response.headers.insert(response.headers.end(), call_.headers.begin(), call_.headers.end());
  co_await writer_.Send(std::move(response));
}

void ChatExchange::ClientLeft() {
  settlement_.Failed({Failure::kClientGone}, RowOf(Failure::kClientGone).status);
}

void ChatExchange::Note(const chat::ChatEvent& event) {
  first_event_seen_ = true;
  settlement_.FirstToken();
  reservation_.SetGenerated(event.usage.completion_tokens);
  if (const auto* finished = std::get_if<chat::ChoiceFinished>(&event.what)) {
    settlement_.log().finish_reasons.push_back(finished->reason);
  }
}

asio::awaitable<void> ChatExchange::WaitForStream(Instant deadline) {
  stream_->NotifyWhenReady(wakeup_->Ringer());
  co_await wakeup_->Wait(deadline);
}

asio::awaitable<void> ChatExchange::ReplyWhole() {
  ResponseBuilder builder(reply_.n, reply_.logprobs);
  const Instant deadline = started_ + options_.request_timeout;
  while (true) {
    while (auto event = stream_->TryNext()) {
      if (auto* failed = std::get_if<chat::Failed>(&event->what)) {
        WireError error = BackendWireError(std::move(failed->error));
        co_await RefuseWith(std::move(error));
        co_return;
      }
      Note(*event);
      builder.Add(*event);
      if (std::holds_alternative<chat::Finished>(event->what)) {
        http::Response response = JsonResponse(builder.Json(header_));
        response.headers.insert(response.headers.end(), call_.headers.begin(), call_.headers.end());
        settlement_.log().status = response.status;
        co_await writer_.Send(std::move(response));
        co_return;
      }
    }
    if (writer_.client_gone()) {
      ClientLeft();
      co_return;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      co_await Refuse(Failure::kGatewayTimeout);
      co_return;
    }
    co_await WaitForStream(deadline);
  }
}

asio::awaitable<bool> ChatExchange::WriteFrames(std::vector<std::string>& frames) {
  if (!head_sent_ && !frames.empty()) {
    head_sent_ = true;
    http::HeaderList headers = {{"Content-Type", "text/event-stream"},
                                {"Cache-Control", "no-cache"},
                                {"X-Accel-Buffering", "no"}};
    headers.insert(headers.end(), call_.headers.begin(), call_.headers.end());
    settlement_.log().status = 200;
    co_await writer_.StartStream(200, std::move(headers));
  }
  for (const std::string& frame : frames) {
    const bool written = co_await writer_.WriteChunk(frame);
    if (!written) {
      co_return false;
    }
  }
  frames.clear();
  last_write_ = std::chrono::steady_clock::now();
  co_return true;
}

asio::awaitable<void> ChatExchange::FailStream(WireError error) {
  if (!head_sent_) {
    if (error.failure == Failure::kStreamTimeout) {
      error.failure = Failure::kGatewayTimeout;
    }
    co_await RefuseWith(std::move(error));
    co_return;
  }
  settlement_.Failed(error, 200);
  std::vector<std::string> frames;
  ChunkWriter::AddFailure(error, frames);
  const bool written = co_await WriteFrames(frames);
  if (written) {
    co_await writer_.FinishStream();
  }
}

ChatExchange::Instant ChatExchange::StreamEnd() const {
  const Instant end = started_ + options_.stream_timeout;
  return first_event_seen_ ? end : std::min(end, started_ + options_.first_token_timeout);
}

std::optional<ChatExchange::Instant> ChatExchange::NextComment() const {
  const auto keepalive = options_.sse_keepalive;
  return keepalive.count() > 0 ? std::optional(last_write_ + keepalive) : std::nullopt;
}

asio::awaitable<ChatExchange::Progress> ChatExchange::ForwardEvents(ChunkWriter& chunks) {
  std::vector<std::string> frames;
  while (auto event = stream_->TryNext()) {
    if (auto* failed = std::get_if<chat::Failed>(&event->what)) {
      WireError error = BackendWireError(std::move(failed->error));
      co_await FailStream(std::move(error));
      co_return Progress::kEnded;
    }
    Note(*event);
    const bool last = std::holds_alternative<chat::Finished>(event->what);
    chunks.Add(*std::move(event), frames);
    const bool written = co_await WriteFrames(frames);
    if (!written) {
      ClientLeft();
      co_return Progress::kEnded;
    }
    if (last) {
      co_await writer_.FinishStream();
      co_return Progress::kEnded;
    }
    if (std::chrono::steady_clock::now() >= StreamEnd()) {
      break;  // a reader just fast enough: the deadline is BridgeSilence's
    }
  }
  co_return Progress::kRunning;
}

asio::awaitable<ChatExchange::Progress> ChatExchange::BridgeSilence() {
  if (writer_.client_gone()) {
    ClientLeft();
    co_return Progress::kEnded;
  }
  const Instant now = std::chrono::steady_clock::now();
  if (now >= StreamEnd()) {
    WireError error{Failure::kStreamTimeout};
    co_await FailStream(std::move(error));
    co_return Progress::kEnded;
  }
  if (now >= NextComment().value_or(Instant::max())) {
    std::vector<std::string> frames(1, http::SseComment(kKeepAlive));
    const bool written = co_await WriteFrames(frames);
    if (!written) {
      ClientLeft();
      co_return Progress::kEnded;
    }
  }
  co_return Progress::kRunning;
}

asio::awaitable<void> ChatExchange::ReplyStreamed() {
  ChunkWriter chunks(header_, reply_.stream_usage, reply_.n, reply_.logprobs);
  while (true) {
    const Progress forwarded = co_await ForwardEvents(chunks);
    if (forwarded == Progress::kEnded) {
      co_return;
    }
    const Progress bridged = co_await BridgeSilence();
    if (bridged == Progress::kEnded) {
      co_return;
    }
    co_await WaitForStream(std::min(StreamEnd(), NextComment().value_or(Instant::max())));
  }
}

}  // namespace millrace::api
