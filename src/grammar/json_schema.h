// JSON Schema (drafts 4, 6, 7, 2019-09, 2020-12) as something a matcher can follow byte by byte.
//
// Every assertion and applicator keyword is enforced exactly, or the schema is refused with the
// keyword's name and JSON pointer; annotations, unknown keywords and unknown formats are ignored,
// as the specification says. What a schema admits is the set of JSON values that it calls valid,
// written so:
//  - compact, with at most one space after ':' and ',' (none under kCompact);
//  - no object has the same key twice, whatever the spelling of the key;
//  - strings in any spelling JSON has: raw UTF-8, short escapes, \u escapes; no lone surrogates;
//  - numbers within bounds with an exponent only behind one digit other than zero and its fraction,
//    if these could be completed without one; multiples and numbers of an enumeration with none;
//    integers without a fraction of zeros (kFreeNumbers lifts that); others in any spelling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::grammar {

enum class Draft { k4, k6, k7, k2019_09, k2020_12 };

enum class Whitespace {
  kSingleSpace,  // one space or none after ':' and ','
  kCompact,      // none
};

enum class KeyOrder {
  kAny,     // properties in any order
  kSchema,  // named properties in the order of the schema's `properties`, others after them
};

enum class NumberSpelling {
  kPlain,
  kFreeNumbers,  // integers may have a fraction of zeros, but not in draft 4
};

enum class FormatUse {
  kAssert,    // the formats we know are enforced, others ignored
  kAnnotate,  // all are ignored
};

// 0 = no limit. Over a limit: kInvalidArgument naming the limit and the place.
struct SchemaLimits {
  size_t text_bytes = 256U << 10;
  size_t nesting = 10;  // levels of values inside values, the root is the first; $ref starts anew
  size_t properties = 5000;
  size_t enum_values = 1000;         // of all `enum`s together
  size_t name_characters = 120'000;  // of property names, definition names, enum and const strings
  size_t work = 20'000'000;          // steps of compilation; about a second
  size_t memory_bytes = 64U << 20;   // of a compiled schema, with what matchers add while they run
};

struct SchemaOptions {
  Draft default_draft = Draft::k2020_12;  // where `$schema` does not say
  Whitespace whitespace = Whitespace::kSingleSpace;
  KeyOrder key_order = KeyOrder::kAny;
  NumberSpelling numbers = NumberSpelling::kPlain;
  FormatUse formats = FormatUse::kAssert;
  SchemaLimits limits = {};
  // Other documents a `$ref` may lead to: URI and text. Nothing is ever fetched.
  std::vector<std::pair<std::string, std::string>> documents = {};
  // Asked now and then during compilation; false stops it with kCancelled. Empty = go on.
  std::function<bool()> keep_going = {};
};

class JsonLanguage;

// A compiled schema. Immutable to its users and shared between threads; inside, it learns states
// while matchers run (synchronised, bounded by SchemaLimits::memory_bytes).
class JsonSchema {
 public:
  // Errors: kInvalidArgument (not JSON, not a schema, a limit, a `$ref` that leads nowhere;
  // kNothingIsValid), kUnsupported (a keyword that cannot be enforced exactly), kResourceExhausted
  // (`work`), kCancelled. The message names keyword and JSON pointer; the parameter is the pointer.
  static constexpr std::string_view kNothingIsValid = "no JSON value is valid under the schema";
  static base::Result<std::shared_ptr<const JsonSchema>> Compile(std::string_view schema_text,
                                                                 const SchemaOptions& options = {});
  // Any JSON object, and any JSON value.
  static std::shared_ptr<const JsonSchema> AnyObject(const SchemaOptions& options = {});
  static std::shared_ptr<const JsonSchema> AnyValue(const SchemaOptions& options = {});

  explicit JsonSchema(std::unique_ptr<JsonLanguage> language);
  ~JsonSchema();
  JsonSchema(const JsonSchema&) = delete;
  JsonSchema& operator=(const JsonSchema&) = delete;

  // What matchers and masks use.
  JsonLanguage& language() const { return *language_; }
  size_t memory_bytes() const;

 private:
  std::unique_ptr<JsonLanguage> language_;
};

}  // namespace millrace::grammar
