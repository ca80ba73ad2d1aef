// Who sends a request (api-contract 1.2).
#pragma once

#include "accounts/accounts.h"
#include "api/wire_error.h"
#include "http/message.h"

namespace millrace::api {

// The owner of the key in the one `Authorization: Bearer` header. Errors: kInvalidToken,
// kForbidden. `store` null means authentication is off: the header is ignored.
WireResult<accounts::Principal> Authenticate(const http::RequestHead& head, accounts::Store* store);

}  // namespace millrace::api
