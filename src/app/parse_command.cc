#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <istream>
#include <ostream>
#include <utility>

#include "app/commands.h"
#include "app/format_commands.h"
#include "app/text_file.h"
#include "base/utf8.h"
#include "json/json.h"
#include "output_parser/parser.h"

namespace millrace::app {
namespace {

using output_parser::CallArguments;
using output_parser::CallFinished;
using output_parser::CallStarted;
using output_parser::ContentText;
using output_parser::ParsedPiece;
using output_parser::ReasoningText;

// Adds names and schemas of a `tools` list to the options of a parser.
base::Status AddTools(std::string_view text, output_parser::ParserOptions& options) {
  boost::json::value value = TRY(json::Parse(text));
  if (const boost::json::object* object = value.if_object()) {
    const boost::json::value* tools = object->if_contains("tools");
    value = tools != nullptr ? boost::json::value(*tools) : boost::json::value();
  }
  if (!value.is_array()) {
    return base::InvalidArgument("neither a list of tools nor an object with one");
  }
  for (const boost::json::value& tool : value.get_array()) {
    const boost::json::object* entry = tool.if_object();
    const boost::json::value* function =
        entry != nullptr ? entry->if_contains("function") : nullptr;
    const boost::json::object* described = function != nullptr ? function->if_object() : entry;
    const boost::json::value* name =
        described != nullptr ? described->if_contains("name") : nullptr;
    if (name == nullptr || !name->is_string()) {
      return base::InvalidArgument("a tool has no name");
    }
    const boost::json::value* parameters = described->if_contains("parameters");
    options.tool_names.emplace_back(name->get_string());
    options.tool_parameters_json.push_back(parameters != nullptr ? json::Serialize(*parameters)
                                                                 : std::string());
  }
  return {};
}

boost::json::object EventOf(const ParsedPiece& piece) {
  struct Visitor {
    boost::json::object operator()(const ReasoningText& text) const {
      return {{"reasoning_content", text.text}};
    }
    boost::json::object operator()(const ContentText& text) const {
      return {{"content", text.text}};
    }
    boost::json::object operator()(const CallStarted& call) const { return {{"call", call.name}}; }
    boost::json::object operator()(const CallArguments& arguments) const {
      return {{"arguments", arguments.json_text}};
    }
    boost::json::object operator()(const CallFinished&) const { return {{"call_finished", true}}; }
  };
  return std::visit(Visitor{}, piece);
}

// What the pieces add up to, as a message of the API has it.
class MessageBuilder {
 public:
  void Take(const std::vector<ParsedPiece>& pieces) {
    for (const ParsedPiece& piece : pieces) {
      if (const auto* reasoning = std::get_if<ReasoningText>(&piece)) {
        reasoning_ += reasoning->text;
      } else if (const auto* content = std::get_if<ContentText>(&piece)) {
        content_ += content->text;
      } else if (const auto* call = std::get_if<CallStarted>(&piece)) {
        calls_.emplace_back(call->name, "");
      } else if (const auto* arguments = std::get_if<CallArguments>(&piece)) {
        calls_.back().second += arguments->json_text;
      }
    }
  }

  boost::json::object Message() const {
    boost::json::object message = {{"role", "assistant"}, {"content", content_}};
    if (!reasoning_.empty()) {
      message["reasoning_content"] = reasoning_;
    }
    boost::json::array calls;
    for (const auto& [name, arguments] : calls_) {
      calls.push_back(boost::json::object{
          {"type", "function"},
          {"function", boost::json::object{{"name", name}, {"arguments", arguments}}}});
    }
    if (!calls.empty()) {
      message["tool_calls"] = std::move(calls);
    }
    return message;
  }

 private:
  std::string content_;
  std::string reasoning_;
  std::vector<std::pair<std::string, std::string>> calls_;
};

std::string KnownSyntaxes() {
  std::string names;
  for (const output_parser::Syntax* syntax : output_parser::Syntaxes()) {
    names += (names.empty() ? "" : ", ") + std::string(syntax->name);
  }
  return names;
}

// Gives the parser the text, in pieces where the options say so, each event to `out`.
boost::json::object Feed(output_parser::Parser& parser, const std::string& text,
                         const ParseOptions& options, std::ostream& out) {
  const size_t part =
      options.stream_bytes > 0 ? static_cast<size_t>(options.stream_bytes) : text.size() + 1;
  MessageBuilder builder;
  auto take = [&](const std::vector<ParsedPiece>& pieces) {
    builder.Take(pieces);
    for (const ParsedPiece& piece : pieces) {
      if (options.stream_bytes > 0) {
        out << json::Serialize(EventOf(piece)) << '\n';
      }
    }
  };
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(at + part, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      ++end;  // as a server does, only whole characters
    }
    take(parser.Add(std::string_view(text).substr(at, end - at)));
    at = end;
  }
  take(parser.Finish(options.cut ? output_parser::Parser::End::kCut
                                 : output_parser::Parser::End::kComplete));
  return builder.Message();
}

}  // namespace

int RunParse(const ParseOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
  const output_parser::Syntax* syntax = output_parser::FindSyntax(options.syntax);
  if (syntax == nullptr) {
    err << "--syntax: " << options.syntax << " is none of " << KnownSyntaxes() << '\n';
    return kExitUsage;
  }
  output_parser::ParserOptions parser_options;
  parser_options.reasoning_possible = !options.no_reasoning;
  parser_options.starts_in_reasoning = options.inside_reasoning;
  if (!options.tools_path.empty()) {
    const base::Result<std::string> tools = ReadTextFile(options.tools_path);
    if (!tools.has_value()) {
      err << tools.error().message << '\n';
      return kExitFailed;
    }
    if (const base::Status status = AddTools(*tools, parser_options); !status.has_value()) {
      err << options.tools_path << ": " << status.error().message << '\n';
      return kExitFailed;
    }
  }
  const base::Result<std::string> input = ReadInput(in);
  if (!input.has_value()) {
    err << input.error().message << '\n';
    return kExitFailed;
  }
  const std::string text = base::SanitizeUtf8(*input);  // a model's bytes reach a parser so
  const boost::json::object message =
      Feed(*output_parser::MakeParser(*syntax, std::move(parser_options)), text, options, out);
  if (options.stream_bytes == 0) {
    out << json::Serialize(message) << '\n';
  }
  return kExitOk;
}

}  // namespace millrace::app
