// Parts of a JSON text as they are written: no spelling of a number or string is lost.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::app {

// `text` without the white space that stands between tokens. Text that is no JSON comes out in some
// way: white space outside of quotes goes.
std::string StripSpace(std::string_view text);

// Of valid JSON without white space: the members of an object, keys with their quotes, or the items
// of an array. Empty for anything else.
std::vector<std::pair<std::string_view, std::string_view>> MembersOf(std::string_view object);
std::vector<std::string_view> ItemsOf(std::string_view array);

}  // namespace millrace::app
