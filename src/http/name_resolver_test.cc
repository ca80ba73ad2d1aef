#include "http/name_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

namespace millrace::http {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::chrono::steady_clock::time_point Soon() { return std::chrono::steady_clock::now() + 20ms; }
std::chrono::steady_clock::time_point Late() { return std::chrono::steady_clock::now() + 10s; }

// A look-up that does not come back before the test lets it.
class StuckLookup {
 public:
  ~StuckLookup() { Release(); }
  NameResolver::Lookup lookup() const {
    return [gate = released_](const std::string&) {
      gate.wait();
      return std::vector<std::string>{"192.0.2.1"};
    };
  }
  void Release() {
    if (!open_) {
      open_ = true;
      release_.set_value();
    }
  }

 private:
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  bool open_ = false;
};

TEST(NameResolver, FindsTheOwnMachine) {
  const auto addresses = NameResolver().Resolve("localhost", Late());
  ASSERT_TRUE(addresses.has_value()) << addresses.error().message;
  EXPECT_THAT(*addresses, testing::Contains(testing::AnyOf("127.0.0.1", "::1")));
}

TEST(NameResolver, ReadsOddIpv4FormsAsTheSystemDoes) {
  for (const std::string form : {"0x7f.1", "0177.0.0.1", "2130706433", "127.1"}) {
    const auto addresses = NameResolver().Resolve(form, Late());
    ASSERT_TRUE(addresses.has_value()) << form;
    EXPECT_THAT(*addresses, ElementsAre("127.0.0.1")) << form;
  }
}

TEST(NameResolver, ANameWithoutAddressIsAnIoError) {
  const NameResolver resolver({.lookup = [](const auto&) { return std::vector<std::string>(); }});
  const auto addresses = resolver.Resolve("nothing.example", Late());
  ASSERT_FALSE(addresses.has_value());
  EXPECT_EQ(addresses.error().kind, base::ErrorKind::kIo);
}

TEST(NameResolver, DoesNotHoldTheCallerPastTheDeadline) {
  StuckLookup stuck;
  const NameResolver resolver({.lookup = stuck.lookup()});
  const auto addresses = resolver.Resolve("slow.example", Soon());
  ASSERT_FALSE(addresses.has_value());
  EXPECT_EQ(addresses.error().kind, base::ErrorKind::kDeadlineExceeded);
}

TEST(NameResolver, StopsWhenTheCallerGivesUp) {
  StuckLookup stuck;
  const NameResolver resolver({.lookup = stuck.lookup()});
  int questions = 0;
  const auto addresses =
      resolver.Resolve("slow.example", Late(), [&questions] { return ++questions == 2; });
  ASSERT_FALSE(addresses.has_value());
  EXPECT_EQ(addresses.error().kind, base::ErrorKind::kCancelled);
}

TEST(NameResolver, BoundsTheLookupsThatWereLeftBehind) {
  StuckLookup stuck;
  const NameResolver resolver({.lookup = stuck.lookup(), .lookups_max = 2});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(resolver.Resolve("slow.example", Soon()).error().kind,
              base::ErrorKind::kDeadlineExceeded);
  }
  EXPECT_EQ(resolver.Resolve("slow.example", Late()).error().kind,
            base::ErrorKind::kResourceExhausted);
}

TEST(NameResolver, ALookupMayOutliveIt) {
  StuckLookup stuck;
  EXPECT_FALSE(NameResolver({.lookup = stuck.lookup()}).Resolve("slow.example", Soon()));
}

}  // namespace
}  // namespace millrace::http
