// [\r\n], then \s?CASED+, then \s?MARK+, then \s+$, then CJK runs, then \p{N}+, where CASED is a
// list of the letters that have case and MARK a list of ASCII, full-width and general punctuation.
#include <algorithm>
#include <iterator>

#include "tokenizer/character.h"
#include "tokenizer/split_families.h"
#include "tokenizer/split_rules.h"

namespace millrace::tokenizer {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Source: deepseek-llm's tokenizer.json as carried by llama.cpp `src/llama-vocab.cpp`.
constexpr Range kCased[] = {
    {0x41, 0x5A},       {0x61, 0x7A},       {0xB5, 0xB5},       {0xC0, 0xD6},
    {0xD8, 0xF6},       {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},
    {0x295, 0x2AF},     {0x370, 0x373},     {0x376, 0x377},     {0x37B, 0x37D},
    {0x37F, 0x37F},     {0x386, 0x386},     {0x388, 0x38A},     {0x38C, 0x38C},
    {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},     {0x48A, 0x52F},
    {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},   {0x13F8, 0x13FD},
    {0x1C90, 0x1CBA},   {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77},
    {0x1D79, 0x1D9A},   {0x1E00, 0x1F15},   {0x1F18, 0x1F1D},   {0x1F20, 0x1F45},
    {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},   {0x1F59, 0x1F59},   {0x1F5B, 0x1F5B},
    {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},   {0x1FB6, 0x1FBC},
    {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},   {0x1FD0, 0x1FD3},
    {0x1FD6, 0x1FDB},   {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC},
    {0x2102, 0x2102},   {0x2107, 0x2107},   {0x210A, 0x2113},   {0x2115, 0x2115},
    {0x2119, 0x211D},   {0x2124, 0x2124},   {0x2126, 0x2126},   {0x2128, 0x2128},
    {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},   {0x213C, 0x213F},
    {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2184},   {0x2C00, 0x2C7B},
    {0x2C7E, 0x2CE4},   {0x2CEB, 0x2CEE},   {0x2CF2, 0x2CF3},   {0xA640, 0xA66D},
    {0xA680, 0xA69B},   {0xA722, 0xA76F},   {0xA771, 0xA787},   {0xA78B, 0xA78E},
    {0xAB70, 0xABBF},   {0xFB00, 0xFB06},   {0xFB13, 0xFB17},   {0xFF21, 0xFF3A},
    {0xFF41, 0xFF5A},   {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB},
    {0x10C80, 0x10CB2}, {0x10CC0, 0x10CF2}, {0x118A0, 0x118DF}, {0x1E900, 0x1E943},
};
constexpr Range kMarks[] = {
    {0x21, 0x2F},     {0x3A, 0x7E},     {0x2018, 0x201F},
    {0x3000, 0x3002}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF5E},
};

template <size_t kCount>
bool Contains(const Range (&ranges)[kCount], char32_t code_point) {
  const Range* found =
      std::lower_bound(std::begin(ranges), std::end(ranges), code_point,
                       [](const Range& range, char32_t value) { return range.last < value; });
  return found != std::end(ranges) && code_point >= found->first;
}

Stretch MatchCased(std::string_view rest) {
  return MatchSpacedRun(rest, [](const Character& c) { return Contains(kCased, c.code_point); });
}

Stretch MatchMarks(std::string_view rest) {
  return MatchSpacedRun(rest, [](const Character& c) { return Contains(kMarks, c.code_point); });
}

// \s+$: a run that does not reach the end is skipped whole.
Stretch MatchSpacesAtEnd(std::string_view rest) {
  const size_t spaces = RunLength(rest, kSpace);
  if (spaces == 0) {
    return {.length = FirstCharacter(rest).length};
  }
  return {.length = spaces, .is_match = spaces == rest.size()};
}

Stretch MatchNumbers(std::string_view rest) {
  const size_t length = RunLength(rest, kNumber);
  return length > 0 ? Stretch{.length = length, .is_match = true}
                    : Stretch{.length = FirstCharacter(rest).length};
}

constexpr Pass kPasses[] = {MatchLineBreak,   MatchCased,   MatchMarks,
                            MatchSpacesAtEnd, MatchWideCjk, MatchNumbers};

}  // namespace

std::span<const Pass> DeepseekLlmPasses() { return kPasses; }

}  // namespace millrace::tokenizer
