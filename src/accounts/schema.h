// The tables of millrace.db and the steps from each older form to the present one.
#pragma once

#include "accounts/sqlite.h"
#include "base/result.h"

namespace millrace::accounts {

// Brings the database to the present form, in one transaction; does nothing when it is there.
// Errors: kCorruptData for another program's database; kUnsupported for a newer millrace's.
base::Status Migrate(Database& database);

}  // namespace millrace::accounts
