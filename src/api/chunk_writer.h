// Writes the server-sent events of one streamed reply (api-contract 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/reply_format.h"
#include "api/wire_error.h"
#include "chat/chat_event.h"

namespace millrace::api {

// Feed it the request's events in order; it gives whole frames ("data: …\n\n").
//
// The role chunks of all choices come first, in index order, whatever order the choices start in;
// every other event waits until the last choice has started. Not thread-safe.
class ChunkWriter {
 public:
  ChunkWriter(const ReplyHeader& header, StreamUsage usage_mode, int32_t choice_count,
              Logprobs logprobs = Logprobs::kLeftOut);

  // Appends the frames that `event` brings to `frames`. Finished brings the usage chunk, when
  // asked for, and the last frame. Failed is not for here: see AddFailure.
  void Add(chat::ChatEvent event, std::vector<std::string>& frames);

  // The event that reports a failure inside a stream, and the last frame.
  static void AddFailure(const WireError& error, std::vector<std::string>& frames);

 private:
  void StartChoice(int32_t choice, const chat::ChoiceStarted& started,
                   std::vector<std::string>& frames);
  void WriteRoles(std::vector<std::string>& frames);
  void Write(const chat::ChatEvent& event, std::vector<std::string>& frames);
  void WriteFinish(int32_t choice, chat::FinishReason reason, std::vector<std::string>& frames);
  void WriteEnd(std::vector<std::string>& frames);
  std::string Open(int32_t choice) const;
  struct ChunkEnd {
    const chat::ContentDelta* content = nullptr;  // of the chunk, when it has answer text
    std::string_view finish_reason_json = "null";
    bool last = false;  // of all choices
  };
  void CloseChunk(const ChunkEnd& end, std::string& frame) const;

  std::string head_;  // "data: {" … ,"choices":[" : the same in every chunk
  const StreamUsage usage_mode_;
  const Logprobs logprobs_;
  std::vector<std::optional<chat::ChoiceStarted>> started_;  // by choice
  size_t role_count_ = 0;                                    // choices whose role chunk is written
  size_t finished_count_ = 0;
  bool reasoning_seen_ = false;
  chat::Usage usage_;                   // the latest known
  std::vector<chat::ChatEvent> early_;  // wait for the role chunks of other choices
};

}  // namespace millrace::api
