#include "accounts/limiter.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "accounts/sliding_sum.h"
#include "accounts/usual_output.h"

namespace millrace::accounts {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kMinute{60};
constexpr seconds kHour{3600};
constexpr int64_t kDayMillis = 86'400'000;
// What is told when only the end of a running request can make room; see LimitRefusal.
constexpr seconds kRunningPause{10};
// A running request that has used up its estimate reserves a quarter of it anew, at least this.
constexpr int64_t kTopUpMin = 64;
// Keeps sums far from overflowing, whatever a caller asks for.
constexpr int64_t kTokensMax = int64_t{1} << 40;
// Each admission looks at so many places of the table for entries to forget.
constexpr size_t kSweepBuckets = 4;

// Of requests or tokens of one calendar day.
struct DayCount {
  int64_t day = 0;
  int64_t amount = 0;

  // A clock that steps back over a midnight by less than a day does not empty the count twice.
  void BeginDay(int64_t today) {
    if (today > day || today < day - 1) {
      day = today;
      amount = 0;
    }
  }
};

// What is counted for one account and model.
struct Counts {
  SlidingSum minute_requests{kMinute};
  SlidingSum hour_requests{kHour};
  SlidingSum minute_tokens{kMinute};
  DayCount day_requests;
  DayCount day_tokens;
  int64_t reserved = 0;  // by running requests, beside what is booked
  int64_t running = 0;
  UsualOutput usual;
};

// One reading of the clock, in the forms that the metrics need.
struct Instant {
  base::TimePoint now;
  int64_t day = 0;
  milliseconds until_midnight{};
};

// One request under test.
struct Question {
  int64_t prompt = 0;
  int64_t reserved = 0;  // besides the prompt
};

bool Exceeds(int64_t limit, int64_t amount) { return limit > 0 && amount > limit; }

seconds RoundUp(base::Duration wait) {
  return std::max(std::chrono::ceil<seconds>(wait), seconds(1));
}

LimitStatus StatusOf(Counts& counts, const Limits& limits, base::TimePoint now) {
  const auto window = [now](SlidingSum& sum, int64_t limit, int64_t reserved) {
    const base::Duration reset = reserved > 0 ? sum.window() : sum.FallsTo(0, now) - now;
    return LimitWindow{.limit = limit,
                       .remaining = std::max<int64_t>(limit - sum.Sum(now) - reserved, 0),
                       .reset = std::chrono::ceil<milliseconds>(reset)};
  };
  LimitStatus status;
  if (limits.rpm > 0) {
    status.requests = window(counts.minute_requests, limits.rpm, 0);
  }
  if (limits.tpm > 0) {
    status.tokens = window(counts.minute_tokens, limits.tpm, counts.reserved);
  }
  return status;
}

// The wait that a sliding request metric asks for; nothing when it admits.
std::optional<seconds> AskRequests(SlidingSum& sum, int64_t limit, base::TimePoint now) {
  if (!Exceeds(limit, sum.Sum(now) + 1)) {
    return std::nullopt;
  }
  return RoundUp(sum.FallsTo(limit - 1, now) - now);
}

std::optional<LimitRefusal> AskRequestMetrics(Counts& counts, const Limits& limits,
                                              const Instant& at) {
  if (const auto wait = AskRequests(counts.minute_requests, limits.rpm, at.now)) {
    return LimitRefusal{.metric = LimitMetric::kRpm, .retry_after = *wait};
  }
  if (const auto wait = AskRequests(counts.hour_requests, limits.rph, at.now)) {
    return LimitRefusal{.metric = LimitMetric::kRph, .retry_after = *wait};
  }
  counts.day_requests.BeginDay(at.day);
  if (Exceeds(limits.rpd, counts.day_requests.amount + 1)) {
    return LimitRefusal{.metric = LimitMetric::kRpd, .retry_after = RoundUp(at.until_midnight)};
  }
  return std::nullopt;
}

std::optional<seconds> AskMinuteTokens(Counts& counts, int64_t limit, const Question& question,
                                       base::TimePoint now) {
  SlidingSum& sum = counts.minute_tokens;
  const int64_t own = question.prompt + question.reserved;
  if (Exceeds(limit, question.prompt)) {
    return kMinute;
  }
  // What may be booked beside it: nothing at all for a request above the whole limit.
  const int64_t most = std::max<int64_t>(limit - own, 0);
  const bool alone = own > limit;
  const bool blocked = alone ? counts.running > 0 : counts.reserved > most;
  if (limit == 0 || (!blocked && sum.Sum(now) + counts.reserved <= most)) {
    return std::nullopt;
  }
  if (blocked) {
    return std::max(RoundUp(sum.FallsTo(most, now) - now), kRunningPause);
  }
  return RoundUp(sum.FallsTo(most - counts.reserved, now) - now);
}

std::optional<seconds> AskDayTokens(Counts& counts, int64_t limit, const Question& question,
                                    const Instant& at) {
  counts.day_tokens.BeginDay(at.day);
  const int64_t own = question.prompt + question.reserved;
  const int64_t booked = counts.day_tokens.amount;
  if (!Exceeds(limit, booked + counts.reserved + own)) {
    return std::nullopt;
  }
  const seconds midnight = RoundUp(at.until_midnight);
  return Exceeds(limit, booked + own) ? midnight : std::min(midnight, kRunningPause);
}

std::optional<LimitRefusal> AskTokenMetrics(Counts& counts, const Limits& limits,
                                            const Question& question, const Instant& at) {
  if (const auto wait = AskMinuteTokens(counts, limits.tpm, question, at.now)) {
    return LimitRefusal{.metric = LimitMetric::kTpm, .retry_after = *wait};
  }
  if (const auto wait = AskDayTokens(counts, limits.tpd, question, at)) {
    return LimitRefusal{.metric = LimitMetric::kTpd, .retry_after = *wait};
  }
  return std::nullopt;
}

// The most that a request may generate, as far as it is limited.
std::optional<int64_t> MostOf(const Demand& demand) {
  if (!demand.completion_tokens_max) {
    return std::nullopt;
  }
  const int64_t limit = std::clamp<int64_t>(*demand.completion_tokens_max, 0, kTokensMax);
  const int64_t open = std::clamp<int64_t>(demand.reasoning_tokens_open, 0, kTokensMax);
  return std::min(limit + open, kTokensMax);
}

void BookTokens(Counts& counts, int64_t amount, const Instant& at) {
  counts.minute_tokens.Add(at.now, amount);
  counts.day_tokens.BeginDay(at.day);
  counts.day_tokens.amount += amount;
}

void TakeBackOfDay(DayCount& count, int64_t amount, const Instant& booked, const Instant& now) {
  count.BeginDay(now.day);
  if (booked.day == count.day) {
    count.amount -= std::min(amount, count.amount);
  }
}

bool IsForgettable(Counts& counts, const Instant& at) {
  counts.day_requests.BeginDay(at.day);
  counts.day_tokens.BeginDay(at.day);
  return counts.running == 0 && counts.day_requests.amount == 0 && counts.day_tokens.amount == 0 &&
         counts.minute_requests.Sum(at.now) == 0 && counts.hour_requests.Sum(at.now) == 0 &&
         counts.minute_tokens.Sum(at.now) == 0;
}

}  // namespace

