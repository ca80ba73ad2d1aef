// Every text that a schema of few values admits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/matcher.h"

namespace millrace::grammar::testing {

// Texts up to a length in their plainest spelling, found by following every byte that is allowed. A
// byte that leads to where nothing follows is a failure of the test, and so is a schema that does
// not compile.
class AllTexts {
 public:
  explicit AllTexts(std::string_view schema, size_t bytes_max = 80);
  const std::vector<std::string>& all() const { return all_; }

 private:
  void Follow(Matcher& matcher);

  size_t bytes_max_;
  std::string text_;
  std::vector<std::string> all_;
};

}  // namespace millrace::grammar::testing
