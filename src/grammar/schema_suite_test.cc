// The JSON-Schema-Test-Suite: every test of every draft, and how we stand to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "grammar/json_schema.h"
#include "grammar/schema_format.h"
#include "grammar/testing/json_writer.h"
#include "grammar/testing/reading.h"
#include "grammar/testing/real_vocabulary.h"
#include "grammar/testing/test_files.h"

namespace millrace::grammar {
namespace {

const std::string kSuite = MILLRACE_SHARED_DATA "/json-schema-test-suite";

struct Outcomes {
  int32_t passed = 0;
  int32_t nothing_valid = 0;     // refused because nothing is valid, and the test is invalid
  int32_t refused = 0;           // with an error that names the place
  int32_t not_enforced = 0;      // invalid by a format that we do not enforce
  int32_t valid_rejected = 0;    // each in `kKnown`
  int32_t invalid_accepted = 0;  // each in `kKnown`
  bool operator==(const Outcomes&) const = default;
};

void PrintTo(const Outcomes& o, std::ostream* out) {
  *out << "{" << o.passed << ", " << o.nothing_valid << ", " << o.refused << ", " << o.not_enforced
       << ", " << o.valid_rejected << ", " << o.invalid_accepted << "}";
}

enum class Part { kRequired, kFormat, kOptional };

Part PartOf(std::string_view path) {
  if (path.find("/optional/format/") != std::string_view::npos) {
    return Part::kFormat;
  }
  return path.find("/optional/") != std::string_view::npos ? Part::kOptional : Part::kRequired;
}

// What we decide otherwise than the suite, and why. The name of a test contains the text.
struct Known {
  const char* test;
  const char* reason;
};
constexpr Known kKnown[] = {
    {"/format/date-time.json: validation of date-time strings: a valid date-time with a leap "
     "second, with minus",
     "leap seconds are admitted at 23:59:60 UTC only"},
    {"/format/time.json: validation of time strings: valid leap second,",
     "leap seconds are admitted at 23:59:60 UTC only"},
    {"/format/hostname.json: validation of A-label (punycode) host names:",
     "whether an A-label decodes well is not regular, so none is admitted"},
    {"/format/hostname.json: validation of host names: a valid punycoded IDN hostname",
     "whether an A-label decodes well is not regular, so none is admitted"},
    {"/format/hostname.json: validation of host names: hostname with consecutive hyphens (RFC1123)",
     "two hyphens in the third place are left to A-labels, as newer drafts have it"},
    {"/optional/zeroTerminatedFloats.json: some languages do not distinguish",
     "numbers are compared by value: 1.0 is 1"},
    {"/optional/content.json: validation of", "the content of strings is an annotation"},
};

class Suite {
 public:
  Suite(Draft draft, Part part)
      : part_(part),
        vocabulary_(testing::SmallVocabulary()),
        options_({.default_draft = draft,
                  .numbers = NumberSpelling::kFreeNumbers,
                  .formats = part == Part::kFormat ? FormatUse::kAssert : FormatUse::kAnnotate,
                  .documents = testing::SuiteDocuments(kSuite)}) {}

  void Run(const std::string& path) {
    format_ = std::filesystem::path(path).stem().string();
    const JsonNode file = testing::ReadJson(path);
    for (const JsonNode& group : file.items) {
      RunGroup(path.substr(kSuite.size() + 7), group);
    }
  }

  const Outcomes& outcomes() const { return outcomes_; }

 private:
  void RunGroup(const std::string& file, const JsonNode& group) {
    const std::string schema =
        testing::WriteJson(*group.Find("schema"), testing::Spacing::kCompact);
    const auto compiled = JsonSchema::Compile(schema, options_);
    const std::string name = file + ": " + group.Find("description")->text;
    if (!compiled.has_value()) {
      RefuseGroup(name, compiled.error(), *group.Find("tests"));
      return;
    }
    const auto grammar = Grammar::OfSchema(*compiled);
    for (const JsonNode& test : group.Find("tests")->items) {
      const std::string text = testing::WriteJson(*test.Find("data"), testing::Spacing::kSpaced);
      const bool by_bytes = testing::ReadsBytes(grammar, vocabulary_, text);
      const bool by_tokens =
          testing::ReadsTokens(grammar, vocabulary_, testing::Tokenize(*vocabulary_, text));
      EXPECT_EQ(by_bytes, by_tokens) << name << ": " << text;
      Count(name + ": " + test.Find("description")->text, test.Find("valid")->boolean, by_bytes);
    }
  }