std::string_view LimitMetricName(LimitMetric metric) {
  switch (metric) {
    case LimitMetric::kRpm:
      return "RPM";
    case LimitMetric::kRph:
      return "RPH";
    case LimitMetric::kRpd:
      return "RPD";
    case LimitMetric::kTpm:
      return "TPM";
    case LimitMetric::kTpd:
      return "TPD";
    case LimitMetric::kRunning:
      return "running";
  }
  std::unreachable();
}

class LimiterImpl final : public Limiter {
 public:
  LimiterImpl(const LimiterOptions& options, const base::Clock* clock)
      : options_(options), clock_(clock) {}

  std::expected<Reservation, LimitRefusal> Admit(const Demand& demand,
                                                 const Limits& limits) override;
  std::optional<LimitRefusal> WouldRefuse(std::string_view account_id, std::string_view model,
                                          const Limits& limits) override;
  size_t entry_count() const override {
    const std::lock_guard lock(mutex_);
    return counts_.size();
  }

 private:
  friend class Reservation::Booking;

  // An account id holds no zero byte, so that no two pairs give the same text.
  static std::string NameOf(std::string_view account_id, std::string_view model) {
    std::string name;
    name.reserve(account_id.size() + 1 + model.size());
    name.append(account_id).append(1, '\0').append(model);
    return name;
  }
  // Under the lock, so that times never fall.
  Instant Read() const {
    const int64_t local = clock_->UnixMillis() + milliseconds(options_.day_offset).count();
    const int64_t into_day = (local % kDayMillis + kDayMillis) % kDayMillis;
    return {.now = clock_->Now(),
            .day = (local - into_day) / kDayMillis,
            .until_midnight = milliseconds(kDayMillis - into_day)};
  }
  // What a request reserves besides its prompt.
  int64_t ReservedFor(const Demand& demand, const Counts& counts) const {
    if (options_.reservation == TpmReservation::kPrompt) {
      return 0;
    }
    const int64_t usual =
        std::min(MostOf(demand).value_or(kTokensMax), counts.usual.Estimate(demand.key_id));
    const bool by_limit =
        demand.completion_tokens_max && options_.reservation == TpmReservation::kMaxTokens;
    if (!by_limit) {
      return usual;
    }
    const int64_t limit = std::clamp<int64_t>(*demand.completion_tokens_max, 0, kTokensMax);
    const bool by_habit = demand.reasoning_tokens_open > 0 && counts.usual.Knows(demand.key_id);
    return by_habit ? std::max(limit, usual) : limit;
  }
  // Forgets a few entries that count nothing any more, if there are such; never one that runs.
  void Sweep(const Instant& at);

