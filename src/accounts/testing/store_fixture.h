// A store in a directory of its own, on a fake clock, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "accounts/accounts.h"
#include "accounts/testing/temporary_directory.h"
#include "base/random.h"
#include "base/testing/fake_clock.h"

namespace millrace::accounts {

class StoreFixture : public testing::Test {
 protected:
  std::unique_ptr<Store> Open() {
    auto store = Store::Open(directory(), &clock_, &random_);
    EXPECT_TRUE(store.has_value()) << (store ? "" : store.error().message);
    return store ? *std::move(store) : nullptr;
  }
  base::Error OpenError() {
    auto store = Store::Open(directory(), &clock_, &random_);
    EXPECT_FALSE(store.has_value());
    return store ? base::Error{} : store.error();
  }
  std::string directory() const { return root_.path() + "/state"; }
  std::string DatabasePath() const { return directory() + "/millrace.db"; }
  std::string SecretPath() const { return directory() + "/secret"; }

  TemporaryDirectory root_;
  base::FakeClock clock_;
  base::SystemRandom random_;
};

inline base::ErrorKind KindOf(const base::Result<Principal>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? base::ErrorKind::kInternal : result.error().kind;
}

inline UsageRecord Row(int64_t prompt, int64_t completion) {
  UsageRecord row;
  row.trace_id = "t";
  row.account_id = "default";
  row.key_id = "key-1";
  row.model = "m";
  row.status = 200;
  row.prompt_tokens = prompt;
  row.completion_tokens = completion;
  return row;
}

}  // namespace millrace::accounts
