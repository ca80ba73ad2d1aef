// Rate limits with reservations: what an account may ask of a model, booked exactly once
// (api-contract 6).
//
// A request reserves tokens before any work, adds what it generates as it runs, and settles when
// its Reservation is destroyed, on every exit.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace millrace::accounts {

enum class LimitMetric {
  kRpm,      // requests, sliding 60 s
  kRph,      // requests, sliding 3600 s
  kRpd,      // requests, calendar day
  kTpm,      // tokens, sliding 60 s
  kTpd,      // tokens, calendar day
  kRunning,  // requests at this instant, over all models of the account; answered with 503, not 429
};
// "RPM", "RPH", "RPD", "TPM", "TPD", "running".
std::string_view LimitMetricName(LimitMetric metric);

// 0 = unlimited.
struct Limits {
  int64_t rpm = 0;
  int64_t rph = 0;
  int64_t rpd = 0;
  int64_t tpm = 0;
  int64_t tpd = 0;
  int64_t running = 0;

  bool operator==(const Limits&) const = default;
};

// How many tokens a request reserves besides its prompt.
enum class TpmReservation {
  kMaxTokens,  // what the client allowed; without a cap, the estimate
  kEstimate,   // what its key and model usually produce (never above the cap), topped up as it runs
  kPrompt,     // nothing
};

struct LimiterOptions {
  TpmReservation reservation = TpmReservation::kMaxTokens;
  std::chrono::minutes day_offset{0};  // of the calendar day's zone from UTC
};

// What one request will need.
struct Demand {
  std::string account_id = {};
  std::string key_id = {};
  std::string model = {};     // id of the record, never an alias
  int64_t prompt_tokens = 0;  // cached ones in full
  std::optional<int64_t> completion_tokens_max =
      {};  // of all choices, when the client gave a limit
  // What may come beyond that limit: reasoning that the client left open. Such a request reserves
  // its limit or, when more, what its key usually produces, and is topped up as it runs.
  int64_t reasoning_tokens_open = 0;
};

// One configured per-minute metric, for the x-ratelimit headers.
struct LimitWindow {
  int64_t limit = 0;
  int64_t remaining = 0;  // never below 0; without what running requests have reserved
  // Until the window is empty again if nothing more is asked; a whole window while a request runs
  // that has tokens reserved.
  std::chrono::milliseconds reset{};
};
struct LimitStatus {
  std::optional<LimitWindow> requests = {};  // RPM
  std::optional<LimitWindow> tokens = {};    // TPM
};

struct LimitRefusal {
  LimitMetric metric = LimitMetric::kRpm;
  // Until this metric would admit the same request, rounded up; at least one second. When only the
  // end of running requests can make room, that is unknown: it is then what it would be had they
  // ended now, ten seconds at least (one second for the cap of running requests). For a request
  // that never passes, one whole window: 60 s for TPM, the rest of the day for TPD.
  std::chrono::seconds retry_after{1};
  LimitStatus status = {};
};

// Room taken by one running request. Movable; the destructor settles: what was reserved and not
// used goes back. What was booked stays booked. Used by one thread at a time.
class Reservation {
 public:
  Reservation();  // of nothing: every call is harmless
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  // Tokens generated so far by all choices; a smaller number than before changes nothing. Books the
  // growth, now, and never refuses: a running request is not stopped for crossing a limit.
  void SetGenerated(int64_t completion_tokens);
  // Ends the reservation as if the request had never been admitted, for one that was refused before
  // any work (503 for want of queue space). Nothing remains booked but tokens already generated.
  void Withdraw();
  // As of the admission, the request included.
  const LimitStatus& status() const { return status_; }

 private:
  friend class LimiterImpl;
  class Booking;
  std::unique_ptr<Booking> booking_;
  LimitStatus status_;
};

// Thread-safe; a refusal counts nothing. Counts every metric, limited or not, so that a limit that
// appears later knows what came before. Reservations must be gone before the limiter is.
//
// State lives in memory, in bounded space: sliding windows are exact up to 8,192 bookings in one
// window; of more, neighbours are merged such that a booking counts up to 15 ms (per minute) or
// 0.9 s (per hour) too long and never too short. Accounts and models without anything running or
// counted are forgotten.
class Limiter {
 public:
  // `clock` is borrowed.
  static std::unique_ptr<Limiter> Create(const LimiterOptions& options, const base::Clock* clock);
  virtual ~Limiter() = default;

  // Admits or refuses in the order RPM, RPH, RPD, TPM, TPD, running, in one atomic step. `limits`
  // are those of the demand's account and model; they may change from call to call.
  //
  // A request that reserves more than the whole TPM limit passes it only when no token of the
  // account is booked for the model and no request runs; one whose prompt alone is above it never.
  virtual std::expected<Reservation, LimitRefusal> Admit(const Demand& demand,
                                                         const Limits& limits) = 0;
  // Whether a request metric (RPM, RPH, RPD) would refuse now, whatever the tokens; books nothing.
  virtual std::optional<LimitRefusal> WouldRefuse(std::string_view account_id,
                                                  std::string_view model, const Limits& limits) = 0;

  // Pairs of account and model that are remembered.
  virtual size_t entry_count() const = 0;
};

}  // namespace millrace::accounts
