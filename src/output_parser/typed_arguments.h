// Arguments of the syntaxes that write them as tagged text: turned into a JSON object, by the
// tool's schema.
//
// Text becomes a JSON string where the schema says string, and streams. Where it says something
// else, the text is passed on as JSON when it is JSON of an allowed type, and as a string when it
// is not; loose_values.h says what is taken for JSON. Without a schema, JSON stays JSON and
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
  // Whether the current argument's value can only be JSON.
  bool json_expected() const {
    return kind_ == Kind::kJson || (types_.any() && !types_.string && kind_ == Kind::kBySchema);
  }
  // Whether the tool's schema lists an argument of this name.
  bool Declares(std::string_view key, CallSink& sink);
  // Whether it lists any.
  bool DeclaresAny(CallSink& sink);
  // A part of the current argument's text, of any size.
  void AddText(std::string_view text, CallSink& sink);
  void EndArgument(CallSink& sink);
  // Ends the object, and the argument that is still open.
  void End(CallSink& sink);

 private:
  const boost::json::value& Schema(CallSink& sink);
  std::optional<std::string> JsonValue() const;

  std::optional<boost::json::value> schema_;
  bool any_ = false;   // an argument was begun
  bool open_ = false;  // and is not ended
  bool streams_ = false;
  Kind kind_ = Kind::kBySchema;
  ArgumentTypes types_;
  std::string text_;  // of an argument that does not stream
};

}  // namespace millrace::output_parser
