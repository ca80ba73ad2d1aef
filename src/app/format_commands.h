// Commands that show what a model reads and how its answers are read: for people who add a family
// or look into a conversation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace millrace::app {

struct RenderOptions {
  // A Jinja template, a GGUF file, or the name of a prompt encoder; with `config` a model of it.
  std::string source;
  std::string config;      // a server's configuration file
  std::string record;      // of the built-in catalogue; empty: that of the file's name, if any
  std::string prompt;      // instead of what a GGUF file says, see local::ChatFormatChoice
  std::string user_agent;  // of the client: some are taken for agents, which reason harder
  std::optional<std::string> bos_token;
  std::optional<std::string> eos_token;
  std::optional<int64_t> unix_seconds;  // for templates that tell the date; now when not given
  bool tokens = false;                  // print ids and pieces instead of text
  bool as_given = false;  // without the server's rules for reasoning of finished turns
};
// Prints the prompt of the chat-completions body on `in`, byte for byte, with no line end of its
// own: the one that a server makes which serves the source so, or the server's error. `model` may
// be missing from the body.
int RunRender(const RenderOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

struct ParseOptions {
  std::string syntax;             // output_parser/syntax.h
  std::string tools_path;         // JSON: a list of tools, or an object with `tools`
  int64_t stream_bytes = 0;       // > 0: feed pieces of that size and print each event
  bool inside_reasoning = false;  // the prompt has opened the reasoning
  bool no_reasoning = false;      // the model cannot reason
  bool cut = false;               // the answer ended at a limit
};
// Prints the answer on `in` as a message, or, streamed, one event a line.
int RunParse(const ParseOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

struct GrammarOptions {
  std::string schema_path;      // a JSON Schema; empty with `maskbench`
  std::string vocabulary_path;  // a GGUF file; empty: every byte is a token
  bool as_given = false;        // the instance keeps its white space
  bool no_limits = false;       // without the server's limits on the size of a schema
  bool free_numbers = false;    // integers may have a fraction of zeros
  std::string maskbench;        // a folder, see maskbench.h
  size_t every = 1;             // of that folder's files, only every n-th
  bool json = false;            // of `maskbench`: a line of JSON a schema
};
// Says whether the instance on `in` is admitted by the schema (exit status 0), or where it stops
// being so and what would be allowed there (1), and what that took.
int RunGrammar(const GrammarOptions& options, std::istream& in, std::ostream& out,
               std::ostream& err);

}  // namespace millrace::app
