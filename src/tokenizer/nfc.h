// Unicode normalisation form C, which some families apply before they split. See
// docs/decisions/tokenizer-nfc.md.
#pragma once

#include <string>
#include <string_view>

namespace millrace::tokenizer {

// False means that `text` (valid UTF-8) is in NFC already. True is no promise that it is not: the
// test is by single characters, cheap and on the safe side.
bool MayNeedNfc(std::string_view text);

// `text` (valid UTF-8) in NFC. Time n log n whatever the text; memory for the longest stretch of
// characters that take part in normalisation. Source: Unicode Standard Annex 15.
std::string NormalizeNfc(std::string_view text);

}  // namespace millrace::tokenizer
