#include "metrics/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/check.h"

namespace millrace::metrics {
namespace {

constexpr std::string_view kCounterType = "counter";
constexpr std::string_view kGaugeType = "gauge";
constexpr std::string_view kHistogramType = "histogram";

// Help text escapes backslash and line feed; label values escape the double quote as well.
void AppendEscaped(std::string_view text, bool quote, std::string& out) {
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

// name{a="b",c="d"}: `labels` is the inside of the braces, already written.
void AppendSample(std::string_view name, std::string_view labels, std::string_view value,
                  std::string& out) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

std::string LabelText(const std::vector<Label>& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) {
      out += ',';
    }
    out += name;
    out += "=\"";
    AppendEscaped(value, true, out);
    out += '"';
  }
  return out;
}

std::string NumberText(double value) {
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  return std::isnan(value) ? "NaN" : fmt::format("{}", value);
}

void AppendHistogram(std::string_view name, std::string_view labels, const Histogram& histogram,
                     std::string& out) {
  const std::vector<uint64_t> counts = histogram.CumulativeCounts();
  const std::string bucket = fmt::format("{}_bucket", name);
  const std::string separator = labels.empty() ? "" : ",";
  for (size_t i = 0; i < counts.size(); ++i) {
    const bool last = i + 1 == counts.size();
    const std::string bound = last ? "+Inf" : NumberText(histogram.upper_bounds()[i]);
    AppendSample(bucket, fmt::format("{}{}le=\"{}\"", labels, separator, bound),
                 fmt::format("{}", counts[i]), out);
  }
  AppendSample(fmt::format("{}_sum", name), labels, NumberText(histogram.sum()), out);
  AppendSample(fmt::format("{}_count", name), labels, fmt::format("{}", counts.back()), out);
}

}  // namespace

Histogram::Histogram(std::span<const double> upper_bounds)
    : bounds_(upper_bounds.begin(), upper_bounds.end()), buckets_(upper_bounds.size() + 1) {
  MILLRACE_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::Observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  const auto index = static_cast<size_t>(bucket - bounds_.begin());
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<uint64_t> Histogram::CumulativeCounts() const {
  std::vector<uint64_t> counts;
  counts.reserve(buckets_.size());
  uint64_t total = 0;
  for (const std::atomic<uint64_t>& bucket : buckets_) {
    total += bucket.load(std::memory_order_relaxed);
    counts.push_back(total);
  }
  return counts;
}

double Histogram::sum() const { return sum_.load(std::memory_order_relaxed); }

// One labelled series of a family; exactly one of the three is set.
struct Registry::Entry {
  std::string labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
};

struct Registry::Family {
  std::string name;
  std::string help;
  std::string_view type;
  std::deque<Entry> entries;

  Entry& EntryOf(const std::vector<Label>& labels) {
    std::string text = LabelText(labels);
    const auto known = std::find_if(entries.begin(), entries.end(),
                                    [&text](const Entry& entry) { return entry.labels == text; });
    if (known != entries.end()) {
      return *known;
    }
    return entries.emplace_back(Entry{std::move(text), nullptr, nullptr, nullptr});
  }
};

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Family& Registry::FamilyOf(std::string name, std::string help, std::string_view type) {
  for (const std::unique_ptr<Family>& family : families_) {
    if (family->name == name) {
      // One name is one kind of metric: registering it as another is a bug of ours.
      MILLRACE_CHECK(family->type == type);
      return *family;
    }
  }
  return *families_.emplace_back(
      std::make_unique<Family>(Family{std::move(name), std::move(help), type, {}}));
}

Counter& Registry::AddCounter(std::string name, std::string help,
                              const std::vector<Label>& labels) {
  const std::lock_guard lock(mutex_);
  Entry& entry = FamilyOf(std::move(name), std::move(help), kCounterType).EntryOf(labels);
  if (!entry.counter) {
    entry.counter = std::make_unique<Counter>();
  }
  return *entry.counter;
}

Gauge& Registry::AddGauge(std::string name, std::string help, const std::vector<Label>& labels) {
  const std::lock_guard lock(mutex_);
  Entry& entry = FamilyOf(std::move(name), std::move(help), kGaugeType).EntryOf(labels);
  if (!entry.gauge) {
    entry.gauge = std::make_unique<Gauge>();
  }
  return *entry.gauge;
}

Histogram& Registry::AddHistogram(std::string name, std::string help,
                                  std::span<const double> upper_bounds,
                                  const std::vector<Label>& labels) {
  const std::lock_guard lock(mutex_);
  Entry& entry = FamilyOf(std::move(name), std::move(help), kHistogramType).EntryOf(labels);
  if (!entry.histogram) {
    entry.histogram = std::make_unique<Histogram>(upper_bounds);
  }
  return *entry.histogram;
}

std::string Registry::Expose() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const std::unique_ptr<Family>& family : families_) {
    out += fmt::format("# HELP {} ", family->name);
    AppendEscaped(family->help, false, out);
    out += fmt::format("\n# TYPE {} {}\n", family->name, family->type);
    for (const Entry& entry : family->entries) {
      if (entry.counter) {
        AppendSample(family->name, entry.labels, fmt::format("{}", entry.counter->value()), out);
      } else if (entry.gauge) {
        AppendSample(family->name, entry.labels, fmt::format("{}", entry.gauge->value()), out);
      } else {
        AppendHistogram(family->name, entry.labels, *entry.histogram, out);
      }
    }
  }
  return out;
}

}  // namespace millrace::metrics
