#include "accounts/ledger.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace::accounts {
namespace {

// Between two tries to write the same batch, and how many after closing has begun.
constexpr auto kRetryPause = std::chrono::milliseconds(200);
constexpr int kClosingTries = 10;

}  // namespace

Ledger::Ledger(std::unique_ptr<Database> database, size_t waiting_max)
    : waiting_max_(waiting_max), database_(std::move(database)), thread_([this] { Run(); }) {}

Ledger::~Ledger() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_all();
  thread_.join();
}

void Ledger::Add(UsageRecord record) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(record));
    ++added_;
  }
  work_.notify_one();
}

bool Ledger::has_room() const {
  const std::lock_guard lock(mutex_);
  return added_ - written_ < waiting_max_;
}

std::optional<base::Error> Ledger::trouble() const {
  const std::lock_guard lock(mutex_);
  return failing_ ? last_failure_ : std::nullopt;
}

base::Status Ledger::Flush() {
  std::unique_lock lock(mutex_);
  const uint64_t goal = added_;
  const uint64_t failures_before = failures_;
  progress_.wait(lock, [&] { return written_ >= goal || failures_ > failures_before; });
  if (written_ >= goal) {
    return {};
  }
  return *last_failure_;
}

void Ledger::Run() {
  for (;;) {
    const std::vector<UsageRecord> batch = TakeBatch();
    if (batch.empty()) {
      return;
    }
    if (!WriteStubbornly(batch)) {
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      written_ += batch.size();
      failing_ = false;
    }
    progress_.notify_all();
  }
}

std::vector<UsageRecord> Ledger::TakeBatch() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
  return std::exchange(waiting_, {});
}

bool Ledger::WriteStubbornly(const std::vector<UsageRecord>& batch) {
  int tries_after_closing = 0;
  for (;;) {
    base::Status status = WriteBatch(batch);
    if (status.has_value()) {
      return true;
    }
    std::unique_lock lock(mutex_);
    ++failures_;
    failing_ = true;
    last_failure_ = std::move(status).error();
    progress_.notify_all();
    if (closing_ && ++tries_after_closing >= kClosingTries) {
      return false;
    }
    // Closing cuts the first pause short; later pauses are full ones.
    if (tries_after_closing > 0) {
      lock.unlock();
      std::this_thread::sleep_for(kRetryPause);
    } else {
      work_.wait_for(lock, kRetryPause, [this] { return closing_; });
    }
  }
}

base::Status Ledger::WriteBatch(const std::vector<UsageRecord>& batch) {
  Transaction transaction = TRY(Transaction::Begin(*database_));
  {
    Statement insert = TRY(database_->Prepare(
        "INSERT INTO usage (trace_id, account_id, key_id, model, started_ms, duration_ms, status,"
        " prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"));
    for (const UsageRecord& row : batch) {
      insert.Bind(1, row.trace_id);
      insert.Bind(2, row.account_id);
      insert.Bind(3, row.key_id);
      insert.Bind(4, row.model);
      insert.Bind(5, row.started_unix_millis);
      insert.Bind(6, row.duration_millis);
      insert.Bind(7, int64_t{row.status});
      insert.Bind(8, row.prompt_tokens);
      insert.Bind(9, row.cached_tokens);
      insert.Bind(10, row.completion_tokens);
      insert.Bind(11, row.reasoning_tokens);
      TRY(insert.Run());
      insert.Reset();
    }
  }
  return transaction.Commit();
}

}  // namespace millrace::accounts
