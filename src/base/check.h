// MILLRACE_CHECK(condition): aborts with file, line and text when an invariant of ours is broken.
//
// For bugs only. Nothing a user, a file or a peer can send may reach it; that is an Error.
#pragma once

namespace millrace::base {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace millrace::base

#define MILLRACE_CHECK(condition)                                    \
  do {                                                               \
    if (!(condition)) [[unlikely]] {                                 \
      ::millrace::base::CheckFailed(#condition, __FILE__, __LINE__); \
    }                                                                \
  } while (false)
