# make demo    set up, build, train on generated pictures (or SOURCES=dir) and show the effect
# make test    set up, build and run every test
# make build   set up and build; the tool is .build/release/mosi
# make install PREFIX=/usr/local  install the tool, its man pages and its shell completions (DESTDIR is respected)
# make example set up, build and run Examples/PseudoMotionStep
# make extras  build Benchmarks and Fuzzing, and test the kernels for GPUs on the CPU
# make sanitize  run the tests of readers and shims with AddressSanitizer, those of the loader with ThreadSanitizer
# make fuzz    feed mutated files to the readers of weights, 10 minutes each
# make bench   compare speed and memory with PyTorch side by side (docs/performance.md); JOBS=name,... runs some of them
# make compare-media  compare all picture formats with Pillow and all containers with a sequential decode
# make wheel   build a Python wheel for other Linux machines into dist;  make test-wheel  test it
# make docs    build the documentation into .build/documentation
# make imports check that targets import only what Package.swift declares
# make format  format the sources;  make lint  check formats, scripts, links, doc comments and lengths of lines
# LIBTORCH=/path/to/torch  use an installed PyTorch or libtorch, 2.11 to 2.13

SWIFT_BUILD_FLAGS := -c release --pkg-config-path '$(CURDIR)/.libtorch/pkgconfig'
FORMATTED := Package.swift Sources Tests Examples Fuzzing Benchmarks
DOCUMENTED := SafeFiles KeyedRandom Geometry Shards Torch Media VideoSamples VideoModels Pretext MoSI PretextTasks SyntheticData VideoData OpticalFlow Figures Configuration Training RunRecords Insight Reproduction

.PHONY: demo test build install wheel test-wheel imports example extras sanitize bench compare-media fuzz docs setup format lint
.DEFAULT_GOAL := build

setup:
	@scripts/setup.sh

build: setup
	swift build $(SWIFT_BUILD_FLAGS) --product mosi

# One thread per operator: tests run in parallel, and threads that wait for each other would only spin.
test: setup
	OMP_NUM_THREADS=1 swift test $(SWIFT_BUILD_FLAGS)

# Builds what the tests need, so it costs nothing before or after them.
imports: setup
	swift build $(SWIFT_BUILD_FLAGS) --build-tests --explicit-target-dependency-import-check error

# The tool finds libtorch in .libtorch of this folder and Swift's libraries in the toolchain: keep both.
PREFIX ?= /usr/local
install: build
	@scripts/install.sh '$(DESTDIR)$(PREFIX)'

demo: build
	@scripts/demo.sh $(SOURCES)

# The packages beside this one share a build folder, so that the libraries are built once for all.
example: setup
	swift run $(SWIFT_BUILD_FLAGS) --package-path Examples/PseudoMotionStep \
	  --scratch-path .build/extras PseudoMotionStep

extras: setup
	scripts/test-cuda-kernels.sh
	swift build $(SWIFT_BUILD_FLAGS) --package-path Benchmarks --scratch-path .build/extras
	swift build $(SWIFT_BUILD_FLAGS) --package-path Fuzzing --scratch-path .build/extras

# libtorch, FFmpeg and OpenCV are not instrumented: leaks, and containers that cross into them, are not checked.
sanitize: setup
	OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0:allocator_may_return_null=1 \
	  MOSI_TEST_TARGETS=SafeFilesTests,ShardsTests,TorchTests,MediaTests,OpticalFlowTests \
	  swift test $(SWIFT_BUILD_FLAGS) --sanitize address --scratch-path .build/address
	OMP_NUM_THREADS=1 MOSI_TEST_TARGETS=VideoDataTests \
	  swift test $(SWIFT_BUILD_FLAGS) --sanitize thread --scratch-path .build/thread

# Needs an idle machine. SOURCES=dir and VIDEOS=dir name pictures and videos, else generated ones are read; QUICK=1 only checks
# that everything runs; RECORD=1 adds the ratios to Benchmarks/history.jsonl, for a release.
bench: build
	swift build $(SWIFT_BUILD_FLAGS) --package-path Benchmarks --scratch-path .build/extras --product Bench
	scripts/bench.sh $(if $(JOBS),--jobs '$(JOBS)') $(if $(OPPONENTS),--opponents '$(OPPONENTS)') \
	  $(if $(SOURCES),--sources '$(SOURCES)') \
	  $(if $(VIDEOS),--videos '$(VIDEOS)') $(if $(QUICK),--quick) $(if $(RECORD),--record)

compare-media: setup
	OMP_NUM_THREADS=1 scripts/compare-media.sh $(SWIFT_BUILD_FLAGS)

fuzz: setup
	for reader in checkpoints safetensors; do \
	  swift run $(SWIFT_BUILD_FLAGS) --package-path Fuzzing --scratch-path .build/extras \
	    fuzz $$reader 10 Tests/TorchTests/Goldens/checkpoints || exit 1; \
	done

wheel: setup
	scripts/wheel.sh

# In a new virtual environment, with PyTorch from pip.
test-wheel:
	scripts/test-wheel.sh

docs: setup
	swift package $(SWIFT_BUILD_FLAGS) --allow-writing-to-directory .build/documentation \
	  generate-documentation --enable-experimental-combined-documentation --warnings-as-errors \
	  $(addprefix --target ,$(DOCUMENTED)) --output-path .build/documentation

format:
	swift format --in-place --recursive --parallel $(FORMATTED)

lint:
	swift format lint --strict --recursive --parallel $(FORMATTED)
	@if command -v shellcheck >/dev/null; then shellcheck scripts/*.sh .ci/run; \
	  else echo "shellcheck is not installed (scripts/setup-checks.sh installs it): scripts are not checked"; fi
	python3 scripts/check_text.py
	python3 scripts/check_docs.py
	python3 Benchmarks/python/test_report.py --quiet
