// The small JSON resources: the list of models, one model, the account stub
// (api-contract 1.7, 1.8).
#pragma once

#include <string>
#include <string_view>

#include "accounts/accounts.h"
#include "api/api_options.h"
#include "api/backend_resolver.h"
#include "api/wire_error.h"

namespace millrace::api {

// The models `principal` may use. `query` is the undecoded query string: `type` and `sub_type`
// filter, anything else is ignored.
WireResult<std::string> ListModelsJson(std::string_view query, const accounts::Principal& principal,
                                       const BackendResolver& backends, const ApiOptions& options);

// kPathNotFound when it is not served, or not to `principal`.
WireResult<std::string> ModelJson(std::string_view id, const accounts::Principal& principal,
                                  const BackendResolver& backends);

std::string UserInfoJson(const accounts::Principal& principal);

}  // namespace millrace::api
