// Puts together what an operator said about a model and what its file can do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chat/model_record.h"
#include "local/model_facts.h"
#include "local/record_settings.h"

namespace millrace::local {

// How a model is to be served.
struct ServedAs {
  std::string id;  // name the model is served under; empty: the file's own name for itself
  std::vector<std::string> aliases = {};
  RecordSettings settings = {};
};

// One thing that was asked for and cannot be had.
struct RecordConflict {
  std::string key;      // of the record: "tools"
  std::string problem;  // "the chat template does not render tools; they are refused"
};

struct MadeRecord {
  chat::ModelRecord record;
  bool always_thinks = false;  // because of the settings, whatever the template does
  std::vector<RecordConflict> conflicts;
};

// Settings win over the file wherever the file, and this build, can do what they say. Where they
// cannot, the record says no, so that requests are refused, and there is a conflict.
//
// Defaults of sampling are those of the contract's column for text models, or, with `inputs`, of
// the column for models that see.
//
// A warning of `format` is a conflict of the key `prompt`. `context_tokens` is that of the engine:
// settings may only make it smaller. The facts of a template without a file have no tokenizer.
MadeRecord MakeRecord(const ModelFacts& facts, const ChatFormat& format, int32_t context_tokens,
                      const ServedAs& served);

}  // namespace millrace::local
