// Arguments that a syntax writes one by one between tags, as a grammar.
#pragma once

#include "base/result.h"
#include "grammar/grammar.h"
#include "local/tool_arguments.h"

namespace millrace::local {

// The tool's properties in the order of its schema, required ones always, others or not; nothing
// beside them. Values are raw text where the parser takes text for a string, JSON elsewhere.
//
// What tags can express is an object's `properties`, `required` and `additionalProperties`. Of a
// strict tool everything else at the top of its schema is refused, and so are string constraints
// that raw text cannot be held to (kUnsupported). A tool that is not strict is held to what can be.
base::Result<grammar::Expression> TaggedArguments(const CallToWrite& call);

}  // namespace millrace::local
