#include "grammar/testing/line_process.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace millrace::grammar::testing {

std::optional<std::vector<std::string>> RunOverLines(const std::string& command,
                                                     const std::vector<std::string>& lines) {
  static int calls = 0;
  const std::string path =
      (std::filesystem::temp_directory_path() /
       ("millrace_lines_" + std::to_string(::getpid()) + "_" + std::to_string(calls++)))
          .string();
  {
    std::ofstream file(path, std::ios::binary);
    for (const std::string& line : lines) {
      file << line << '\n';
    }
  }
  std::FILE* pipe = ::popen((command + " < '" + path + "' 2>/dev/null").c_str(), "r");
  std::string output;
  int status = -1;
  if (pipe != nullptr) {
    char buffer[4096];
    for (size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
      output.append(buffer, count);
    }
    status = ::pclose(pipe);
  }
  std::filesystem::remove(path);
  std::vector<std::string> result;
  for (size_t begin = 0; begin < output.size();) {
    const size_t end = std::min(output.find('\n', begin), output.size());
    result.push_back(output.substr(begin, end - begin));
    begin = end + 1;
  }
  if (status != 0 || result.size() != lines.size()) {
    return std::nullopt;
  }
  return result;
}

}  // namespace millrace::grammar::testing
