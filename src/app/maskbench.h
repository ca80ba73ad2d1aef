// A folder of schemas with instances, run through compiler, matcher and masks.
//
// Files are as MaskBench has them (github: guidance-ai/jsonschemabench): an object with `schema`
// and `tests`, a list of objects with `data` and `valid`. A schema passes when it compiles, every
// token of every valid instance is allowed where it stands and the answer may end behind it, and
// every invalid instance is refused at some token or at its end.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/instance_trail.h"
#include "base/clock.h"
#include "base/result.h"

namespace millrace::app {

enum class SchemaOutcome {
  kPass,
  kNoTests,          // it compiles, and there is nothing to try
  kValidRejected,    // a valid instance was not admitted
  kInvalidAccepted,  // an invalid one was
  kRefused,          // the schema did not compile
  kUnreadable,       // the file is not of this form
};
const char* NameOf(SchemaOutcome outcome);

struct SchemaRun {
  std::string file;
  SchemaOutcome outcome = SchemaOutcome::kUnreadable;
  std::string error = {};  // why it was refused, or which instance went wrong where
  double compile_us = 0;
  std::vector<double> mask_us = {};  // of a grammar that is new
  double longest_mask_us = 0;        // of those
  std::string longest_mask_at = {};  // the test, and the bytes of it read before
  std::vector<double> warm_us = {};  // the same masks once more
  std::vector<double> accept_us = {};
  size_t dead_ends = 0;
  size_t memory_bytes = 0;
};

struct MaskbenchOptions {
  std::string folder;
  bool limits = false;        // schemas are held to the server's limits of size
  bool free_numbers = false;  // integers may have a fraction of zeros
  bool json = false;          // a line of JSON a schema and one of the summary, instead of a table
  size_t every = 1;           // only every n-th file
};
// Runs one file.
SchemaRun RunSchemaFile(const std::string& path, const TrialVocabulary& vocabulary,
                        const MaskbenchOptions& options, const base::Clock& clock);

// Errors: the folder cannot be read or holds no such file.
base::Status RunMaskbench(const MaskbenchOptions& options, const TrialVocabulary& vocabulary,
                          const base::Clock& clock, std::ostream& out);

}  // namespace millrace::app
