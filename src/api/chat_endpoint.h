// Serves one chat request: body in, whole or streamed answer out.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accounts/accounts.h"
#include "accounts/limiter.h"
#include "api/api_services.h"
#include "api/chat_request_parser.h"
#include "api/chunk_writer.h"
#include "api/reply_format.h"
#include "api/settlement.h"
#include "api/wakeup.h"
#include "api/wire_error.h"
#include "chat/chat_backend.h"
#include "http/message.h"
#include "http/server.h"

namespace millrace::api {

// The life of one POST, on the server's executor. Parsing and rendering happen on the worker
// executor. Dropping the exchange, or the client going away, cancels the generation at once.
class ChatExchange {
 public:
  struct Call {
    http::HeaderList headers;  // of every answer: trace ids, CORS
    accounts::Principal principal;
    const std::atomic<bool>* draining;  // true: new requests are refused
  };

  // All references must outlive the exchange.
  ChatExchange(const ApiServices& services, Call call, http::ResponseWriter& writer,
               RequestSettlement& settlement);
  ChatExchange(const ChatExchange&) = delete;
  ChatExchange& operator=(const ChatExchange&) = delete;
  ~ChatExchange();

  boost::asio::awaitable<void> Run(http::Request request);

 private:
  using Instant = std::chrono::steady_clock::time_point;

  // The steps of the contract's order (5.8), each on the executor it belongs to. An error ends the
  // request.
  boost::asio::awaitable<WireStatus> Begin(http::Request request);
  boost::asio::awaitable<WireResult<ParsedChat>> Parse(http::Request request);  // 7 to 14
  boost::asio::awaitable<WireResult<ParsedChat>> Load(ParsedChat chat);         // 15
  boost::asio::awaitable<WireStatus> Prepare(ParsedChat chat);                  // 16
  WireStatus Admit();                                                           // 17
  WireStatus Start();                                                           // 18
  // Runs `work` on `pool` when its turn comes, and ends with kClientGone instead when the client
  // has left by then or meanwhile; an exception becomes an error.
  template <typename T>
  boost::asio::awaitable<WireResult<T>> Work(base::FairPool* pool,
                                             std::move_only_function<WireResult<T>()> work);
  void Describe(const ParsedChat& chat);
  // The answer to a request over its limits; its headers are added to the call's.
  WireError RateRefusal(const accounts::LimitRefusal& refusal);
  // GCC 12 destroys a braced aggregate twice when it is made inside a co_await expression, so
  // errors go in by name: a Failure, or a moved variable.
  boost::asio::awaitable<void> Refuse(Failure failure);
  boost::asio::awaitable<void> RefuseWith(WireError error);
  boost::asio::awaitable<void> ReplyWhole();
  boost::asio::awaitable<void> ReplyStreamed();
  // Writes `frames` and empties it, the stream's head first if need be. False: the client left.
  boost::asio::awaitable<bool> WriteFrames(std::vector<std::string>& frames);
  boost::asio::awaitable<void> FailStream(WireError error);
  boost::asio::awaitable<void> WaitForStream(Instant deadline);
  // Writes every event that is there now.
  enum class Progress { kRunning, kEnded };
  boost::asio::awaitable<Progress> ForwardEvents(ChunkWriter& chunks);
  // Does what is due while no event comes: looks for the client, the clock and the next comment.
  boost::asio::awaitable<Progress> BridgeSilence();
  // When the stream has run, or waited for its first token, too long.
  Instant StreamEnd() const;
  // When silence has lasted so long that the connection needs a sign of life.
  std::optional<Instant> NextComment() const;
  void Note(const chat::ChatEvent& event);
  void ClientLeft();

  const ApiServices& services_;
  Call call_;
  http::ResponseWriter& writer_;
  RequestSettlement& settlement_;
  const Instant started_;
  const ApiOptions& options_;
  std::shared_ptr<Wakeup> wakeup_;
  // Asked on other threads.
  const std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);

  ReplyOptions reply_;
  ReplyHeader header_;
  std::shared_ptr<chat::ChatBackend> backend_;  // keeps what the stream works with alive
  accounts::Demand demand_;
  std::unique_ptr<chat::PreparedChat> prepared_;
  std::unique_ptr<chat::ChatStream> stream_;
  accounts::Reservation reservation_;
  std::string caller_;  // who takes turns with others
  bool large_ = false;  // its body
  bool head_sent_ = false;
  bool first_event_seen_ = false;
  Instant last_write_;
};

}  // namespace millrace::api
