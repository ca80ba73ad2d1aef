// Compiles arbitrary bytes as a template and renders it with a small conversation and small limits.
#include <cstdint>
#include <string_view>

#include "chat_template/template.h"
#include "chat_template/testing/conversation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  std::string_view source(reinterpret_cast<const char*>(data), size);
  auto compiled = chat_template::Template::Compile(source);
  if (!compiled.has_value()) {
    return 0;
  }
  auto rendered = (*compiled)->Render(chat_template::testing::FullConversation(),
                                      {.steps_max = 20'000, .output_bytes_max = 1 << 16});
  if (rendered.has_value()) {
    for (const chat_template::PromptPiece& piece : *rendered) {
      if (piece.text.empty()) {
        __builtin_trap();
      }
    }
  }
  return 0;
}
