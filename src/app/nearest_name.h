// Finds what somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace::app {

// The name with the fewest changed, missing, added or swapped letters from `word`; empty when none
// is near: more than a third of the word would have to change.
std::string NearestName(std::string_view word, std::span<const std::string> names);

}  // namespace millrace::app
