#include "tokenizer/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/character.h"

namespace millrace::tokenizer {
namespace {

constexpr auto kDecompose = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE);
constexpr auto kCompose = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
constexpr int kNoDecomposition = 0xFFFF;
constexpr size_t kDecompositionMax =
    18;  // no character expands further: Unicode FAQ on normalisation

// Whether normalisation may change `c` or join it to what stands before it. A character where this
// is false begins a stretch that normalises by itself. Every character that composes with one
// before it is a mark, a Hangul vowel or final, or (since Unicode 16) a Kirat Rai vowel.
bool TakesPart(const Character& c) {
  const char32_t value = c.code_point;
  if (value < 0x300 || (value >= 0x4E00 && value <= 0x9FFF)) {
    return false;
  }
  if (c.Is(kMark) || (value >= 0x1160 && value <= 0x11FF) ||
      (value >= 0x16D60 && value <= 0x16D6F)) {
    return true;
  }
  const utf8proc_property_t* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(value));
  const bool canonical = property->decomp_type == 0;
  return property->combining_class != 0 ||
         (canonical && property->decomp_seqindex != kNoDecomposition);
}

int CombiningClass(utf8proc_int32_t code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

// Sorts one run of non-starters by combining class; equals keep their order.
void OrderRun(std::span<utf8proc_int32_t> run) {
  constexpr int kPlaceShift = 21;  // of the place, above the code point
  constexpr int kClassShift = 21 + 32;
  std::vector<uint64_t> keys;
  keys.reserve(run.size());
  for (const utf8proc_int32_t c : run) {
    keys.push_back(static_cast<uint64_t>(CombiningClass(c)) << kClassShift |
                   static_cast<uint64_t>(keys.size()) << kPlaceShift | static_cast<uint64_t>(c));
  }
  std::sort(keys.begin(), keys.end());
  std::transform(keys.begin(), keys.end(), run.begin(), [](uint64_t key) {
    return static_cast<utf8proc_int32_t>(key & ((uint64_t{1} << kPlaceShift) - 1));
  });
}

// Puts the marks of each character in order. utf8proc's own ordering takes quadratic time on long
// runs.
void OrderMarks(std::span<utf8proc_int32_t> code_points) {
  size_t begin = 0;
  for (size_t end = 0; end <= code_points.size(); ++end) {
    if (end == code_points.size() || CombiningClass(code_points[end]) == 0) {
      if (end > begin + 1) {
        OrderRun(code_points.subspan(begin, end - begin));
      }
      begin = end + 1;
    }
  }
}

void AppendNormalized(std::string_view stretch, std::string& out) {
  std::vector<utf8proc_int32_t> code_points;
  code_points.reserve(stretch.size());
  while (!stretch.empty()) {
    const Character c = FirstCharacter(stretch);
    stretch.remove_prefix(c.length);
    utf8proc_int32_t parts[kDecompositionMax];
    int boundary_class = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.code_point), parts,
                                kDecompositionMax, kDecompose, &boundary_class);
    code_points.insert(code_points.end(), parts, parts + count);
  }
  OrderMarks(code_points);
  const utf8proc_ssize_t length = utf8proc_normalize_utf32(
      code_points.data(), static_cast<utf8proc_ssize_t>(code_points.size()), kCompose);
  for (utf8proc_ssize_t i = 0; i < length; ++i) {
    base::AppendUtf8(static_cast<char32_t>(code_points[static_cast<size_t>(i)]), out);
  }
}

}  // namespace

bool MayNeedNfc(std::string_view text) {
  while (!text.empty()) {
    const Character c = FirstCharacter(text);
    if (TakesPart(c)) {
      return true;
    }
    text.remove_prefix(c.length);
  }
  return false;
}

std::string NormalizeNfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t stretch_begin = 0;  // the last character that takes no part, with those behind it that do
  bool needed = false;
  size_t position = 0;
  while (position < text.size()) {
    const Character c = FirstCharacter(text.substr(position));
    if (TakesPart(c)) {
      needed = true;
    } else {
      const std::string_view stretch = text.substr(stretch_begin, position - stretch_begin);
      needed ? AppendNormalized(stretch, out) : static_cast<void>(out.append(stretch));
      needed = false;
      stretch_begin = position;
    }
    position += c.length;
  }
  const std::string_view stretch = text.substr(stretch_begin);
  needed ? AppendNormalized(stretch, out) : static_cast<void>(out.append(stretch));
  return out;
}

}  // namespace millrace::tokenizer
