#include "metrics/registry.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace millrace::metrics {
namespace {

TEST(Registry, ExposesFamiliesInOrderOfRegistration) {
  Registry registry;
  registry.AddCounter("requests_total", "Requests answered.", {{"status", "200"}}).Add(3);
  registry.AddGauge("running", "Requests running now.").Set(-2);
  registry.AddCounter("requests_total", "Requests answered.", {{"status", "503"}}).Add();
  EXPECT_EQ(registry.Expose(),
            "# HELP requests_total Requests answered.\n"
            "# TYPE requests_total counter\n"
            "requests_total{status=\"200\"} 3\n"
            "requests_total{status=\"503\"} 1\n"
            "# HELP running Requests running now.\n"
            "# TYPE running gauge\n"
            "running -2\n");
}

TEST(Registry, TheSameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  Counter& first = registry.AddCounter("a", "h", {{"k", "v"}});
  EXPECT_EQ(&registry.AddCounter("a", "h", {{"k", "v"}}), &first);
  EXPECT_NE(&registry.AddCounter("a", "h", {{"k", "w"}}), &first);
  EXPECT_NE(&registry.AddCounter("a", "h"), &first);
}

TEST(Registry, ReferencesSurviveFurtherRegistrations) {
  Registry registry;
  Counter& first = registry.AddCounter("a", "h", {{"k", "0"}});
  for (int i = 1; i < 1000; ++i) {
    registry.AddCounter("a", "h", {{"k", std::to_string(i)}});
    registry.AddGauge("g" + std::to_string(i), "h");
  }
  first.Add(7);
  EXPECT_EQ(registry.AddCounter("a", "h", {{"k", "0"}}).value(), 7U);
}

TEST(Registry, EscapesHelpAndLabelValues) {
  Registry registry;
  registry.AddCounter("a", "back\\slash\nline \"quoted\"", {{"k", "\\ \n \""}});
  EXPECT_EQ(registry.Expose(),
            "# HELP a back\\\\slash\\nline \"quoted\"\n"
            "# TYPE a counter\n"
            "a{k=\"\\\\ \\n \\\"\"} 0\n");
}

TEST(Registry, HistogramsAreCumulativeAndEndWithInfinity) {
  Registry registry;
  static constexpr std::array<double, 3> kBounds = {0.5, 1, 2.5};
  Histogram& histogram = registry.AddHistogram("wait_seconds", "Wait.", kBounds, {{"m", "x"}});
  for (double value : {0.25, 0.5, 0.75, 2.0, 100.0}) {
    histogram.Observe(value);
  }
  EXPECT_EQ(registry.Expose(),
            "# HELP wait_seconds Wait.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{m=\"x\",le=\"0.5\"} 2\n"
            "wait_seconds_bucket{m=\"x\",le=\"1\"} 3\n"
            "wait_seconds_bucket{m=\"x\",le=\"2.5\"} 4\n"
            "wait_seconds_bucket{m=\"x\",le=\"+Inf\"} 5\n"
            "wait_seconds_sum{m=\"x\"} 103.5\n"
            "wait_seconds_count{m=\"x\"} 5\n");
}

TEST(Registry, CountsExactlyUnderManyThreads) {
  Registry registry;
  static constexpr std::array<double, 1> kBounds = {1};
  Histogram& histogram = registry.AddHistogram("h", "h", kBounds);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&registry, &histogram] {
      for (int i = 0; i < 5000; ++i) {
        registry.AddCounter("c", "h").Add();
        histogram.Observe(1);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(registry.AddCounter("c", "h").value(), 40'000U);
  EXPECT_EQ(histogram.CumulativeCounts(), (std::vector<uint64_t>{40'000, 40'000}));
  EXPECT_EQ(histogram.sum(), 40'000);
}

}  // namespace
}  // namespace millrace::metrics
