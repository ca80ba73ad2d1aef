#include "http/connection.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/check.h"
#include "http/head_scanner.h"
#include "http/target.h"
#include "http/wire.h"

namespace millrace::http {
namespace {

namespace asio = boost::asio;

constexpr size_t kHeadReadBytes = 16 * 1024;
constexpr size_t kBodyReadBytes = 64 * 1024;
// A body nobody wants is read to its end, to keep the connection, when it is no larger than this.
constexpr uint64_t kDrainBytesMax = 1U << 20;
// Trusted for reserving memory ahead; what is declared above it must first arrive.
constexpr uint64_t kReserveBytesMax = 1U << 20;

WriteParts Gather(std::string_view first, std::string_view second = {},
                  std::string_view third = {}) {
  const auto buffer = [](std::string_view text) {
    return asio::const_buffer(text.data(), text.size());
  };
  return {buffer(first), buffer(second), buffer(third)};
}

int64_t UnixSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// The answer to one request on its connection.
class ConnectionWriter final : public ResponseWriter {
 public:
  ConnectionWriter(Connection& connection, bool close) : connection_(connection), close_(close) {}
  ~ConnectionWriter() override { connection_.transport_->StopWatching(); }

  bool finished() const { return state_ == State::kFinished; }
  bool closing() const { return close_; }

  asio::awaitable<void> Send(Response response) override {
    MILLRACE_CHECK(state_ == State::kUnused);
    close_ = close_ || connection_.state_->draining;
    const bool sent = co_await connection_.SendResponse(response, close_);
    state_ = sent ? State::kFinished : State::kFailed;
  }

  asio::awaitable<void> StartStream(int status, HeaderList headers) override {
    MILLRACE_CHECK(state_ == State::kUnused);
    close_ = close_ || connection_.state_->draining;
    chunked_ = connection_.http11_;
    HeadFacts facts;
    facts.status = status;
    facts.framing = chunked_ ? BodyFraming::kChunked : BodyFraming::kUntilClose;
    facts.close = close_;
    const std::string head =
        FormatHead(facts, headers, connection_.state_->options.server_name, UnixSeconds());
    const bool sent = co_await Write(Gather(head));
    state_ = sent ? State::kStreaming : State::kFailed;
    WatchIfNeeded();
  }

  asio::awaitable<bool> WriteChunk(std::string_view bytes) override {
    MILLRACE_CHECK(state_ != State::kUnused);
    if (state_ != State::kStreaming || connection_.transport_->gone()) {
      // What was refused once must not end well later: the body would look complete.
      state_ = State::kFailed;
      co_return false;
    }
    // An empty chunk would end the body.
    if (bytes.empty() || connection_.head_method_) {
      co_return true;
    }
    const std::string header = chunked_ ? ChunkHeader(bytes.size()) : std::string();
    const std::string_view trailer = chunked_ ? "\r\n" : "";
    const bool sent = co_await Write(Gather(header, bytes, trailer));
    if (!sent) {
      state_ = State::kFailed;
    }
    co_return sent;
  }

  asio::awaitable<void> FinishStream() override {
    MILLRACE_CHECK(state_ != State::kUnused);
    if (state_ != State::kStreaming) {
      co_return;
    }
    bool sent = true;
    if (chunked_ && !connection_.head_method_) {
      sent = co_await Write(Gather("0\r\n\r\n"));
    }
    state_ = sent ? State::kFinished : State::kFailed;
  }

  void NotifyWhenGone(std::move_only_function<void()> on_gone) override {
    if (connection_.transport_->gone()) {
      on_gone();
      return;
    }
    watching_ = true;
    connection_.transport_->Watch(std::move(on_gone));
  }

  bool client_gone() const override { return connection_.transport_->PeekGone(); }

 private:
  enum class State { kUnused, kStreaming, kFinished, kFailed };

  asio::awaitable<bool> Write(WriteParts parts) {
    const IoState state =
        co_await connection_.transport_->Write(parts, connection_.state_->options.stall_timeout);
    co_return state == IoState::kOk;
  }

  // A stream is watched even when the handler did not ask, so that WriteChunk knows early.
  void WatchIfNeeded() {
    if (!watching_ && state_ == State::kStreaming) {
      watching_ = true;
      connection_.transport_->Watch([] {});
    }
  }

