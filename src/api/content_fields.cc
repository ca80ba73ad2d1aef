#include "api/content_fields.h"

#include <array>
#include <optional>
#include <utility>

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

// Left out means high, "auto" means low.
WireResult<chat::ImageDetail> ReadDetail(const FieldReader& fields) {
  const auto detail = TRY(fields.OptionalEnum("detail", kDetails));
  return !detail || *detail == "high" ? chat::ImageDetail::kHigh : chat::ImageDetail::kLow;
}

WireResult<chat::MediaPart> ReadImage(const FieldReader& part) {
  chat::MediaPart media{.kind = chat::MediaKind::kImage};
  const boost::json::value* image = TRY(part.RequiredValue("image_url"));
  if (image->is_string()) {
    media.url = std::string(image->get_string());
    return media;
  }
  if (!image->is_object()) {
    return json::WrongType(part.PathOf("image_url"), "string or dictionary");
  }
  const FieldReader fields(image->get_object(), part.PathOf("image_url"));
  media.url = std::string(TRY(fields.RequiredString("url")));
  media.detail = TRY(ReadDetail(fields));
  return media;
}

WireResult<chat::MediaPart> ReadVideo(const FieldReader& part, const RequestLimits& limits) {
  const object* video = TRY(part.RequiredObject("video_url"));
  const FieldReader fields(*video, part.PathOf("video_url"));
  chat::MediaPart media{.kind = chat::MediaKind::kVideo};
  media.url = std::string(TRY(fields.RequiredString("url")));
  media.detail = TRY(ReadDetail(fields));
  // Both spellings are documented; the right one wins.
  const json::IntegerRange frames{.min = 1, .max = limits.video_frames_max};
  const auto right = TRY(fields.OptionalInteger("max_frames", frames));
  const auto wrong = TRY(fields.OptionalInteger("max_frams", frames));
  if (right || wrong) {
    media.frames_max = static_cast<int32_t>(right ? *right : *wrong);
  }
  media.frames_per_second = TRY(fields.OptionalNumber("fps", {.above = 0.0}));
  return media;
}

WireResult<chat::MediaPart> ReadAudioUrl(const FieldReader& part) {
  const object* audio = TRY(part.RequiredObject("audio_url"));
  const FieldReader fields(*audio, part.PathOf("audio_url"));
  const std::string_view url = TRY(fields.RequiredString("url"));
  return chat::MediaPart{.kind = chat::MediaKind::kAudio, .url = std::string(url)};
}

WireResult<chat::MediaPart> ReadInputAudio(const FieldReader& part) {
  const object* audio = TRY(part.RequiredObject("input_audio"));
  const FieldReader fields(*audio, part.PathOf("input_audio"));
  const std::string_view data = TRY(fields.RequiredString("data"));
  const std::string_view format = TRY(fields.RequiredEnum("format", kAudioFormats));
  std::string url = "data:audio/";
  url += format;
  url += ";base64,";
  url += data;
  return chat::MediaPart{.kind = chat::MediaKind::kAudio, .url = std::move(url)};
}

void Note(chat::MediaKind kind, const std::string& path, MediaFound& media) {
  switch (kind) {
    case chat::MediaKind::kImage:
      ++media.image_count;
      return;
    case chat::MediaKind::kVideo:
      media.video_path = media.video_path.empty() ? path : media.video_path;
      return;
    case chat::MediaKind::kAudio:
      media.audio_path = media.audio_path.empty() ? path : media.audio_path;
      return;
  }
}

// The part, or nothing when it is one that is dropped.
WireResult<std::optional<chat::ContentPart>> ReadPart(const FieldReader& part, chat::Role role,
                                                      const ReadContext& context) {
  const std::string_view type = TRY(part.RequiredEnum("type", PartsOf(role)));
  std::optional<chat::ContentPart> read;
  if (type == "text" || type == "refusal") {
    read = chat::TextPart{.text = std::string(TRY(part.RequiredString(type)))};
  } else if (type == "image_url") {
    read = TRY(ReadImage(part));
  } else if (type == "video_url") {
    read = TRY(ReadVideo(part, context.options.limits));
  } else if (type == "audio_url") {
    read = TRY(ReadAudioUrl(part));
  } else if (type == "input_audio") {
    read = TRY(ReadInputAudio(part));
  }
  return read;
}

std::string JoinTexts(const std::vector<chat::ContentPart>& parts) {
  std::string text;
  bool any = false;
  for (const chat::ContentPart& part : parts) {
    if (const auto* piece = std::get_if<chat::TextPart>(&part)) {
      text += any ? "\n" : "";
      text += piece->text;
      any = true;
    }
  }
  return text;
}

}  // namespace

WireResult<Content> ReadContent(const boost::json::value& content, const std::string& path,
                                chat::Role role, const ReadContext& context, MediaFound& media) {
  Content read;
  if (content.is_string()) {
    read.text = std::string(content.get_string());
    return read;
  }
  if (!content.is_array()) {
    return json::WrongType(path, "string or list");
  }
  const boost::json::array* parts =
      TRY(json::AsArray(content, path, {.min = 1, .max = context.options.limits.parts_max}));
  bool any_media = false;
  for (size_t i = 0; i < parts->size(); ++i) {
    const std::string part_path = json::JoinPath(path, i);
    const object* part = TRY(json::AsObject((*parts)[i], part_path));
    std::optional<chat::ContentPart> piece =
        TRY(ReadPart(FieldReader(*part, part_path), role, context));
    if (!piece) {
      continue;
    }
    if (const auto* found = std::get_if<chat::MediaPart>(&*piece)) {
      Note(found->kind, part_path, media);
      any_media = true;
    }
    read.parts.push_back(*std::move(piece));
  }
  read.text = JoinTexts(read.parts);
  if (!any_media) {
    read.parts.clear();
  }
  return read;
}

}  // namespace millrace::api
