// Which path means what, and which methods it takes (api-contract 1.1).
#pragma once

#include <string>
#include <string_view>

namespace millrace::api {

enum class RouteId {
  kChat,
  kModels,
  kModel,
  kUserInfo,
  kHealth,
  kReady,
  kMetrics,
  kOpenApi,
  kUnknown
};

struct Route {
  RouteId id = RouteId::kUnknown;
  std::string_view allow;  // for the Allow header, "POST, OPTIONS"
  std::string model;       // of kModel: the rest of the path, decoded
};

// `path` is normalised by the HTTP server, its escapes are not resolved: only the name of a model
// may hold some ("Qwen%2FQwen3-8B").
Route FindRoute(std::string_view path);

// Whether `method` may be used on `route`. HEAD counts as GET.
bool MethodAllowed(const Route& route, std::string_view method);

// For logs and metric labels: "chat", "models", …
std::string_view RouteName(RouteId id);

}  // namespace millrace::api
