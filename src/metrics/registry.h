// Counters, gauges and histograms, and their Prometheus text form.
// Source: Prometheus exposition format 0.0.4.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::metrics {

// Monotone. Thread-safe, lock-free.
class Counter {
 public:
  void Add(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Thread-safe, lock-free.
class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Cumulative buckets with fixed upper bounds. Thread-safe, lock-free.
class Histogram {
 public:
  explicit Histogram(std::span<const double> upper_bounds);
  void Observe(double value);
  // Count at or below each bound, then the count of all.
  std::vector<uint64_t> CumulativeCounts() const;
  double sum() const;
  std::span<const double> upper_bounds() const { return bounds_; }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> buckets_;
  std::atomic<double> sum_{0};
};

using Label = std::pair<std::string, std::string>;

// Owns every metric of one server. Registering the same name and labels again returns the same
// object; references stay valid for the registry's life. Thread-safe.
class Registry {
 public:
  Counter& AddCounter(std::string name, std::string help, const std::vector<Label>& labels = {});
  Gauge& AddGauge(std::string name, std::string help, const std::vector<Label>& labels = {});
  Histogram& AddHistogram(std::string name, std::string help, std::span<const double> upper_bounds,
                          const std::vector<Label>& labels = {});

  // The whole registry as Prometheus text, families in order of registration.
  std::string Expose() const;

 private:
  struct Entry;
  struct Family;
  Family& FamilyOf(std::string name, std::string help, std::string_view type);

 public:
  Registry();
  ~Registry();

 private:
  mutable std::mutex mutex_;
  std::deque<std::unique_ptr<Family>> families_;
};

}  // namespace millrace::metrics
