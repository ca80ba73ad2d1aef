// Compiles the first line of the input as a regular expression; the rest is a text that is read by
// the pattern and by its complement: exactly one of them takes it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "grammar/json_text.h"
#include "grammar/regex_parser.h"

namespace {

using millrace::grammar::RegexAlgebra;
using millrace::grammar::RegexId;

bool Reads(RegexAlgebra& algebra, RegexId regex, std::u32string_view text) {
  for (const char32_t c : text) {
    RegexId next = RegexAlgebra::kNothing;
    char32_t last = 0;
    bool first = true;
    for (const auto& arc : algebra.Arcs(regex)) {
      MILLRACE_CHECK(arc.low <= arc.high && (first || arc.low > last));
      first = false;
      last = arc.high;
      if (arc.low <= c && c <= arc.high) {
        next = arc.next;
      }
    }
    regex = next;
    if (algebra.size() > 100'000) {
      return false;
    }
  }
  return algebra.IsNullable(regex);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::grammar;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view pattern = input.substr(0, input.find('\n'));
  const std::string_view rest = input.substr(std::min(pattern.size() + 1, input.size()));
  const std::u32string text = base::IsValidUtf8(rest) ? CodePointsOf(rest) : std::u32string();
  for (const RegexAnchoring anchoring : {RegexAnchoring::kSearch, RegexAnchoring::kWhole}) {
    RegexAlgebra algebra;
    const base::Result<RegexId> regex = ParseRegex(pattern, anchoring, algebra);
    if (!regex.has_value()) {
      MILLRACE_CHECK(!regex.error().message.empty());
      continue;
    }
    const RegexId complement = algebra.Not(*regex);
    const bool reads = Reads(algebra, *regex, text.substr(0, 40));
    const bool reads_not = Reads(algebra, complement, text.substr(0, 40));
    MILLRACE_CHECK(reads != reads_not || algebra.size() > 100'000);
  }
  return 0;
}
