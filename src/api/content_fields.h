// Reads message content: a string, or an array of parts (api-contract 2.5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/read_context.h"
#include "api/wire_error.h"
#include "chat/message.h"
#include "json/field_reader.h"

namespace millrace::api {

// Which media a request carried; whether the model takes them is decided later. Paths are those of
// the first part of a kind, empty when there is none.
struct MediaFound {
  uint32_t image_count = 0;
  std::string video_path;
  std::string audio_path;

  bool any() const { return image_count > 0 || !video_path.empty() || !audio_path.empty(); }
};

struct Content {
  std::string text;                      // text parts joined with one newline
  std::vector<chat::ContentPart> parts;  // every part in order when there are media, else empty
};

// Reads the content value at `path` of a message with `role`; an assistant's reasoning parts are
// dropped. Media are checked for shape and noted in `media`; nothing is loaded.
WireResult<Content> ReadContent(const boost::json::value& content, const std::string& path,
                                chat::Role role, const ReadContext& context, MediaFound& media);

}  // namespace millrace::api
