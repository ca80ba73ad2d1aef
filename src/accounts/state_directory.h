// The directory of a store: making it, holding it while a store opens, its secret.
#pragma once

#include <string>
#include <utility>

#include "accounts/secret.h"
#include "accounts/sqlite.h"
#include "base/random.h"
#include "base/result.h"

namespace millrace::accounts {

// Makes the directory for its owner alone; one that exists keeps its permissions. Errors: kIo.
base::Status MakeDirectory(const std::string& directory);

// Lets one store at a time open a directory, whatever process or thread it is in: a new database
// changes to the write-ahead log only while nobody else looks at it. Unlocks when destroyed.
class DirectoryLock {
 public:
  static base::Result<DirectoryLock> Take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

// Reads the secret at `path`, making one when the database has none yet. The secret must be the one
// the keys were digested with: a lost one cannot be made anew without voiding every key, so that is
// never done silently. Errors: kIo, kCorruptData.
base::Result<Secret> OpenSecret(Database& database, const std::string& path,
                                base::RandomSource& random);

}  // namespace millrace::accounts
