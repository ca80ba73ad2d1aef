// The arguments of a call as a grammar: JSON by the tool's schema, or tagged values by the schemas
// of its properties.
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat/message.h"
#include "grammar/grammar.h"
#include "local/mark_writer.h"
#include "output_parser/syntax.h"

namespace millrace::local {

// Borrowed for one call of a function.
struct CallToWrite {
  const output_parser::CallForm& form;
  const MarkWriter& writer;
  const chat::ToolSpec& tool;
  bool forced;  // the answer must be a call
  const grammar::SchemaOptions& schema_options;
};

// Arguments of the tool as the form writes them. A strict tool is held to its schema exactly or
// refused. Of a tool that is not strict, a forced call is held to the schema where that can be
// done, to an object where it cannot.
base::Result<grammar::Expression> ToolArguments(const CallToWrite& call);

// "<field>: <what was wrong>", for a client.
base::Error AtField(std::string_view field, base::Error error);

}  // namespace millrace::local
