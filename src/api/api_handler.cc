#include "api/api_handler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/authentication.h"
#include "api/chat_endpoint.h"
#include "api/error_table.h"
#include "api/models_endpoint.h"
#include "api/openapi_document.h"
#include "api/response_ids.h"

namespace millrace::api {
namespace {

namespace asio = boost::asio;

constexpr uint64_t kOtherBodyBytesMax = 4096;  // of requests that need no body
constexpr std::string_view kExposedHeaders =
    "x-siliconcloud-trace-id, x-request-id, retry-after, x-ratelimit-limit-requests, "
    "x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, "
    "x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens";

http::Response Json(std::string body) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/json; charset=utf-8"},
                      {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

Failure FailureOf(http::ProtocolError error) {
  switch (error) {
    case http::ProtocolError::kMalformed:
      return Failure::kInvalidParameter;
    case http::ProtocolError::kHeadTooLarge:
      return Failure::kHeadTooLarge;
    case http::ProtocolError::kBodyTooLarge:
      return Failure::kBodyTooLarge;
    case http::ProtocolError::kTimeout:
      return Failure::kRequestTimeout;
    case http::ProtocolError::kOverloaded:
      return Failure::kOverloaded;
  }
  std::unreachable();
}

http::Response Preflight(const Route& route) {
  return {.status = 204,
          .headers = {{"Allow", std::string(route.allow)},
                      {"Access-Control-Allow-Methods", std::string(route.allow)},
                      // A wildcard never covers Authorization: it has to be named.
                      {"Access-Control-Allow-Headers", "authorization, *"},
                      {"Access-Control-Max-Age", "86400"}},
          .body = {}};
}

}  // namespace

ApiHandler::ApiHandler(ApiServices services) : services_(std::move(services)) {}

WireResult<accounts::Principal> ApiHandler::Admit(const http::RequestHead& head,
                                                  const Route& route) const {
  if (route.id == RouteId::kUnknown) {
    return WireError{Failure::kPathNotFound};
  }
  if (!MethodAllowed(route, head.method)) {
    return WireError{Failure::kMethodNotAllowed};
  }
  const bool open_metrics = route.id == RouteId::kMetrics &&
                            (settings()->options.metrics_access == MetricsAccess::kEveryone ||
                             IsLoopback(head.remote_address));
  if (head.method == "OPTIONS" || route.id == RouteId::kHealth || route.id == RouteId::kReady ||
      route.id == RouteId::kOpenApi || open_metrics) {
    return accounts::Principal{};
  }
  return Authenticate(head, services_.store);
}

void ApiHandler::Describe(const http::RequestHead& head, const Route& route,
                          const std::string& trace_id, RequestLog& log) const {
  log.trace_id = trace_id;
  log.method = head.method;
  log.route = RouteName(route.id);
  log.remote_address = head.remote_address;
}

http::HeaderList ApiHandler::CommonHeaders(const std::string& trace_id) const {
  http::HeaderList headers = {{"x-siliconcloud-trace-id", trace_id}, {"x-request-id", trace_id}};
  if (settings()->options.cors) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
    headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
  }
  return headers;
}

http::Response ApiHandler::Finish(http::Response response, const std::string& trace_id,
                                  RequestSettlement& settlement) const {
  for (auto& header : CommonHeaders(trace_id)) {
    response.headers.push_back(std::move(header));
  }
  settlement.log().status = response.status;
  return response;
}

http::Response ApiHandler::Refusal(const WireError& error, const Route& route,
                                   const std::string& trace_id,
                                   RequestSettlement& settlement) const {
  http::Response response = ErrorResponse(error, settlement.options());
  settlement.Failed(error, response.status);
  if (error.failure == Failure::kMethodNotAllowed) {
    response.headers.emplace_back("Allow", route.allow);
  }
  return Finish(std::move(response), trace_id, settlement);
}

http::HeadDecision ApiHandler::OnHead(const http::RequestHead& head) {
  const Route route = FindRoute(head.path);
  const auto principal = Admit(head, route);
  if (principal.has_value()) {
    // Only a chat request has a body worth reading; others cost little, whoever sends them.
    const bool chat = route.id == RouteId::kChat && head.method == "POST";
    return http::AcceptBody{.bytes_max = chat ? settings()->options.limits.body_bytes_max
                                              : kOtherBodyBytesMax};
  }
  RequestSettlement settlement(services_);
  const std::string trace_id = ChooseTraceId(&head, *services_.random);
  Describe(head, route, trace_id, settlement.log());
  return Refusal(principal.error(), route, trace_id, settlement);
}

http::Response ApiHandler::OnProtocolError(http::ProtocolError error,
                                           const http::RequestHead* head) {
  RequestSettlement settlement(services_);
  const std::string trace_id = ChooseTraceId(head, *services_.random);
  const Route route = head == nullptr ? Route{} : FindRoute(head->path);
  Describe(head == nullptr ? http::RequestHead{} : *head, route, trace_id, settlement.log());
  return Refusal({FailureOf(error)}, route, trace_id, settlement);
}

WireResult<http::Response> ApiHandler::Answer(const http::RequestHead& head, const Route& route,
                                              const accounts::Principal& principal) const {
  if (head.method == "OPTIONS") {
    return Preflight(route);
  }
  switch (route.id) {
    case RouteId::kModels:
      return Json(
          TRY(ListModelsJson(head.query, principal, *services_.backends, settings()->options)));
    case RouteId::kModel:
      return Json(TRY(ModelJson(route.model, principal, *services_.backends)));
    case RouteId::kUserInfo:
      return Json(UserInfoJson(principal));
    case RouteId::kHealth:
      return Json(R"({"status":"ok"})");
    case RouteId::kReady:
      if (draining_.load() ||
          !std::ranges::all_of(services_.backends->All(),
                               [](const auto& backend) { return backend->ready(); })) {
        return WireError{Failure::kOverloaded};
      }
      return Json(R"({"status":"ok"})");
    case RouteId::kOpenApi:
      return Json(std::string(OpenApiDocument()));
    case RouteId::kMetrics:
      return http::Response{
          .status = 200,
          .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                      {"Cache-Control", "no-store"}},
          .body = services_.metrics->Expose()};
    case RouteId::kChat:
    case RouteId::kUnknown:
      return WireError{Failure::kPathNotFound};
  }
  std::unreachable();
}

