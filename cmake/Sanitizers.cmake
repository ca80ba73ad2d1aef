if(MILLRACE_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(MILLRACE_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio uses fences, which the sanitizer does not model, beside the locks that it does.
    add_compile_options(-Wno-tsan)
  endif()
  add_link_options(-fsanitize=thread)
endif()

if(MILLRACE_FUZZ)
  # Coverage in every library, so that the fuzzers see which input reaches new code.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
