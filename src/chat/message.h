// The conversation as the domain sees it, after the wire has been validated.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace millrace::chat {

enum class Role { kSystem, kUser, kAssistant, kTool };

// A call of a function by the model. `arguments_json` is what the model wrote; it may be broken
// JSON when the model was cut or wrong.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments_json;
};

struct Image;  // chat/image.h

enum class MediaKind { kImage, kVideo, kAudio };
enum class ImageDetail { kLow, kHigh };

struct TextPart {
  std::string text;
};
// A picture, film or sound of a user message. `url` is what the client sent; the loaded form is
// filled in before a backend sees the request.
struct MediaPart {
  MediaKind kind = MediaKind::kImage;
  std::string url = {};
  ImageDetail detail = ImageDetail::kHigh;
  std::optional<int32_t> frames_max = {};        // video
  std::optional<double> frames_per_second = {};  // video
  std::shared_ptr<const Image> image = {};       // kImage
  std::shared_ptr<const std::string> file = {};  // kVideo, kAudio: the bytes of the file
};
using ContentPart = std::variant<TextPart, MediaPart>;

struct Message {
  Role role = Role::kUser;
  std::string content;  // text parts already joined with one newline
  // User messages that hold media: every part in its order, texts included. Empty otherwise.
  std::vector<ContentPart> parts = {};
  std::optional<std::string> reasoning;  // assistant only: reasoning echoed by the client
  std::vector<ToolCall> tool_calls;      // assistant only
  std::string tool_call_id;              // tool only
  std::string name;                      // optional author or function name, empty when absent
};

// A function the model may call. The schema stays opaque JSON text here.
struct ToolSpec {
  std::string name;
  std::string description;
  std::string parameters_json;  // JSON Schema object, empty when the function takes no arguments
  bool strict = false;
  int32_t position = 0;    // in the request's `tools`
  std::string entry_json;  // the whole `tools[i]` object as the client wrote it, keys in order:
                           // templates print it
};

struct ToolChoiceNone {};
struct ToolChoiceAuto {};
struct ToolChoiceRequired {};
struct ToolChoiceNamed {
  std::string name;
};
using ToolChoice =
    std::variant<ToolChoiceAuto, ToolChoiceNone, ToolChoiceRequired, ToolChoiceNamed>;

}  // namespace millrace::chat
