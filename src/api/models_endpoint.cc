#include "api/models_endpoint.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "json/field_reader.h"
#include "json/json.h"

namespace millrace::api {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"text", "image", "audio", "video"};
constexpr std::array<std::string_view, 7> kSubTypes = {
    "chat",           "embedding",      "reranker",     "text-to-image",
    "image-to-image", "speech-to-text", "text-to-video"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

// Percent decoding as in a form: '+' is a space, a broken escape stays as it is.
std::string DecodeForm(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// The last value of `key`, or nothing.
std::optional<std::string> QueryValue(std::string_view query, std::string_view key) {
  std::optional<std::string> found;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const size_t equals = pair.find('=');
    if (DecodeForm(pair.substr(0, equals)) == key) {
      found = equals == std::string_view::npos ? "" : DecodeForm(pair.substr(equals + 1));
    }
  }
  return found;
}

WireResult<std::optional<std::string>> ReadFilter(std::string_view query, std::string_view key,
                                                  std::span<const std::string_view> allowed) {
  std::optional<std::string> value = QueryValue(query, key);
  if (value && std::ranges::find(allowed, *value) == allowed.end()) {
    return json::NotOneOf(std::string(key), allowed);
  }
  return value;
}

void AppendModel(std::string_view id, const chat::ModelRecord& record, std::string& out) {
  out += "{\"id\":";
  json::AppendQuoted(id, out);
  out += R"(,"object":"model","created":)" + std::to_string(record.created_unix_seconds);
  out += ",\"owned_by\":";
  json::AppendQuoted(record.owned_by, out);
  out += ",\"context_length\":" + std::to_string(record.context_tokens);
  out += ",\"max_output_tokens\":" + std::to_string(record.output_tokens_max) + '}';
}

}  // namespace

WireResult<std::string> ListModelsJson(std::string_view query, const accounts::Principal& principal,
                                       const BackendResolver& backends, const ApiOptions& options) {
  const auto type = TRY(ReadFilter(query, "type", kTypes));
  const auto sub_type = TRY(ReadFilter(query, "sub_type", kSubTypes));
  std::vector<std::pair<std::string, std::shared_ptr<chat::ChatBackend>>> items;
  // Everything served here is a chat model.
  if (type.value_or("text") == "text" && sub_type.value_or("chat") == "chat") {
    for (const std::shared_ptr<chat::ChatBackend>& backend : backends.All()) {
      if (!principal.MayUse(backend->record().id)) {
        continue;
      }
      items.emplace_back(backend->record().id, backend);
      if (options.list_aliases) {
        for (const std::string& alias : backend->record().aliases) {
          items.emplace_back(alias, backend);
        }
      }
    }
  }
  std::ranges::sort(items, {}, [](const auto& item) { return std::string_view(item.first); });
  std::string out = R"({"object":"list","data":[)";
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      out += ',';
    }
    AppendModel(items[i].first, items[i].second->record(), out);
  }
  out += "]}";
  return out;
}

WireResult<std::string> ModelJson(std::string_view id, const accounts::Principal& principal,
                                  const BackendResolver& backends) {
  const std::shared_ptr<chat::ChatBackend> backend = backends.Resolve(id);
  if (backend == nullptr || !principal.MayUse(backend->record().id)) {
    return WireError{Failure::kPathNotFound};
  }
  std::string out;
  AppendModel(id, backend->record(), out);
  return out;
}

std::string UserInfoJson(const accounts::Principal& principal) {
  std::string out = R"({"code":20000,"message":"OK","status":true,"data":{"id":)";
  json::AppendQuoted(principal.account_id, out);
  out += R"(,"name":"","image":"","email":"","isAdmin":false,"balance":"0","status":"normal",)"
         R"("introduction":"","role":"","chargeBalance":"0","totalBalance":"0"}})";
  return out;
}

}  // namespace millrace::api