  const LimiterOptions options_;
  const base::Clock* clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Counts> counts_;
  std::unordered_map<std::string, int64_t> running_;  // by account; only those with any
  size_t sweep_bucket_ = 0;
};

// One admitted request; its Counts stay where they are while it runs.
class Reservation::Booking {
 public:
  Booking(LimiterImpl* limiter, Counts* counts, const Demand& demand, const Question& question,
          const Instant& admitted)
      : limiter_(limiter),
        counts_(counts),
        account_id_(demand.account_id),
        key_id_(demand.key_id),
        admitted_(admitted),
        prompt_(question.prompt),
        reserved_(question.reserved),
        most_(MostOf(demand)),
        top_up_(std::max(question.reserved / 4, kTopUpMin)) {}

  void SetGenerated(int64_t completion_tokens);
  void End(bool withdraw);

 private:
  // Once an estimate is used up, reserves a little more, within what the client allowed.
  void TopUp();

  LimiterImpl* limiter_;
  Counts* counts_;
  const std::string account_id_;
  const std::string key_id_;
  const Instant admitted_;
  const int64_t prompt_;
  int64_t reserved_;  // what is left of it
  const std::optional<int64_t> most_;
  const int64_t top_up_;
  int64_t generated_ = 0;
};

void Reservation::Booking::SetGenerated(int64_t completion_tokens) {
  const std::lock_guard lock(limiter_->mutex_);
  const int64_t growth = std::min(completion_tokens, kTokensMax) - generated_;
  if (growth <= 0) {
    return;
  }
  BookTokens(*counts_, growth, limiter_->Read());
  generated_ += growth;
  const int64_t covered = std::min(growth, reserved_);
  reserved_ -= covered;
  counts_->reserved -= covered;
  if (reserved_ == 0 && limiter_->options_.reservation != TpmReservation::kPrompt) {
    TopUp();
  }
}

void Reservation::Booking::TopUp() {
  const int64_t room = std::clamp<int64_t>(most_.value_or(kTokensMax) - generated_, 0, kTokensMax);
  reserved_ = std::min(top_up_, room);
  counts_->reserved += reserved_;
}

