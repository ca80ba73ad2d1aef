# Millrace. `make help` lists the goals; each does its own set-up and may be repeated.

BUILD := build
JOBS ?= $(shell nproc)
MODEL := models/demo/millrace-demo.gguf

.PHONY: help serve build test conformance lint format asan tsan fuzz soak bench bench-structured clean

help:  ## list the goals
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: build  ## packages, build, start: http://127.0.0.1:8080/v1 with the bundled model
	@exec $(BUILD)/millrace serve --model $(MODEL)=millrace-demo $(ARGS)

build:  ## packages and the program: build/millrace
	@sh scripts/install_packages.sh build
	@[ -f $(BUILD)/build.ninja ] || cmake --preset release -DMILLRACE_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) --target millrace -j $(JOBS)

test:  ## packages, build, every test
	@sh scripts/install_packages.sh test
	@sh scripts/test.sh

conformance:  ## the statements of the API contract, one by one; writes docs/conformance.md
	@sh scripts/install_packages.sh test
	@cmake --preset release -DMILLRACE_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target millrace accounts_test api_test local_test media_test -j $(JOBS)
	@CONFORMANCE_TABLE=docs/conformance.md sh scripts/conformance.sh $(ARGS)

lint:  ## format, layers, sizes, clang-tidy
	@sh scripts/install_packages.sh lint
	@sh scripts/lint.sh

format:  ## rewrite the sources as clang-format has them
	@sh scripts/install_packages.sh lint
	@git ls-files -co --exclude-standard 'src/*.h' 'src/*.cc' | xargs clang-format-14 -i

asan:  ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@sh scripts/install_packages.sh test
	@cmake --preset asan >/dev/null && cmake --build --preset asan -j $(JOBS) && ctest --preset asan -j $(JOBS)

tsan:  ## unit tests under ThreadSanitizer
	@sh scripts/install_packages.sh test
	@cmake --preset tsan >/dev/null && cmake --build --preset tsan -j $(JOBS) && ctest --preset tsan -j $(JOBS)

fuzz:  ## every fuzz target for FUZZ_SECONDS (default 60) each
	@sh scripts/install_packages.sh fuzz
	@sh scripts/fuzz.sh

soak: build  ## the long tests: 100,000 bodies, 1,000 clients for minutes, 22,000 held answers
	@sh scripts/install_packages.sh test
	@sh scripts/soak.sh

bench: build  ## engine speed beside llama.cpp where it is installed, then what bench-structured measures
	@sh bench/engine.sh
	@sh bench/structured.sh

bench-structured: build  ## constrained decoding beside llguidance and xgrammar, by the MaskBench procedure
	@sh bench/structured.sh

clean:  ## remove everything that was built
	rm -rf build build-*
