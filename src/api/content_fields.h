// Reads message content: a string, or an array of parts (api-contract 2.5).
#pragma once

#include <string>
#include <string_view>

#include "api/read_context.h"
#include "api/wire_error.h"
#include "chat/message.h"
#include "json/field_reader.h"

namespace millrace::api {

// Which media a request carried; whether the model takes them is decided later.
struct MediaFound {
  bool image = false;
  std::string other_path;       // of the first video or audio part, empty when there is none
  std::string_view other_kind;  // "video" or "audio"
};

// Reads the content value at `path` of a message with `role` into plain text: text parts joined
// with one newline, an assistant's reasoning parts dropped. Media are checked for shape, noted in
// `media` and leave no text.
WireResult<std::string> ReadContent(const boost::json::value& content, const std::string& path,
                                    chat::Role role, const ReadContext& context, MediaFound& media);

}  // namespace millrace::api
