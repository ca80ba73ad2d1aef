// What an answer is held to, as a grammar: the response format, forced calls, strict arguments.
//
// Made from the same description of a family's syntax that its parser reads answers by, so what the
// grammar admits is what the parser returns.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "chat/chat_request.h"
#include "grammar/grammar.h"
#include "local/mark_writer.h"
#include "output_parser/syntax.h"

namespace millrace::local {

// The grammar of the answer: of everything behind reasoning. Free text runs as before up to the
// first call where calls are possible and not forced. Arguments of forced and of strict calls fit
// their tool's schema.
//
// `schema_options` hold for every schema: white space, and `keep_going`, which ends a long
// compilation with kCancelled. Errors: kInvalidArgument and
// kUnsupported naming the field and what of its schema cannot be held; kResourceExhausted.
base::Result<std::shared_ptr<const grammar::Grammar>> MakeAnswerGrammar(
    const output_parser::Syntax& syntax, const MarkWriter& writer, const chat::ChatRequest& request,
    const grammar::SchemaOptions& schema_options);

// A text that is the same for two requests exactly when their grammars are.
std::string AnswerGrammarKey(const output_parser::Syntax& syntax, const chat::ChatRequest& request);

}  // namespace millrace::local
