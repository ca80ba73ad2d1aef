// Arguments of the syntaxes that write them as tagged text: turned into a JSON object, by the
// tool's schema.
//
// Text becomes a JSON string where the schema says string, and streams. Where it says something
// else, the text is passed on as JSON when it is JSON of an allowed type (Python's True, False and
// None are understood), and as a string when it is not. Without a schema, JSON stays JSON and
// everything else is a string.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "output_parser/argument_types.h"
#include "output_parser/call_reader.h"

namespace millrace::output_parser {

class ArgumentWriter {
 public:
  // How the type of a value is known.
  enum class Kind {
    kBySchema,
    kText,  // the model says that it is a string
    kJson,  // the model says that it is JSON; text that is none becomes a string
  };
  void BeginArgument(std::string_view key, Kind kind, CallSink& sink);
  // A part of the current argument's text, of any size.
  void AddText(std::string_view text, CallSink& sink);
  void EndArgument(CallSink& sink);
  // Ends the object, and the argument that is still open.
  void End(CallSink& sink);

 private:
  ArgumentTypes TypesOf(std::string_view key, CallSink& sink);

  std::optional<boost::json::value> schema_;
  bool any_ = false;   // an argument was begun
  bool open_ = false;  // and is not ended
  bool streams_ = false;
  Kind kind_ = Kind::kBySchema;
  ArgumentTypes types_;
  std::string text_;  // of an argument that does not stream
};

}  // namespace millrace::output_parser
