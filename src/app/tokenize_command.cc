#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <string>

#include "app/commands.h"
#include "app/text_file.h"
#include "gguf/reader.h"
#include "json/json.h"
#include "tokenizer/tokenizer.h"

namespace millrace::app {
namespace {

// The texts of the input: the whole of it, its lines, or what stands between separator lines.
std::vector<std::string> TextsOf(const TokenizeOptions& options, const std::string& input) {
  if (!options.lines && options.separator.empty()) {
    return {input};
  }
  const std::string mark = options.lines ? "\n" : "\n" + options.separator + "\n";
  std::vector<std::string> texts;
  size_t start = 0;
  for (size_t at = input.find(mark); at != std::string::npos; at = input.find(mark, start)) {
    texts.push_back(input.substr(start, at - start));
    start = at + mark.size();
  }
  if (start < input.size()) {
    texts.push_back(input.substr(start));
  }
  return texts;
}

}  // namespace

int RunTokenize(const TokenizeOptions& options, std::istream& in, std::ostream& out,
                std::ostream& err) {
  const auto file = gguf::File::Open(options.path);
  if (!file.has_value()) {
    err << file.error().message << '\n';
    return kExitFailed;
  }
  const auto tokenizer = tokenizer::Tokenizer::FromGguf(**file);
  if (!tokenizer.has_value()) {
    err << options.path << ": " << tokenizer.error().message << '\n';
    return kExitFailed;
  }
  const base::Result<std::string> input = ReadInput(in);
  if (!input.has_value()) {
    err << input.error().message << '\n';
    return kExitFailed;
  }
  const auto special =
      options.special ? tokenizer::SpecialTokens::kAll : tokenizer::SpecialTokens::kUserDefined;
  std::vector<base::TokenId> ids;
  for (const std::string& text : TextsOf(options, *input)) {
    ids.clear();
    (*tokenizer)->Encode(text, special, ids);
    std::string line;
    for (const base::TokenId id : ids) {
      line += fmt::format("{}{}", line.empty() ? "" : " ", base::ToIndex(id));
      if (options.pieces) {
        line += ':';
        json::AppendQuoted((*tokenizer)->Bytes(id), line);
      }
    }
    out << line << '\n';
  }
  return kExitOk;
}

}  // namespace millrace::app