  void Count(const std::string& name, bool valid, bool accepted) {
    if (accepted == valid) {
      ++outcomes_.passed;
    } else if (accepted && part_ == Part::kFormat && PatternOfFormat(format_).empty()) {
      ++outcomes_.not_enforced;
    } else {
      ++(valid ? outcomes_.valid_rejected : outcomes_.invalid_accepted);
      EXPECT_TRUE(std::any_of(
          std::begin(kKnown), std::end(kKnown),
          [&](const Known& known) { return name.find(known.test) != std::string::npos; }))
          << (valid ? "valid rejected: " : "invalid accepted: ") << name;
    }
  }

  void RefuseGroup(const std::string& name, const base::Error& error, const JsonNode& tests) {
    const bool nothing_valid = error.message == "no JSON value is valid under the schema";
    for (const JsonNode& test : tests.items) {
      ++(nothing_valid ? outcomes_.nothing_valid : outcomes_.refused);
      EXPECT_FALSE(nothing_valid && test.Find("valid")->boolean) << name;
    }
    EXPECT_TRUE(nothing_valid || error.message.find("schema keyword") == 0)
        << name << ": " << error.message;
  }

  Part part_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  SchemaOptions options_;
  std::string format_;
  Outcomes outcomes_;
};

struct DraftCase {
  const char* name;
  const char* folder;
  Draft draft;
  Outcomes required;
  Outcomes format;
  Outcomes optional;
};

void PrintTo(const DraftCase& one, std::ostream* out) { *out << one.folder; }

class SchemaSuite : public ::testing::TestWithParam<DraftCase> {
 protected:
  void SetUp() override {
    if (testing::JsonFilesUnder(kSuite).empty()) {
      GTEST_SKIP() << "no JSON-Schema-Test-Suite in " << kSuite;
    }
  }
  static Outcomes Run(Part part) {
    Suite suite(GetParam().draft, part);
    for (const std::string& path :
         testing::JsonFilesUnder(kSuite + "/tests/" + GetParam().folder)) {
      if (PartOf(path) == part) {
        suite.Run(path);
      }
    }
    return suite.outcomes();
  }
};

// The numbers are a ratchet: what passes may only grow, everything else only shrink.
TEST_P(SchemaSuite, DecidesRequiredTests) { EXPECT_EQ(Run(Part::kRequired), GetParam().required); }
TEST_P(SchemaSuite, DecidesFormats) { EXPECT_EQ(Run(Part::kFormat), GetParam().format); }
TEST_P(SchemaSuite, DecidesOptionalTests) { EXPECT_EQ(Run(Part::kOptional), GetParam().optional); }

INSTANTIATE_TEST_SUITE_P(Drafts, SchemaSuite,
                         ::testing::Values(DraftCase{"Draft4",
                                                     "draft4",
                                                     Draft::k4,
                                                     {605, 9, 4, 0, 0, 0},
                                                     {216, 0, 0, 0, 3, 0},
                                                     {99, 0, 0, 0, 0, 1}},
                                           DraftCase{"Draft6",
                                                     "draft6",
                                                     Draft::k6,
                                                     {801, 34, 4, 0, 0, 0},
                                                     {322, 0, 0, 0, 3, 0},
                                                     {106, 0, 0, 0, 0, 0}},
                                           DraftCase{"Draft7",
                                                     "draft7",
                                                     Draft::k7,
                                                     {889, 34, 4, 0, 0, 0},
                                                     {595, 0, 0, 61, 20, 0},
                                                     {114, 0, 0, 0, 0, 4}},
                                           DraftCase{"Draft201909",
                                                     "draft2019-09",
                                                     Draft::k2019_09,
                                                     {1209, 41, 9, 0, 0, 0},
                                                     {676, 0, 0, 61, 20, 0},
                                                     {158, 0, 0, 0, 0, 0}},
                                           DraftCase{"Draft202012",
                                                     "draft2020-12",
                                                     Draft::k2020_12,
                                                     {1250, 40, 9, 0, 0, 0},
                                                     {683, 0, 0, 61, 20, 0},
                                                     {158, 0, 4, 0, 0, 0}}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace millrace::grammar
