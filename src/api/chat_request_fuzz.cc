// Any bytes as the body of a chat request: an answer or a documented refusal, nothing else.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/testing/parse_fixture.h"
#include "base/check.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  static const api::ParseFixture fixture;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const api::Refused refused = api::RefusalOf(fixture.Parse(body));
  MILLRACE_CHECK(refused.status == 200 || refused.status == 400);
  MILLRACE_CHECK(base::IsValidUtf8(refused.message));
  return 0;
}
