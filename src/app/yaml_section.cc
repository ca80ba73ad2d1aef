#include "app/yaml_section.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace millrace::app {
namespace {

size_t LineOf(std::string_view text, size_t at) {
  return static_cast<size_t>(std::ranges::count(text.substr(0, at), '\n')) + 1;
}

// Bytes that no text file holds; YAML readers let them through.
std::optional<std::string> FindJunk(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const base::Utf8Char next = base::DecodeUtf8(text.substr(at));
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool control = next.code_point < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
    if (!next.valid || control || next.code_point == 0x7F) {
      return fmt::format("the byte 0x{:02X} does not belong into a text file of UTF-8 (line {})",
                         byte, LineOf(text, at));
    }
    at += next.length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<YAML::Node> ParseYaml(std::string_view yaml, std::vector<std::string>& problems) {
  if (std::optional<std::string> junk = FindJunk(yaml)) {
    problems.push_back(*std::move(junk));
    return std::nullopt;
  }
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    if (documents.size() > 1) {
      problems.push_back(
          fmt::format("something stands behind the end of the document (line {}): a second one, or "
                      "text behind a closing bracket",
                      documents[1].Mark().line + 1));
      return std::nullopt;
    }
    return documents.empty() ? YAML::Node() : documents.front();
  } catch (const YAML::Exception& failure) {
    problems.push_back(fmt::format("not YAML: {} (line {})", failure.msg, failure.mark.line + 1));
    return std::nullopt;
  }
}

std::vector<std::string> KeysOf(const YAML::Node& mapping, const std::string& path,
                                std::vector<std::string>& problems) {
  std::vector<std::string> keys;
  const std::string begin = path.empty() ? "" : path + ".";
  for (const auto& entry : mapping) {
    const int line = entry.first.Mark().line + 1;
    if (!entry.first.IsScalar()) {
      problems.push_back(fmt::format("{}?: a key should be a text (line {})", begin, line));
      continue;
    }
    const std::string& key = entry.first.Scalar();
    if (std::ranges::find(keys, key) != keys.end()) {
      problems.push_back(fmt::format("{}{}: is there twice (line {})", begin, key, line));
      continue;
    }
    keys.push_back(key);
  }
  return keys;
}

}  // namespace millrace::app
