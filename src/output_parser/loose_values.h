// Values as models write them where JSON was meant: Python's notation, numbers with leading zeros.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::output_parser {

// true, false and null in any case of letters, and None: in JSON's spelling. Empty for other text.
std::string_view JsonWord(std::string_view text);
// A number that JSON would not take only for how it is written ("+5", "007", ".5", "5."), as JSON.
std::optional<std::string> JsonNumber(std::string_view text);
// A list, tuple, dictionary or string in Python's notation, as JSON. Nothing when `text` is none.
std::optional<std::string> JsonOfPython(std::string_view text);

}  // namespace millrace::output_parser
