// Files of JSON test data: JSON-Schema-Test-Suite and samples in the form of MaskBench.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "grammar/json_text.h"

namespace millrace::grammar::testing {

// The files below `folder` that end in .json, sorted; none when there is no such folder.
std::vector<std::string> JsonFilesUnder(const std::string& folder);

// Ends the process when the file cannot be read.
std::string ReadFile(const std::string& path);
// As far as it is JSON we can hold: null otherwise (lone surrogates, say).
JsonNode ReadJson(const std::string& path);

// The documents that schemas of the suite refer to, by URI: `suite`/remotes as the host
// localhost:1234.
std::vector<std::pair<std::string, std::string>> SuiteDocuments(const std::string& suite);

}  // namespace millrace::grammar::testing
