#include "app/chat_reply.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/utf8.h"
#include "json/json.h"

namespace millrace::app {
namespace {

constexpr size_t kRawBytesMax = 64U << 10;
constexpr size_t kPlainErrorBytesMax = 200;

const boost::json::object* ObjectAt(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string StringAt(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

// The first choice of a chunk; a chunk of usage alone has none.
const boost::json::object* FirstChoice(const boost::json::object& chunk) {
  const boost::json::value* choices = chunk.if_contains("choices");
  const boost::json::array* array = choices == nullptr ? nullptr : choices->if_array();
  return array == nullptr || array->empty() ? nullptr : array->front().if_object();
}

std::string ErrorOfObject(const boost::json::object& object) {
  if (const boost::json::object* error = ObjectAt(object, "error")) {
    return StringAt(*error, "message");
  }
  const std::string message = StringAt(object, "message");
  return message.empty() ? StringAt(object, "error") : message;
}

}  // namespace

std::vector<ReplyPiece> ReplyReader::Add(std::string_view bytes) {
  std::vector<ReplyPiece> pieces;
  if (!streams_ && raw_.size() < kRawBytesMax) {
    raw_ += bytes.substr(0, kRawBytesMax - raw_.size());
  }
  events_.Add(bytes);
  while (const std::optional<std::string> data = events_.Next()) {
    streams_ = true;
    ReadEvent(*data, pieces);
  }
  if (events_.overflowed()) {
    error_ = "an event of the stream is too long";
  }
  return pieces;
}

void ReplyReader::ReadEvent(std::string_view data, std::vector<ReplyPiece>& pieces) {
  if (done_ || error_) {
    return;
  }
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  const auto parsed = json::Parse(data);
  const boost::json::object* chunk = parsed.has_value() ? parsed->if_object() : nullptr;
  if (chunk == nullptr) {
    error_ = "an event of the stream is not a JSON object";
    return;
  }
  const boost::json::object* choice = FirstChoice(*chunk);
  if (choice == nullptr) {
    if (chunk->contains("error") || chunk->contains("message")) {
      error_ = ErrorOfObject(*chunk);
    }
    return;
  }
  if (std::string reason = StringAt(*choice, "finish_reason"); !reason.empty()) {
    finish_reason_ = std::move(reason);
  }
  if (const boost::json::object* delta = ObjectAt(*choice, "delta")) {
    pieces.push_back({.reasoning = StringAt(*delta, "reasoning_content"),
                      .content = StringAt(*delta, "content")});
  }
}

std::string ErrorText(std::string_view body) {
  if (const auto parsed = json::Parse(body)) {
    if (const boost::json::string* text = parsed->if_string()) {
      return std::string(*text);
    }
    if (const boost::json::object* object = parsed->if_object()) {
      return ErrorOfObject(*object);
    }
    return {};
  }
  const std::string_view first_line = body.substr(0, body.find_first_of("\r\n"));
  return base::SanitizeUtf8(first_line.substr(0, kPlainErrorBytesMax));
}

std::optional<std::vector<std::string>> ModelIds(std::string_view body) {
  const auto parsed = json::Parse(body);
  const boost::json::object* object = parsed.has_value() ? parsed->if_object() : nullptr;
  const boost::json::value* data = object == nullptr ? nullptr : object->if_contains("data");
  const boost::json::array* models = data == nullptr ? nullptr : data->if_array();
  if (models == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> ids;
  for (const boost::json::value& model : *models) {
    const boost::json::object* entry = model.if_object();
    std::string id = entry == nullptr ? std::string() : StringAt(*entry, "id");
    if (id.empty()) {
      return std::nullopt;
    }
    ids.push_back(std::move(id));
  }
  return ids;
}

}  // namespace millrace::app
