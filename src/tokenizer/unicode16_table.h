// Classes of the characters that Unicode 15.1 and 16 added: Debian 12's utf8proc knows 15.0, while
// published tokenizers use engines that know 16.
#pragma once

#include <cstdint>

namespace millrace::tokenizer {

// The class of `code_point` when it is one of those, 0 otherwise.
uint8_t Unicode16Class(char32_t code_point);

}  // namespace millrace::tokenizer
