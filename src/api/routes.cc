#include "api/routes.h"

#include <array>
#include <utility>

#include "http/target.h"

namespace millrace::api {
namespace {

constexpr std::string_view kPost = "POST, OPTIONS";
constexpr std::string_view kGet = "GET, HEAD, OPTIONS";

struct FixedRoute {
  std::string_view path;
  RouteId id;
  std::string_view allow;
};
constexpr std::array kFixed = {
    FixedRoute{"/chat/completions", RouteId::kChat, kPost},
    FixedRoute{"/models", RouteId::kModels, kGet},
    FixedRoute{"/user/info", RouteId::kUserInfo, kGet},
};
// Without the version in front.
constexpr std::array kOperator = {
    FixedRoute{"/healthz", RouteId::kHealth, kGet},
    FixedRoute{"/readyz", RouteId::kReady, kGet},
    FixedRoute{"/metrics", RouteId::kMetrics, kGet},
    FixedRoute{"/openapi.json", RouteId::kOpenApi, kGet},
};
constexpr std::string_view kVersion = "/v1";
constexpr std::string_view kModelPrefix = "/models/";

}  // namespace

Route FindRoute(std::string_view path) {
  for (const FixedRoute& route : kOperator) {
    if (path == route.path) {
      return {route.id, route.allow, {}};
    }
  }
  if (path.starts_with(kVersion) && path.substr(kVersion.size()).starts_with('/')) {
    path.remove_prefix(kVersion.size());
  }
  for (const FixedRoute& route : kFixed) {
    if (path == route.path) {
      return {route.id, route.allow, {}};
    }
  }
  if (path.starts_with(kModelPrefix)) {
    auto model = http::DecodePercent(path.substr(kModelPrefix.size()));
    return model.has_value() ? Route{RouteId::kModel, kGet, *std::move(model)} : Route{};
  }
  return {};
}

bool MethodAllowed(const Route& route, std::string_view method) {
  if (method == "OPTIONS") {
    return true;
  }
  return route.id == RouteId::kChat ? method == "POST" : method == "GET" || method == "HEAD";
}

std::string_view RouteName(RouteId id) {
  switch (id) {
    case RouteId::kChat:
      return "chat";
    case RouteId::kModels:
      return "models";
    case RouteId::kModel:
      return "model";
    case RouteId::kUserInfo:
      return "user_info";
    case RouteId::kHealth:
      return "health";
    case RouteId::kReady:
      return "ready";
    case RouteId::kMetrics:
      return "metrics";
    case RouteId::kOpenApi:
      return "openapi";
    case RouteId::kUnknown:
      return "unknown";
  }
  std::unreachable();
}

}  // namespace millrace::api
