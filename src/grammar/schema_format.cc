#include "grammar/schema_format.h"

#include <array>
#include <string>

namespace millrace::grammar {
namespace {

constexpr std::string_view kUnreserved = "[A-Za-z0-9._~";
// RFC 3987, ucschar.
constexpr std::string_view kOfIris =
    R"(\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\u{10000}-\u{1FFFD}\u{20000}-\u{2FFFD})"
    R"(\u{30000}-\u{3FFFD}\u{40000}-\u{4FFFD}\u{50000}-\u{5FFFD}\u{60000}-\u{6FFFD})"
    R"(\u{70000}-\u{7FFFD}\u{80000}-\u{8FFFD}\u{90000}-\u{9FFFD}\u{A0000}-\u{AFFFD})"
    R"(\u{B0000}-\u{BFFFD}\u{C0000}-\u{CFFFD}\u{D0000}-\u{DFFFD}\u{E1000}-\u{EFFFD})";
// And iprivate, which queries may have.
constexpr std::string_view kOfQueries = R"(\uE000-\uF8FF\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD})";

// An IRI is a URI with more characters wherever it is not an address or a scheme.
std::string IriPattern(std::string_view uri) {
  std::string result;
  const size_t query = uri.find("(?:\\?");
  const size_t fragment = uri.find("(?:#");
  for (size_t at = 0; at < uri.size();) {
    if (!uri.substr(at).starts_with(kUnreserved)) {
      result += uri[at++];
      continue;
    }
    const bool in_address = uri.substr(0, at).ends_with("\\.");  // IPvFuture
    result += kUnreserved;
    result += in_address ? std::string_view() : kOfIris;
    result += at > query && at < fragment ? kOfQueries : std::string_view();
    at += kUnreserved.size();
  }
  return result;
}

// RFC 6570, section 2.
std::string UriTemplatePattern() {
  const std::string character = "(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})";
  const std::string variable = character + "(?:\\.?" + character + ")*(?::[1-9][0-9]{0,3}|\\*)?";
  return "(?:[!#$&'()*+,./0-9:;=?@A-Z\\[\\]_a-z~" + std::string(kOfIris) + std::string(kOfQueries) +
         "-]|%[0-9A-Fa-f]{2}|\\{[+#./;?&=,!@|]?" + variable + "(?:," + variable + ")*\\})*";
}

// What regular expressions of all dialects have in common: brackets match, and every quantifier has
// something to repeat. Groups are nested so deep at most.
std::string RegexPattern() {
  constexpr int kDepthMax = 6;
  const std::string quantifier = R"((?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})?[?+]?)";
  const std::string single = R"([^\\()\[*+?|]|\\[^\n]|\[\^?(?:[^\]\\]|\\[^\n])*\])";
  std::string expression = "(?:(?:" + single + ")(?:" + quantifier + ")|\\|)*";
  for (int depth = 0; depth < kDepthMax; ++depth) {
    const std::string kind = R"((?:\?(?:[:=!>]|<[=!]|P?<[A-Za-z_][A-Za-z0-9_]*>|[a-zA-Z-]+:?))?)";
    const std::string group = "\\(" + kind + expression + "\\)";
    expression = "(?:(?:" + single + "|" + group + ")(?:" + quantifier + ")|\\|)*";
  }
  return expression;
}

struct Composed {
  std::string_view name;
  std::string pattern;
};

const std::array<Composed, 4>& ComposedFormats() {
  static const std::array<Composed, 4> formats = {
      {{"iri", IriPattern(TabledPattern("uri"))},
       {"iri-reference", IriPattern(TabledPattern("uri-reference"))},
       {"uri-template", UriTemplatePattern()},
       {"regex", RegexPattern()}}};
  return formats;
}

}  // namespace

std::string_view PatternOfFormat(std::string_view format) {
  for (const Composed& composed : ComposedFormats()) {
    if (composed.name == format) {
      return composed.pattern;
    }
  }
  return TabledPattern(format);
}

}  // namespace millrace::grammar
