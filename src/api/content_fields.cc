#include "api/content_fields.h"

#include <array>
#include <optional>

namespace millrace::api {
namespace {

using boost::json::object;
using json::FieldReader;

constexpr std::array<std::string_view, 3> kDetails = {"auto", "low", "high"};
constexpr std::array<std::string_view, 2> kAudioFormats = {"wav", "mp3"};
constexpr std::array<std::string_view, 5> kUserParts = {"text", "image_url", "video_url",
                                                        "audio_url", "input_audio"};
constexpr std::array<std::string_view, 5> kAssistantParts = {"text", "refusal", "thinking",
                                                             "reasoning", "redacted_thinking"};
constexpr std::array<std::string_view, 1> kTextParts = {"text"};

std::span<const std::string_view> PartsOf(chat::Role role) {
  switch (role) {
    case chat::Role::kUser:
      return kUserParts;
    case chat::Role::kAssistant:
      return kAssistantParts;
    case chat::Role::kSystem:
    case chat::Role::kTool:
      return kTextParts;
  }
  std::unreachable();
}

WireStatus CheckImage(const FieldReader& part) {
  const boost::json::value* image = TRY(part.RequiredValue("image_url"));
  if (image->is_string()) {
    return {};
  }
  if (!image->is_object()) {
    return json::WrongType(part.PathOf("image_url"), "string or dictionary");
  }
  const FieldReader fields(image->get_object(), part.PathOf("image_url"));
  TRY(fields.RequiredString("url"));
  TRY(fields.OptionalEnum("detail", kDetails));
  return {};
}

WireStatus CheckVideo(const FieldReader& part) {
  const object* video = TRY(part.RequiredObject("video_url"));
  const FieldReader fields(*video, part.PathOf("video_url"));
  TRY(fields.RequiredString("url"));
  TRY(fields.OptionalEnum("detail", kDetails));
  // Both spellings are documented.
  TRY(fields.OptionalInteger("max_frames", {.min = 1}));
  TRY(fields.OptionalInteger("max_frams", {.min = 1}));
  TRY(fields.OptionalNumber("fps", {.above = 0.0}));
  return {};
}

WireStatus CheckAudioUrl(const FieldReader& part) {
  const object* audio = TRY(part.RequiredObject("audio_url"));
  TRY(FieldReader(*audio, part.PathOf("audio_url")).RequiredString("url"));
  return {};
}

WireStatus CheckInputAudio(const FieldReader& part) {
  const object* audio = TRY(part.RequiredObject("input_audio"));
  const FieldReader fields(*audio, part.PathOf("input_audio"));
  TRY(fields.RequiredString("data"));
  TRY(fields.RequiredEnum("format", kAudioFormats));
  return {};
}

void NoteOther(std::string_view kind, const FieldReader& part, MediaFound& media) {
  if (media.other_path.empty()) {
    media.other_path = part.path();
    media.other_kind = kind;
  }
}

// The part's text, or nothing when the part brings none.
WireResult<std::optional<std::string_view>> ReadPart(const FieldReader& part, chat::Role role,
                                                     MediaFound& media) {
  const std::string_view type = TRY(part.RequiredEnum("type", PartsOf(role)));
  if (type == "text" || type == "refusal") {
    return std::optional(TRY(part.RequiredString(type)));
  }
  if (type == "image_url") {
    TRY(CheckImage(part));
    media.image = true;
  } else if (type == "video_url") {
    TRY(CheckVideo(part));
    NoteOther("video", part, media);
  } else if (type == "audio_url") {
    TRY(CheckAudioUrl(part));
    NoteOther("audio", part, media);
  } else if (type == "input_audio") {
    TRY(CheckInputAudio(part));
    NoteOther("audio", part, media);
  }
  return std::optional<std::string_view>();
}

}  // namespace

WireResult<std::string> ReadContent(const boost::json::value& content, const std::string& path,
                                    chat::Role role, const ReadContext& context,
                                    MediaFound& media) {
  if (content.is_string()) {
    return std::string(content.get_string());
  }
  if (!content.is_array()) {
    return json::WrongType(path, "string or list");
  }
  const boost::json::array* parts =
      TRY(json::AsArray(content, path, {.min = 1, .max = context.options.limits.parts_max}));
  std::string text;
  bool any_text = false;
  for (size_t i = 0; i < parts->size(); ++i) {
    const std::string part_path = json::JoinPath(path, i);
    const object* part = TRY(json::AsObject((*parts)[i], part_path));
    const std::optional<std::string_view> piece =
        TRY(ReadPart(FieldReader(*part, part_path), role, media));
    if (piece) {
      if (any_text) {
        text += '\n';
      }
      text += *piece;
      any_text = true;
    }
  }
  return text;
}

}  // namespace millrace::api
