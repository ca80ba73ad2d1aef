#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <istream>
#include <numeric>
#include <ostream>

#include "app/commands.h"
#include "app/format_commands.h"
#include "app/instance_trail.h"
#include "app/json_slices.h"
#include "app/maskbench.h"
#include "app/text_file.h"
#include "base/clock.h"
#include "grammar/json_schema.h"
#include "json/json.h"

namespace millrace::app {
namespace {

// Bytes as they are read in messages: 'a', or 0x1f.
std::string ByteRange(size_t low, size_t high) {
  const auto name = [](size_t byte) {
    return byte > 0x20 && byte < 0x7F ? fmt::format("'{}'", static_cast<char>(byte))
           : byte == 0x20             ? std::string("' '")
                                      : fmt::format("0x{:02x}", byte);
  };
  return low == high ? name(low) : fmt::format("{}..{}", name(low), name(high));
}

std::string AllowedBytes(grammar::Matcher& matcher) {
  std::array<uint32_t, 8> bytes{};
  matcher.AllowedBytes(bytes);
  const auto is_set = [&](size_t byte) { return (bytes[byte / 32] >> (byte % 32) & 1U) != 0; };
  std::string list = matcher.is_complete() ? "the end" : "";
  for (size_t low = 0; low < 256; ++low) {
    if (!is_set(low)) {
      continue;
    }
    size_t high = low;
    while (high + 1 < 256 && is_set(high + 1)) {
      ++high;
    }
    list += fmt::format("{}{}", list.empty() ? "" : ", ", ByteRange(low, high));
    low = high;
  }
  return list;
}

// Some of the tokens that are allowed, the longest first: those tell most.
std::string AllowedTokens(grammar::Matcher& matcher, const grammar::Vocabulary& vocabulary) {
  constexpr size_t kShown = 12;
  std::vector<uint32_t> mask(vocabulary.mask_words());
  const size_t count = matcher.FillMask(mask);
  std::vector<std::string_view> texts;
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if ((mask[i / 32] >> (i % 32) & 1U) != 0) {
      texts.push_back(vocabulary.Text(base::TokenId{static_cast<int32_t>(i)}));
    }
  }
  std::stable_sort(texts.begin(), texts.end(),
                   [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
  std::string list = fmt::format("{} of {} tokens", count, vocabulary.size());
  for (size_t i = 0; i < std::min(kShown, texts.size()); ++i) {
    list += i == 0 ? ": " : " ";
    json::AppendQuoted(texts[i], list);
  }
  return list + (texts.size() > kShown ? " ..." : "");
}

std::string Excerpt(std::string_view text, size_t at) {
  constexpr size_t kAround = 40;
  std::string result;
  const size_t begin = at - std::min(at, kAround);
  json::AppendQuoted(text.substr(begin, at - begin), result);
  result += at < text.size() ? ", then " : ", then the end of the instance";
  if (at < text.size()) {
    json::AppendQuoted(text.substr(at, kAround), result);
  }
  return result;
}

void PrintTimes(const InstanceTrail& trail, std::string_view instance, std::ostream& out) {
  std::vector<double> times = trail.mask_us;
  std::sort(times.begin(), times.end());
  const double mean =
      std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  out << fmt::format("masks: {}, mean {:.1f} us, median {:.1f} us, longest {:.1f} us behind {}\n",
                     times.size(), mean, times[times.size() / 2], times.back(),
                     Excerpt(instance, trail.longest_mask_at));
}

base::Result<TrialVocabulary> VocabularyOf(const std::string& path) {
  if (path.empty()) {
    return TrialVocabulary::OfBytes();
  }
  auto vocabulary = TRY(TrialVocabulary::FromGguf(path));
  if (vocabulary.tokens->end_tokens().empty()) {
    return base::InvalidArgument(path + ": its vocabulary has no token that ends an answer");
  }
  return vocabulary;
}

int TryInstance(const GrammarOptions& options, const TrialVocabulary& vocabulary,
                const base::Clock& clock, std::istream& in, std::ostream& out, std::ostream& err) {
  const auto text = ReadTextFile(options.schema_path);
  if (!text.has_value()) {
    err << text.error().message << '\n';
    return kExitFailed;
  }
  const grammar::SchemaOptions schema_options =
      TrialOptions(!options.no_limits, options.free_numbers);
  const base::TimePoint before = clock.Now();
  auto schema = grammar::JsonSchema::Compile(*text, schema_options);
  if (!schema.has_value()) {
    err << options.schema_path << ": " << schema.error().message << '\n';
    return kExitFailed;
  }
  const auto grammar = grammar::Grammar::OfSchema(*std::move(schema));
  out << fmt::format("schema: compiled in {:.2f} ms\n",
                     std::chrono::duration<double, std::milli>(clock.Now() - before).count());
  const base::Result<std::string> input = ReadInput(in);
  if (!input.has_value()) {
    err << input.error().message << '\n';
    return kExitFailed;
  }
  const std::string instance = options.as_given ? *input : StripSpace(*input);
  grammar::Matcher matcher(grammar, vocabulary.tokens);
  const InstanceTrail trail = Follow(matcher, vocabulary, instance, clock);
  if (trail.admitted) {
    out << "instance: admitted\n";
  } else {
    out << fmt::format("instance: refused at byte {} of {}: behind {}\n", trail.bytes,
                       instance.size(), Excerpt(instance, trail.bytes));
    out << "allowed there: " << AllowedBytes(matcher) << '\n';
    if (vocabulary.tokenizer != nullptr) {
      out << "allowed there: " << AllowedTokens(matcher, *vocabulary.tokens) << '\n';
    }
  }
  PrintTimes(trail, instance, out);
  out << fmt::format("memory: {} bytes of the grammar, {} of the matcher\n",
                     grammar->memory_bytes(), matcher.memory_bytes());
  return trail.admitted ? kExitOk : kExitFailed;
}

}  // namespace

int RunGrammar(const GrammarOptions& options, std::istream& in, std::ostream& out,
               std::ostream& err) {
  if (options.schema_path.empty() == options.maskbench.empty()) {
    err << "give either a schema or --maskbench\n";
    return kExitUsage;
  }
  const base::SystemClock clock;
  const auto vocabulary = VocabularyOf(options.vocabulary_path);
  if (!vocabulary.has_value()) {
    err << vocabulary.error().message << '\n';
    return kExitFailed;
  }
  if (options.maskbench.empty()) {
    return TryInstance(options, *vocabulary, clock, in, out, err);
  }
  const base::Status status = RunMaskbench({.folder = options.maskbench,
                                            .limits = !options.no_limits,
                                            .free_numbers = options.free_numbers,
                                            .json = options.json,
                                            .every = options.every},
                                           *vocabulary, clock, out);
  if (!status.has_value()) {
    err << status.error().message << '\n';
    return kExitFailed;
  }
  return kExitOk;
}

}  // namespace millrace::app
