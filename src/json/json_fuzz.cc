// JSON text of any kind: no crash, and what is accepted survives a round trip.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = millrace::json::Parse(text);
  if (parsed.has_value()) {
    auto again = millrace::json::Parse(millrace::json::Serialize(*parsed));
    MILLRACE_CHECK(again.has_value());
    MILLRACE_CHECK(*again == *parsed);
  }
  return 0;
}
