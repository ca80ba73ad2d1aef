// The readers of the three forms of arguments, one file each.
#pragma once

#include <memory>
#include <string_view>

#include "output_parser/call_reader.h"

namespace millrace::output_parser {

std::unique_ptr<CallReader> MakeJsonCallReader(const Syntax& syntax);
std::unique_ptr<CallReader> MakeNamedJsonReader(const Syntax& syntax);
std::unique_ptr<CallReader> MakeTaggedCallReader(const Syntax& syntax, std::string_view open);

}  // namespace millrace::output_parser
