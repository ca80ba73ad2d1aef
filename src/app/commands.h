// The commands of the program, one function each. They print to `out`, complain to `err` and return
// the exit status: 0 done, 1 it went wrong, 2 the command was used wrongly.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/serve_options.h"

namespace millrace::app {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct InspectOptions {
  std::string path;
  bool json = false;
};
// Prints what a GGUF file holds: metadata, tensors, sizes.
int RunInspect(const InspectOptions& options, std::ostream& out, std::ostream& err);

struct TokenizeOptions {
  std::string path;
  bool lines = false;     // every line of the input is a text of its own
  std::string separator;  // texts are each followed by a line that holds exactly this
  bool special = false;   // control tokens in the text count as such
  bool pieces = false;    // print each token's text beside its id
};
// Prints the ids of the text on `in`, one line a text.
int RunTokenize(const TokenizeOptions& options, std::istream& in, std::ostream& out,
                std::ostream& err);

struct BenchOptions {
  std::string path;
  int32_t prefill = 512;
  int32_t decode = 64;
  int32_t depth = 0;  // tokens already in the cache before decoding
  std::vector<int32_t> batch = {1};
  int32_t threads = 0;  // 0 = one a core
  int32_t repetitions = 3;
  bool json = false;
};
// Measures prefill and decode speed of a model file.
int RunBench(const BenchOptions& options, std::ostream& out, std::ostream& err);

struct KeysOptions {
  std::string data_directory;  // the default one when empty
  std::string account = "default";
  std::string name;
  int64_t expires_in_days = 0;  // 0 = never
  std::string key_id;           // revoke
  bool json = false;
};
int RunKeysCreate(const KeysOptions& options, std::ostream& out, std::ostream& err);
int RunKeysList(const KeysOptions& options, std::ostream& out, std::ostream& err);
int RunKeysRevoke(const KeysOptions& options, std::ostream& out, std::ostream& err);

// Validates options and every file they name, as `serve` would, and starts nothing.
int RunCheck(const ServeOptions& options, std::ostream& out, std::ostream& err);

// Serves until a signal comes.
int RunServe(const ServeOptions& options, std::ostream& out, std::ostream& err);

}  // namespace millrace::app
