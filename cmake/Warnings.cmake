# Warnings for our own code only: dependencies come in as SYSTEM includes.
add_library(millrace_warnings INTERFACE)
target_compile_options(millrace_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely inside the standard library and coroutine frames at -O2.
  target_compile_options(millrace_warnings INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-dangling-pointer
    -Wno-mismatched-new-delete)
else()
  # Clang reports it inside of GCC's std::stable_sort; in our own code GCC looks for it.
  target_compile_options(millrace_warnings INTERFACE -Wno-deprecated-declarations)
endif()