  Connection& connection_;
  bool close_;
  bool chunked_ = true;
  bool watching_ = false;
  State state_ = State::kUnused;
};

Connection::Connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket)
    : state_(std::move(state)),
      transport_(std::make_shared<Transport>(std::move(socket))),
      remote_address_(transport_->remote_address()) {
  state_->connections.insert(this);
}

Connection::~Connection() {
  state_->connections.erase(this);
  transport_->Close();
}

void Connection::Drain() {
  // A request already on its way is still answered.
  if (idle_ && !transport_->HasPendingBytes()) {
    transport_->Cancel();
  }
}

void Connection::Abort() { transport_->Close(); }

asio::awaitable<void> Connection::Run(std::shared_ptr<Connection> self) {
  try {
    co_await self->Serve();
  } catch (const std::exception&) {
    // Out of memory, or a handler that let an exception out: this connection ends, the others do
    // not notice.
    self->transport_->Close();
  }
}

asio::awaitable<void> Connection::Refuse(std::shared_ptr<Connection> self) {
  try {
    self->idle_ = false;
    const Next next = co_await self->FailWith(ProtocolError::kOverloaded, nullptr);
    if (next == Next::kLinger) {
      co_await self->transport_->Linger();
    }
  } catch (const std::exception&) {
    self->transport_->Close();
  }
}

asio::awaitable<void> Connection::Serve() {
  Transport::Duration timeout = state_->options.head_timeout;
  Next next = Next::kServeNext;
  while (next == Next::kServeNext) {
    const bool ready = co_await AwaitRequest(timeout);
    if (!ready) {
      co_return;
    }
    next = co_await ServeOne();
    timeout = state_->options.idle_timeout;
  }
  if (next == Next::kLinger) {
    co_await transport_->Linger();
  }
}

asio::awaitable<bool> Connection::AwaitRequest(Transport::Duration timeout) {
  if (!transport_->received().empty()) {
    co_return true;
  }
  if (state_->draining && !transport_->HasPendingBytes()) {
    co_return false;
  }
  transport_->received().ReleaseIfEmpty();
  idle_ = true;
  transport_->SetDeadline(timeout);
  const IoState state = co_await transport_->WaitReadable();
  idle_ = false;
  co_return state == IoState::kOk;
}

asio::awaitable<Connection::HeadRead> Connection::ReadHead() {
  ReadBuffer& received = transport_->received();
  HeadScanner scanner(
      {.bytes_max = state_->options.head_bytes_max, .lines_max = state_->options.header_lines_max});
  HeadRead result;
  bool before_start = true;
  transport_->SetDeadline(state_->options.head_timeout);
  for (;;) {
    // Empty lines before a request are skipped, as RFC 9112 section 2.2 asks.
    while (before_start && received.view().starts_with("\r\n")) {
      received.Consume(2);
    }
    before_start = before_start && (received.empty() || received.view() == "\r");
    const HeadState state = before_start ? HeadState::kNeedMore : scanner.Scan(received.view());
    if (state == HeadState::kComplete) {
      result.length = scanner.length();
      co_return result;
    }
    if (state != HeadState::kNeedMore) {
      result.error =
          state == HeadState::kTooLarge ? ProtocolError::kHeadTooLarge : ProtocolError::kMalformed;
      co_return result;
    }
    const IoState io = co_await transport_->ReadMore(kHeadReadBytes);
    if (io == IoState::kTimedOut && !received.empty()) {
      result.error = ProtocolError::kTimeout;
      co_return result;
    }
    if (io != IoState::kOk) {
      result.gone = true;
      co_return result;
    }
  }
}

asio::awaitable<Connection::Next> Connection::ServeOne() {
  http11_ = true;
  head_method_ = false;
  const HeadRead read = co_await ReadHead();
  if (read.gone) {
    co_return Next::kClose;
  }
  if (read.error) {
    co_return co_await FailWith(*read.error, nullptr);
  }
  RequestParser parser;
  Request request;
  request.head.remote_address = remote_address_;
  base::Status parsed =
      parser.ParseHead(transport_->received().view().substr(0, read.length), request.head);
  transport_->received().Consume(read.length);
  auto target = ParseTarget(parser.target());
  if (!parsed.has_value() || !target.has_value()) {
    co_return co_await FailWith(ProtocolError::kMalformed, &request.head);
  }
  request.head.path = std::move(target->path);
  request.head.query = std::move(target->query);
  http11_ = parser.http11();
  head_method_ = request.head.method == "HEAD";

  HeadDecision decision = state_->handler->OnHead(request.head);
  if (Response* rejection = std::get_if<Response>(&decision)) {
    co_return co_await Reject(parser, request.head, std::move(*rejection));
  }
  const uint64_t bytes_max = std::get<AcceptBody>(decision).bytes_max;
  BodyClaim claim(state_);
  if (const auto refused = RefusesLength(request.head, bytes_max, claim)) {
    Response refusal = state_->handler->OnProtocolError(*refused, &request.head);
    co_return co_await Reject(parser, request.head, std::move(refusal));
  }
  parser.set_body_limit(bytes_max);
  if (parser.has_body()) {
    request.body.reserve(std::min(request.head.content_length.value_or(0), kReserveBytesMax));
    const BodyRead body = co_await ReadBody(parser, request.body, claim);
    if (body.gone) {
      co_return Next::kClose;
    }
    if (body.error) {
      co_return co_await FailWith(*body.error, &request.head);
    }
  }
  const bool close = !http11_ || !parser.keep_alive();
  co_return co_await Answer(std::move(request), close);
}

asio::awaitable<Connection::Next> Connection::Answer(Request request, bool close) {
  transport_->ClearDeadline();
  ConnectionWriter writer(*this, close);
  co_await state_->handler->Handle(std::move(request), writer);
  if (!writer.finished()) {
    co_return Next::kClose;
  }
  co_return writer.closing() ? Next::kLinger : Next::kServeNext;
}

std::optional<ProtocolError> Connection::RefusesLength(const RequestHead& head, uint64_t bytes_max,
                                                       const BodyClaim& claim) const {
  const uint64_t length = head.content_length.value_or(0);
  if (length > bytes_max) {
    return ProtocolError::kBodyTooLarge;
  }
  if (!claim.Fits(length)) {
    return ProtocolError::kOverloaded;
  }
  return std::nullopt;
}

asio::awaitable<IoState> Connection::ReadBodyBytes(BodyPace& pace) {
  const auto timeout = state_->options.body_timeout;
  const uint64_t due =
      static_cast<uint64_t>(timeout.count()) * state_->options.body_rate_min / 1000;
  if (!pace.begun || pace.bytes >= due) {
    pace = {.bytes = 0, .begun = true};
    transport_->SetDeadline(timeout);
  }
  const size_t before = transport_->received().size();
  const IoState io = co_await transport_->ReadMore(kBodyReadBytes);
  pace.bytes += transport_->received().size() - before;
  co_return io;
}

asio::awaitable<Connection::BodyRead> Connection::ReadBody(RequestParser& parser, std::string& body,
                                                           BodyClaim& claim) {
  BodyRead result;
  ReadBuffer& received = transport_->received();
  if (parser.expects_continue() && received.empty()) {
    const IoState sent = co_await transport_->Write(Gather("HTTP/1.1 100 Continue\r\n\r\n"),
                                                    state_->options.stall_timeout);
    if (sent != IoState::kOk) {
      result.gone = true;
      co_return result;
    }
  }
  BodyPace pace;
  for (;;) {
    const BodyProgress progress = parser.FeedBody(received.view(), body);
    received.Consume(progress.used);
    if (!claim.Fits(body.size())) {
      result.error = ProtocolError::kOverloaded;
      co_return result;
    }
    claim.Hold(body.size());
    switch (progress.state) {
      case BodyState::kComplete:
        co_return result;
      case BodyState::kTooLarge:
        result.error = ProtocolError::kBodyTooLarge;
        co_return result;
      case BodyState::kMalformed:
        result.error = ProtocolError::kMalformed;
        co_return result;
      case BodyState::kNeedMore:
        break;
    }
    const IoState io = co_await ReadBodyBytes(pace);
    if (io == IoState::kTimedOut) {
      result.error = ProtocolError::kTimeout;
      co_return result;
    }
    if (io != IoState::kOk) {
      result.gone = true;
      co_return result;
    }
  }
}

asio::awaitable<Connection::Next> Connection::Reject(RequestParser& parser, const RequestHead& head,
                                                     Response response) {
  // A client that asked first may or may not send its body after this answer: only closing makes
  // the next byte's meaning certain.
  const bool drainable = !parser.has_body() || (!parser.expects_continue() &&
                                                head.content_length.value_or(0) <= kDrainBytesMax);
  const bool close = !http11_ || !parser.keep_alive() || !drainable || state_->draining;
  const bool sent = co_await SendResponse(response, close);
  if (!sent) {
    co_return Next::kClose;
  }
  if (close) {
    co_return Next::kLinger;
  }
  if (parser.has_body()) {
    parser.set_body_limit(kDrainBytesMax);
    const bool drained = co_await DrainBody(parser);
    co_return drained ? Next::kServeNext : Next::kLinger;
  }
  co_return Next::kServeNext;
}

asio::awaitable<bool> Connection::DrainBody(RequestParser& parser) {
  ReadBuffer& received = transport_->received();
  std::string scrap;
  BodyPace pace;
  for (;;) {
    scrap.clear();
    const BodyProgress progress = parser.FeedBody(received.view(), scrap);
    received.Consume(progress.used);
    if (progress.state != BodyState::kNeedMore) {
      co_return progress.state == BodyState::kComplete;
    }
    const IoState io = co_await ReadBodyBytes(pace);
    if (io != IoState::kOk) {
      co_return false;
    }
  }
}

asio::awaitable<Connection::Next> Connection::FailWith(ProtocolError error,
                                                       const RequestHead* head) {
  const Response response = state_->handler->OnProtocolError(error, head);
  const bool sent = co_await SendResponse(response, true);
  co_return sent ? Next::kLinger : Next::kClose;
}

asio::awaitable<bool> Connection::SendResponse(const Response& response, bool close) {
  HeadFacts facts;
  facts.status = response.status;
  facts.body_bytes = response.body.size();
  facts.close = close;
  const std::string head =
      FormatHead(facts, response.headers, state_->options.server_name, UnixSeconds());
  const bool with_body = !head_method_ && StatusHasBody(response.status);
  const std::string_view body = with_body ? std::string_view(response.body) : std::string_view();
  const IoState state =
      co_await transport_->Write(Gather(head, body), state_->options.stall_timeout);
  co_return state == IoState::kOk;
}

}  // namespace millrace::http
