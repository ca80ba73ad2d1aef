#include "accounts/sliding_sum.h"

#include <algorithm>
#include <cstddef>

namespace millrace::accounts {
namespace {

// Dropped entries at the front are given back when there are that many and they are the majority.
constexpr size_t kDroppedMin = 64;

}  // namespace

void SlidingSum::Add(base::TimePoint now, int64_t amount) {
  if (amount == 0) {
    return;
  }
  Prune(now);
  sum_ += amount;
  if (entry_count() > 0 && entries_.back().time >= now) {
    entries_.back().amount += amount;
    return;
  }
  entries_.push_back({now, amount});
  if (entry_count() > kEntriesMax) {
    Merge();
  }
}

void SlidingSum::TakeBack(base::TimePoint added, base::TimePoint now, int64_t amount) {
  Prune(now);
  if (added + window_ <= now) {
    return;
  }
  // Merging moves an amount to a later entry, so the first one not before it holds it.
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first_);
  const auto entry =
      std::lower_bound(begin, entries_.end(), added,
                       [](const Entry& left, base::TimePoint time) { return left.time < time; });
  if (entry == entries_.end()) {
    return;
  }
  const int64_t taken = std::min(amount, entry->amount);
  entry->amount -= taken;
  sum_ -= taken;
  while (entry_count() > 0 && entries_.back().amount == 0) {
    entries_.pop_back();
  }
  Prune(now);
}

int64_t SlidingSum::Sum(base::TimePoint now) {
  Prune(now);
  return sum_;
}

base::TimePoint SlidingSum::FallsTo(int64_t most, base::TimePoint now) {
  Prune(now);
  int64_t left = sum_;
  base::TimePoint when = now;
  for (size_t index = first_; index < entries_.size() && left > most; ++index) {
    left -= entries_[index].amount;
    when = std::max(when, entries_[index].time + window_);
  }
  return when;
}

void SlidingSum::Prune(base::TimePoint now) {
  while (first_ < entries_.size() && entries_[first_].time + window_ <= now) {
    sum_ -= entries_[first_].amount;
    ++first_;
  }
  if (first_ == entries_.size()) {
    entries_ = std::vector<Entry>();
    first_ = 0;
  } else if (first_ >= kDroppedMin && first_ > entries_.size() / 2) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void SlidingSum::Merge() {
  const auto cell_of = [cell = window_ / kCells](const Entry& entry) {
    return entry.time.time_since_epoch() / cell;
  };
  size_t last = 0;
  for (size_t index = first_; index < entries_.size(); ++index) {
    const Entry entry = entries_[index];
    if (index > first_ && cell_of(entries_[last]) == cell_of(entry)) {
      entries_[last].time = entry.time;
      entries_[last].amount += entry.amount;
    } else {
      last = index == first_ ? 0 : last + 1;
      entries_[last] = entry;
    }
  }
  entries_.resize(last + 1);
  first_ = 0;
}

}  // namespace millrace::accounts
