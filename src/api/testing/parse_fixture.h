// A small server's worth of models to parse requests against.
//
// "M" is a hybrid model with tools, "N" never reasons and has none, "E" knows efforts and one
// choice only, "J" has JSON mode, prefix and constrained tools, "F" fills in the middle.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/chat_request_parser.h"
#include "api/error_table.h"
#include "api/testing/fixed_resolver.h"
#include "chat/testing/scripted_backend.h"

namespace millrace::api {

chat::ModelRecord HybridRecord();
chat::ModelRecord PlainRecord();
chat::ModelRecord EffortRecord();
chat::ModelRecord JsonRecord();
chat::ModelRecord VisionRecord();  // "V": pictures, two at most
chat::ModelRecord FimRecord();

// Status, code and message of a refusal, comparable in a test.
struct Refused {
  int status = 0;
  int code = 0;
  std::string message;
  friend bool operator==(const Refused&, const Refused&) = default;
};
void PrintTo(const Refused& refused, std::ostream* out);

class ParseFixture {
 public:
  ParseFixture();

  ApiOptions options;
  RequestOrigin origin{.user_agent = "curl/8",
                       .principal = {.account_id = "tenant", .key_id = {}, .key_name = {}},
                       .fallback_seed = 99};

  WireResult<ParsedChat> Parse(std::string_view body) const;
  // A body for model `model` with one user message and `more` members: R"("n":2)".
  WireResult<ParsedChat> ParseWith(std::string_view more, std::string_view model = "M") const;
  WireResult<ParsedChat> ParseMessages(std::string_view messages,
                                       std::string_view model = "M") const;

 private:
  FixedResolver resolver_;
};

// The refusal; {200, 0, ""} when the request was accepted.
Refused RefusalOf(const WireResult<ParsedChat>& result);

}  // namespace millrace::api
