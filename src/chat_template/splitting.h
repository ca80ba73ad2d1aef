// Cutting texts into parts, as the methods of Python's str do. Each part is paid as it is made, so
// that a text of separators does not become a list of millions first. At most `splits_max` cuts,
// all when it is negative; the rest stays one part.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "chat_template/runtime.h"
#include "chat_template/text.h"

namespace millrace::chat_template {

base::Result<std::vector<Text>> SplitAtSpace(Runtime& runtime, const Text& text,
                                             int64_t splits_max);
base::Result<std::vector<Text>> SplitAtSpaceFromRight(Runtime& runtime, const Text& text,
                                                      int64_t splits_max);
// `separator` must not be empty.
base::Result<std::vector<Text>> SplitAt(Runtime& runtime, const Text& text,
                                        const std::string& separator, int64_t splits_max);
base::Result<std::vector<Text>> SplitAtFromRight(Runtime& runtime, const Text& text,
                                                 const std::string& separator, int64_t splits_max);
base::Result<std::vector<Text>> SplitLines(Runtime& runtime, const Text& text, bool keep_ends);

}  // namespace millrace::chat_template
