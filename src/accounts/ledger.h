// Writes usage rows in batches on a thread of its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "accounts/accounts.h"
#include "accounts/sqlite.h"
#include "base/result.h"

namespace millrace::accounts {

// Thread-safe. Rows are written in the order they were added, each exactly once: a batch is one
// transaction, and a failed one is tried again as it is. Nothing waits for the disk but Flush and
// the destructor. Memory stays bounded when callers begin nothing that will owe a row while there
// is no room.
class Ledger {
 public:
  // Owns its connection to the database. There is room while fewer than `waiting_max` rows wait.
  Ledger(std::unique_ptr<Database> database, size_t waiting_max);
  // Writes what is left, for a few seconds when the disk refuses.
  ~Ledger();

  // Takes the row, whether there is room or not.
  void Add(UsageRecord record);
  bool has_room() const;
  // Why the last try to write failed; nothing when it worked.
  std::optional<base::Error> trouble() const;
  // Waits until every row added before is on disk. Errors: what the disk said, when a try to write
  // failed while waiting; the rows stay queued.
  base::Status Flush();

 private:
  void Run();
  // Takes a batch, waiting for one; empty means closing and nothing left.
  std::vector<UsageRecord> TakeBatch();
  base::Status WriteBatch(const std::vector<UsageRecord>& batch);
  // Tries until it works; false when closing and out of patience.
  bool WriteStubbornly(const std::vector<UsageRecord>& batch);

  const size_t waiting_max_;
  std::unique_ptr<Database> database_;
  mutable std::mutex mutex_;
  std::condition_variable work_;      // rows waiting, or closing
  std::condition_variable progress_;  // rows written, or a failure
  std::vector<UsageRecord> waiting_;
  uint64_t added_ = 0;
  uint64_t written_ = 0;
  uint64_t failures_ = 0;
  std::optional<base::Error> last_failure_;
  bool failing_ = false;  // the last try failed
  bool closing_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace millrace::accounts
