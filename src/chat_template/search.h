// Finds one text in another in time linear in both, whatever they hold. std::string::find takes
// the product of their lengths where long beginnings match everywhere.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::chat_template {

// Where `wanted` first begins at or behind `from`; npos when nowhere.
size_t FindForward(std::string_view text, std::string_view wanted, size_t from = 0);

// Searches from the end. Borrows both texts; long ones are copied once.
class BackwardSearch {
 public:
  BackwardSearch(std::string_view text, std::string_view wanted);

  // Where the last `wanted` begins that ends at or before `end`; npos when nowhere.
  size_t FindBefore(size_t end) const;

 private:
  std::string_view text_;
  std::string_view wanted_;
  // Both from their end to their beginning; empty while a plain search does.
  std::string reversed_text_;
  std::string reversed_wanted_;
};

}  // namespace millrace::chat_template
