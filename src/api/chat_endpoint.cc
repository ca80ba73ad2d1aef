#include "api/chat_endpoint.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "api/chunk_writer.h"
#include "api/error_table.h"
#include "api/header_text.h"
#include "api/response_builder.h"
#include "api/response_ids.h"
#include "api/run_on.h"
#include "http/sse.h"

namespace millrace::api {
namespace {

namespace asio = boost::asio;

constexpr int64_t kMillisPerSecond = 1000;
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
      last_write_(started_) {}

ChatExchange::~ChatExchange() {
  if (stream_ != nullptr) {
    settlement_.log().usage = stream_->usage();
  }
}

WireResult<ChatExchange::Prepared> ChatExchange::Prepare(std::string body,
                                                         const RequestOrigin& origin,
                                                         const ApiServices& services,
                                                         const std::atomic<bool>& draining) {
  Prepared prepared;
  prepared.chat = TRY(ParseChatRequest(body, origin, *services.backends, services.options));
  if (draining.load()) {
    return WireError{Failure::kOverloaded};
  }
  prepared.thinking = prepared.chat.request.enable_thinking;
  prepared.effort = prepared.chat.request.effort;
  auto stream = chat::StartChat(*prepared.chat.backend, std::move(prepared.chat.request));
  if (!stream.has_value()) {
    return BackendWireError(std::move(stream).error());
  }
  prepared.stream = *std::move(stream);
  return prepared;
}

asio::awaitable<void> ChatExchange::Run(http::Request request) {
  if (!IsJsonRequest(request.head)) {
    co_await Refuse(Failure::kUnsupportedContentType);
    co_return;
  }
  wakeup_ = std::make_shared<Wakeup>(co_await asio::this_coro::executor);
  writer_.NotifyWhenGone(wakeup_->Ringer());
  const RequestOrigin origin{
      .user_agent = std::string(request.head.Header("user-agent").value_or("")),
      .tenant = call_.principal.account_id,
      .fallback_seed = services_.random->NextUint64()};
  auto work = [body = std::move(request.body), origin, &services = services_,
               draining = call_.draining]() mutable -> WireResult<Prepared> {
    try {
      return Prepare(std::move(body), origin, services, *draining);
    } catch (const std::exception&) {
      return WireError{Failure::kInternal};
    }
  };
  auto prepared = co_await RunOn<WireResult<Prepared>>(services_.worker, std::move(work));
  if (!prepared.has_value()) {
    WireError error = std::move(prepared).error();
    co_await RefuseWith(std::move(error));
    co_return;
  }
  Accept(*std::move(prepared));
  if (reply_.stream) {
    co_await ReplyStreamed();
  } else {
    co_await ReplyWhole();
  }
}

void ChatExchange::Accept(Prepared prepared) {
  backend_ = std::move(prepared.chat.backend);
  stream_ = std::move(prepared.stream);
  reply_ = std::move(prepared.chat.reply);
  const int64_t unix_millis = services_.clock->UnixMillis();
  header_ = {.id = NewResponseId(unix_millis, *services_.random),
             .created_unix_seconds = unix_millis / kMillisPerSecond,
             .model = reply_.model};
  RequestLog& log = settlement_.log();
  log.model = backend_->record().id;
  log.stream = reply_.stream;
  log.thinking = prepared.thinking;
  log.effort = prepared.effort;
  settlement_.BackendAccepted();
}

asio::awaitable<void> ChatExchange::Refuse(Failure failure) {
  WireError error{failure};
  co_await RefuseWith(std::move(error));
}

asio::awaitable<void> ChatExchange::RefuseWith(WireError error) {
  http::Response response = ErrorResponse(error, services_.options);
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
  if (const auto* finished = std::get_if<chat::ChoiceFinished>(&event.what)) {
    settlement_.log().finish_reasons.push_back(finished->reason);
  }
}

asio::awaitable<void> ChatExchange::WaitForStream(Instant deadline) {
  stream_->NotifyWhenReady(wakeup_->Ringer());
  co_await wakeup_->Wait(deadline);
}

asio::awaitable<void> ChatExchange::ReplyWhole() {
  ResponseBuilder builder(reply_.n);
  const Instant deadline = started_ + services_.options.request_timeout;
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
  const ApiOptions& options = services_.options;
  const Instant end = started_ + options.stream_timeout;
  return first_event_seen_ ? end : std::min(end, started_ + options.first_token_timeout);
}

std::optional<ChatExchange::Instant> ChatExchange::NextComment() const {
  const auto keepalive = services_.options.sse_keepalive;
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
  ChunkWriter chunks(header_, reply_.stream_usage, reply_.n);
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
