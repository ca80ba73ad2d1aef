#include "grammar/testing/test_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"

namespace millrace::grammar::testing {

std::vector<std::string> JsonFilesUnder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  MILLRACE_CHECK(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

JsonNode ReadJson(const std::string& path) {
  base::Result<JsonNode> parsed = ParseJson(ReadFile(path));
  return parsed.has_value() ? *std::move(parsed) : JsonNode{};
}

std::vector<std::pair<std::string, std::string>> SuiteDocuments(const std::string& suite) {
  std::vector<std::pair<std::string, std::string>> documents;
  const std::string folder = suite + "/remotes/";
  for (const std::string& path : JsonFilesUnder(folder)) {
    documents.emplace_back("http://localhost:1234/" + path.substr(folder.size()), ReadFile(path));
  }
  return documents;
}

}  // namespace millrace::grammar::testing