asio::awaitable<void> ApiHandler::Handle(http::Request request, http::ResponseWriter& writer) {
  RequestSettlement settlement(services_);
  const std::string trace_id = ChooseTraceId(&request.head, *services_.random);
  const Route route = FindRoute(request.head.path);
  Describe(request.head, route, trace_id, settlement.log());
  // Looked up again: the key may have been revoked while the body was on its way.
  const auto principal = Admit(request.head, route);
  if (!principal.has_value()) {
    http::Response refusal = Refusal(principal.error(), route, trace_id, settlement);
    co_await writer.Send(std::move(refusal));
    co_return;
  }
  settlement.log().account_id = principal->account_id;
  settlement.log().key_id = principal->key_id;
  if (route.id == RouteId::kChat && request.head.method == "POST") {
    ChatExchange exchange(
        services_,
        {.headers = CommonHeaders(trace_id), .principal = *principal, .draining = &draining_},
        writer, settlement);
    co_await exchange.Run(std::move(request));
    co_return;
  }
  const auto answer = Answer(request.head, route, *principal);
  if (!answer.has_value()) {
    http::Response refusal = Refusal(answer.error(), route, trace_id, settlement);
    co_await writer.Send(std::move(refusal));
    co_return;
  }
  http::Response response = Finish(*answer, trace_id, settlement);
  co_await writer.Send(std::move(response));
}

}  // namespace millrace::api
