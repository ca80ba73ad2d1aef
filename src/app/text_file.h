// Small files that people write.
#pragma once

#include <iosfwd>
#include <string>

#include "base/result.h"

namespace millrace::app {

// The whole file. Errors: kIo naming it when it cannot be read, is a directory, or is larger than
// 16 MiB.
base::Result<std::string> ReadTextFile(const std::string& path);

// All that a command is given on its standard input. Errors: kIo when it cannot be read, or is
// larger than 256 MiB.
base::Result<std::string> ReadInput(std::istream& in);

}  // namespace millrace::app
