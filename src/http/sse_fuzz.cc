// A stream of events gives the same events however it is cut.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/sse.h"

namespace {

std::vector<std::string> Read(std::string_view bytes, size_t piece) {
  millrace::http::SseReader reader(1 << 20);
  std::vector<std::string> events;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    reader.Add(part);
    while (auto event = reader.Next()) {
      events.push_back(*std::move(event));
    }
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const size_t piece = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  MILLRACE_CHECK(Read(bytes, bytes.size() + 1) == Read(bytes, piece));
  return 0;
}
