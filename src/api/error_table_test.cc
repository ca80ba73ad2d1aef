#include "api/error_table.h"

#include <gtest/gtest.h>

namespace millrace::api {
namespace {

std::string Body(Failure failure) { return ErrorBody({failure}, ErrorEnvelope::kSiliconFlow); }

TEST(ErrorTable, WritesTheDocumentedBodies) {
  EXPECT_EQ(Body(Failure::kInvalidToken), "\"Invalid token\"");
  EXPECT_EQ(Body(Failure::kForbidden), "\"Forbidden\"");
  EXPECT_EQ(Body(Failure::kPathNotFound), "\"404 page not found\"");
  EXPECT_EQ(Body(Failure::kMethodNotAllowed), "\"405 method not allowed\"");
  EXPECT_EQ(Body(Failure::kGatewayTimeout), "\"Gateway Timeout\"");
  EXPECT_EQ(
      Body(Failure::kModelNotFound),
      R"({"code":20012,"message":"Model does not exist. Please check it carefully.","data":null})");
  EXPECT_EQ(Body(Failure::kRequestTimeout),
            R"({"code":20015,"message":"Request timeout.","data":null})");
  EXPECT_EQ(Body(Failure::kBodyTooLarge),
            R"({"code":20042,"message":"Request entity too large.","data":null})");
  EXPECT_EQ(Body(Failure::kEngineFailure),
            R"({"code":50507,"message":"Request failed: Unknown error.","data":null})");
  EXPECT_EQ(
      Body(Failure::kOverloaded),
      R"({"code":50505,"message":"Model service overloaded. Please try again later.","data":null})");
}

TEST(ErrorTable, AddsTheSecondEnvelopeOnlyToObjects_C073) {
  const WireError error = InvalidField("n", "no");
  EXPECT_EQ(ErrorBody(error, ErrorEnvelope::kBoth),
            R"({"code":20015,"message":"n: no","data":null,"error":{"message":"n: no",)"
            R"("type":"invalid_request_error","param":"n","code":20015}})");
  EXPECT_EQ(ErrorBody({Failure::kForbidden}, ErrorEnvelope::kBoth), "\"Forbidden\"");
}

TEST(ErrorTable, NamesAnOverflowInTheSecondEnvelope_C073) {
  const WireError error = ToWireError({base::ErrorKind::kContextOverflow, "too long"});
  EXPECT_EQ(ErrorBody(error, ErrorEnvelope::kBoth),
            R"({"code":20015,"message":"too long","data":null,"error":{"message":"too long",)"
            R"("type":"invalid_request_error","param":null,"code":"context_length_exceeded"}})");
}

TEST(ErrorTable, HidesWhatInternalErrorsSay) {
  const WireError error = ToWireError(base::IoError("/etc/passwd: no such file"));
  EXPECT_EQ(MessageOf(error), "Request failed: Unknown error.");
  EXPECT_EQ(MessageOf(ToWireError(base::Internal("secret"))),
            "Request processing failed due to an unknown error.");
}

TEST(ErrorTable, CallsABackendsInternalErrorAnEngineFailure_C262) {
  EXPECT_EQ(BackendWireError(base::Internal("x")).failure, Failure::kEngineFailure);
  EXPECT_EQ(BackendWireError({base::ErrorKind::kUnavailable, ""}).failure, Failure::kOverloaded);
  EXPECT_EQ(ToWireError(base::Internal("x")).failure, Failure::kInternal);
}

TEST(ErrorTable, CutsUserTextBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 70; ++i) {
    text += "é";
  }
  EXPECT_EQ(QuotedUserText(text).size(), 128U);
  EXPECT_EQ(QuotedUserText("short"), "short");
}

}  // namespace
}  // namespace millrace::api
