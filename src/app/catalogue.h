// What is known of models by their names: records that a GGUF file served under such a name gets.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "local/record_settings.h"

namespace millrace::app {

// A plain value. Read from YAML:
//
//   records:
//     Org/Model:
//       like: Org/Other   # begin with what is known of that one
//       replace: true     # forget what was known of this one; default: these keys win, others stay
//       thinking: hybrid  # and every other key of a record
class Catalogue {
 public:
  // models/catalogue.yaml, as it was when the program was built.
  static Catalogue BuiltIn();

  // Reads records over those that are there. Problems are "path: what is wrong (line N)".
  void Read(std::string_view yaml, std::vector<std::string>& problems);
  // The same for a file, whose name then begins each problem.
  void ReadFile(const std::string& path, std::vector<std::string>& problems);

  // Null when the name is not known.
  const local::RecordSettings* Find(std::string_view name) const;

  const std::map<std::string, local::RecordSettings, std::less<>>& records() const {
    return records_;
  }

 private:
  std::map<std::string, local::RecordSettings, std::less<>> records_;
};

}  // namespace millrace::app
