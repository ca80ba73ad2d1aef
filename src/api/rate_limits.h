// Rate limits on the wire (api-contract 5.4 and 6.4).
#pragma once

#include "accounts/limiter.h"
#include "api/api_options.h"
#include "api/wire_error.h"
#include "http/message.h"

namespace millrace::api {

// The x-ratelimit headers of the metrics that are limited.
http::HeaderList LimitHeaders(const accounts::LimitStatus& status);

// What a refusal says: a 429 that names its metric, or a 503 where too many requests of the account
// run already.
WireError LimitError(const accounts::LimitRefusal& refusal, const ApiOptions& options);

// The headers that belong to it.
http::HeaderList RefusalHeaders(const accounts::LimitRefusal& refusal);

}  // namespace millrace::api
