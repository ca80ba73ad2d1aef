// Small files that people write.
#pragma once

#include <string>

#include "base/result.h"

namespace millrace::app {

// The whole file. Errors: kIo naming it when it cannot be read, is a directory, or is larger than
// 16 MiB.
base::Result<std::string> ReadTextFile(const std::string& path);

}  // namespace millrace::app