void Reservation::Booking::End(bool withdraw) {
  const std::lock_guard lock(limiter_->mutex_);
  counts_->reserved -= reserved_;
  --counts_->running;
  const auto running = limiter_->running_.find(account_id_);
  if (--running->second == 0) {
    limiter_->running_.erase(running);
  }
  if (withdraw) {
    const Instant now = limiter_->Read();
    counts_->minute_requests.TakeBack(admitted_.now, now.now, 1);
    counts_->hour_requests.TakeBack(admitted_.now, now.now, 1);
    TakeBackOfDay(counts_->day_requests, 1, admitted_, now);
    counts_->minute_tokens.TakeBack(admitted_.now, now.now, prompt_);
    TakeBackOfDay(counts_->day_tokens, prompt_, admitted_, now);
  } else if (generated_ > 0) {
    counts_->usual.Learn(key_id_, generated_);
  }
}

Reservation::Reservation() = default;
Reservation::Reservation(Reservation&& other) noexcept = default;
Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    if (booking_ != nullptr) {
      booking_->End(false);
    }
    booking_ = std::move(other.booking_);
    status_ = std::exchange(other.status_, {});
  }
  return *this;
}
Reservation::~Reservation() {
  if (booking_ != nullptr) {
    booking_->End(false);
  }
}

void Reservation::SetGenerated(int64_t completion_tokens) {
  if (booking_ != nullptr) {
    booking_->SetGenerated(completion_tokens);
  }
}

void Reservation::Withdraw() {
  if (booking_ != nullptr) {
    booking_->End(true);
    booking_.reset();
  }
}

std::expected<Reservation, LimitRefusal> LimiterImpl::Admit(const Demand& demand,
                                                            const Limits& limits) {
  const std::lock_guard lock(mutex_);
  const Instant at = Read();
  Sweep(at);
  Counts& counts = counts_[NameOf(demand.account_id, demand.model)];
  const Question question{.prompt = std::clamp<int64_t>(demand.prompt_tokens, 0, kTokensMax),
                          .reserved = ReservedFor(demand, counts)};
  std::optional<LimitRefusal> refusal = AskRequestMetrics(counts, limits, at);
  if (!refusal) {
    refusal = AskTokenMetrics(counts, limits, question, at);
  }
  const auto running = running_.find(demand.account_id);
  if (!refusal && Exceeds(limits.running, (running == running_.end() ? 0 : running->second) + 1)) {
    refusal = LimitRefusal{.metric = LimitMetric::kRunning};
  }
  if (refusal) {
    refusal->status = StatusOf(counts, limits, at.now);
    return std::unexpected(*std::move(refusal));
  }
  Reservation reservation;
  reservation.booking_ =
      std::make_unique<Reservation::Booking>(this, &counts, demand, question, at);
  counts.minute_requests.Add(at.now, 1);
  counts.hour_requests.Add(at.now, 1);
  ++counts.day_requests.amount;
  BookTokens(counts, question.prompt, at);
  counts.reserved += question.reserved;
  ++counts.running;
  ++running_[demand.account_id];
  reservation.status_ = StatusOf(counts, limits, at.now);
  return reservation;
}

std::optional<LimitRefusal> LimiterImpl::WouldRefuse(std::string_view account_id,
                                                     std::string_view model, const Limits& limits) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(NameOf(account_id, model));
  if (found == counts_.end()) {
    return std::nullopt;
  }
  const Instant at = Read();
  std::optional<LimitRefusal> refusal = AskRequestMetrics(found->second, limits, at);
  if (refusal) {
    refusal->status = StatusOf(found->second, limits, at.now);
  }
  return refusal;
}

void LimiterImpl::Sweep(const Instant& at) {
  for (size_t step = 0; step < kSweepBuckets && !counts_.empty(); ++step) {
    sweep_bucket_ = (sweep_bucket_ + 1) % counts_.bucket_count();
    std::vector<std::string> idle;
    for (auto entry = counts_.begin(sweep_bucket_); entry != counts_.end(sweep_bucket_); ++entry) {
      if (IsForgettable(entry->second, at)) {
        idle.push_back(entry->first);
      }
    }
    for (const std::string& name : idle) {
      counts_.erase(name);
    }
  }
}

std::unique_ptr<Limiter> Limiter::Create(const LimiterOptions& options, const base::Clock* clock) {
  return std::make_unique<LimiterImpl>(options, clock);
}

}  // namespace millrace::accounts
