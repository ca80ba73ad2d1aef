// Books one request when it ends, however it ends.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/api_services.h"
#include "api/request_log.h"
#include "api/settings.h"
#include "api/wire_error.h"
#include "base/clock.h"

namespace millrace::api {

// Made when a request arrives; its destructor writes the log line and the metrics and, when a
// backend had taken the request, one row of the usage ledger. Lives in the request's coroutine.
class RequestSettlement {
 public:
  explicit RequestSettlement(const ApiServices& services);
  RequestSettlement(const RequestSettlement&) = delete;
  RequestSettlement& operator=(const RequestSettlement&) = delete;
  ~RequestSettlement();

  // The settings this request began with.
  const ApiOptions& options() const { return settings_->options; }
  const accounts::LimitTable& limits() const { return settings_->limits; }

  RequestLog& log() { return log_; }
  base::TimePoint started() const { return started_; }

  // From now on the request costs something: it will have a row in the ledger.
  void BackendAccepted() { accepted_ = true; }
  // When the backend began with the request, if it did.
  void Admitted(std::optional<base::TimePoint> at);
  void FirstToken();
  // The request ends with this refusal; `status` is what the client sees.
  void Failed(const WireError& error, int status);

 private:
  int64_t ElapsedMillis() const { return MillisUntil(services_.clock->Now()); }
  int64_t MillisUntil(base::TimePoint at) const;
  void WriteMetrics() const;

  const ApiServices& services_;
  const std::shared_ptr<const ApiSettings> settings_;
  const base::TimePoint started_;
  const int64_t started_unix_millis_;
  RequestLog log_;
  bool accepted_ = false;
};

}  // namespace millrace::api
