// The commands of the program, one function each. They print to `out`, complain to `err` and return
// the exit status: 0 done, 1 it went wrong, 2 the command was used wrongly.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/gather_options.h"

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
  std::vector<std::string> models;  // create, models: the only ones it may use; empty: every model
  bool every_model = false;         // models: said instead of naming some
  std::string expires;              // create: a time in UTC, see utc_time.h; empty: never
  int64_t expires_in_days = 0;      // create: the same as a number of days; 0 = never
  std::string key_id;               // revoke, disable, enable, models: the id, or its beginning
  bool json = false;
};
int RunKeysCreate(const KeysOptions& options, std::ostream& out, std::ostream& err);
int RunKeysList(const KeysOptions& options, std::ostream& out, std::ostream& err);
int RunKeysRevoke(const KeysOptions& options, std::ostream& out, std::ostream& err);
int RunKeysDisable(const KeysOptions& options, std::ostream& out, std::ostream& err);
int RunKeysEnable(const KeysOptions& options, std::ostream& out, std::ostream& err);
// Replaces the models that the key may use.
int RunKeysModels(const KeysOptions& options, std::ostream& out, std::ostream& err);

struct UsageOptions {
  std::string data_directory;  // the default one when empty
  std::string account;         // empty: every account
  std::string since;           // a time in UTC, see utc_time.h: requests begun then or later
  std::string before;          // requests begun earlier
  bool json = false;
};
// Prints what accounts used, by account, key and model.
int RunUsage(const UsageOptions& options, std::ostream& out, std::ostream& err);

// Validates configuration, catalogues and every model file they name, as `serve` would, and starts
// nothing. What is allowed and cannot work as written is a warning.
int RunCheck(const ServeFlags& flags, std::ostream& out, std::ostream& err);

// Serves until a signal comes.
int RunServe(const ServeFlags& flags, std::ostream& out, std::ostream& err);

struct ModelsOptions {
  ServeFlags serve;
  bool catalogue = false;  // list the records of the catalogue instead
  bool json = false;
};
// Lists what would be served, with the abilities and limits of each record.
int RunModels(const ModelsOptions& options, std::ostream& out, std::ostream& err);

// A line each; true when there is none.
bool PrintProblems(const std::vector<std::string>& problems, std::ostream& err);

}  // namespace millrace::app
