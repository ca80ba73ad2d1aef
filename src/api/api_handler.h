// The HTTP interface: routes, keys, trace ids and CORS around the endpoints.
//
// /healthz, /readyz and /openapi.json need no key. /metrics needs none from this machine
// (`metrics_access`); it tells model names and totals, so a proxy that forwards to it from outside
// makes it public.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/api_services.h"
#include "api/routes.h"
#include "api/settlement.h"
#include "api/wire_error.h"
#include "http/message.h"
#include "http/server.h"

namespace millrace::api {

class ApiHandler final : public http::Handler {
 public:
  explicit ApiHandler(ApiServices services);

  http::HeadDecision OnHead(const http::RequestHead& head) override;
  boost::asio::awaitable<void> Handle(http::Request request, http::ResponseWriter& writer) override;
  http::Response OnProtocolError(http::ProtocolError error, const http::RequestHead* head) override;

  // From now on chat requests are answered 503; running ones go on. Thread-safe.
  void BeginShutdown() { draining_.store(true); }

 private:
  // Steps 2 to 5 of the contract's order: path, method, key.
  WireResult<accounts::Principal> Admit(const http::RequestHead& head, const Route& route) const;
  // Status, route and origin of a request into its log line.
  void Describe(const http::RequestHead& head, const Route& route, const std::string& trace_id,
                RequestLog& log) const;
  http::HeaderList CommonHeaders(const std::string& trace_id) const;
  http::Response Finish(http::Response response, const std::string& trace_id,
                        RequestSettlement& settlement) const;
  http::Response Refusal(const WireError& error, const Route& route, const std::string& trace_id,
                         RequestSettlement& settlement) const;
  WireResult<http::Response> Answer(const http::RequestHead& head, const Route& route,
                                    const accounts::Principal& principal) const;

  // Those of this instant: a reload may replace them.
  std::shared_ptr<const ApiSettings> settings() const { return services_.settings->Get(); }

  const ApiServices services_;
  std::atomic<bool> draining_{false};
};

}  // namespace millrace::api
