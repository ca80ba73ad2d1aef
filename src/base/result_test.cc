#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace millrace::base {
namespace {

Result<std::unique_ptr<int>> Make(bool ok) {
  if (!ok) {
    return InvalidArgument("must be ok", "ok");
  }
  return std::make_unique<int>(7);
}

Status Chain(bool ok, int& out) {
  std::unique_ptr<int> made = TRY(Make(ok));
  out = *made;
  return {};
}

Status ChainVoid(bool ok) {
  int out = 0;
  TRY(Chain(ok, out));
  return {};
}

TEST(Result, TryMovesTheValueOut) {
  int out = 0;
  ASSERT_TRUE(Chain(true, out).has_value());
  EXPECT_EQ(out, 7);
}

TEST(Result, TryReturnsTheErrorUnchanged) {
  Status status = ChainVoid(false);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(status.error().parameter, "ok");
}

}  // namespace
}  // namespace millrace::base
