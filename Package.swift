// swift-tools-version: 6.2
import PackageDescription

// libtorch, OpenCV and Pango are found through `libtorch.pc`, `opencv-video.pc` and `pango-text.pc`, which
// scripts/setup.sh writes to .libtorch/pkgconfig.
// The run path is an unsafe flag, so only executables and tests carry it: the libraries stay usable
// as versioned dependencies.
let libtorchRunPath: [LinkerSetting] = [
  .unsafeFlags([
    "-Xlinker", "-rpath", "-Xlinker", "\(Context.packageDirectory)/.libtorch/torch/lib",
  ])
]

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
  of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
    resources: resources, swiftSettings: strict, linkerSettings: libtorchRunPath)
}

// Expected values beside the scripts that made them.
let goldens: [Resource] = [.copy("Goldens")]

let package = Package(
  name: "mosi",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "mosi", targets: ["CommandLineTool"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "Media", targets: ["Media"]),
    .library(name: "OpticalFlow", targets: ["OpticalFlow"]),
    .library(name: "KeyedRandom", targets: ["KeyedRandom"]),
    .library(name: "VideoSamples", targets: ["VideoSamples"]),
    .library(name: "Pretext", targets: ["Pretext"]),
    .library(name: "MoSI", targets: ["MoSI"]),
    .library(name: "PretextTasks", targets: ["PretextTasks"]),
    .library(name: "VideoModels", targets: ["VideoModels"]),
    .library(name: "Shards", targets: ["Shards"]),
    .library(name: "VideoData", targets: ["VideoData"]),
    .library(name: "Configuration", targets: ["Configuration"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "RunRecords", targets: ["RunRecords"]),
    .library(name: "Figures", targets: ["Figures"]),
    .library(name: "Insight", targets: ["Insight"]),
    .library(name: "Reproduction", targets: ["Reproduction"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // System libraries: module maps only.
    .systemLibrary(
      name: "CLibTorch", path: "Sources/Bindings/CLibTorch", pkgConfig: "libtorch"),
    .systemLibrary(
      name: "CFFmpeg", path: "Sources/Bindings/CFFmpeg",
      pkgConfig: "libavformat libavcodec libavutil libswscale",
      providers: [
        .apt(["libavformat-dev", "libavcodec-dev", "libavutil-dev", "libswscale-dev"]),
        .brew(["ffmpeg"]),
      ]),
    .systemLibrary(
      name: "CTIFF", path: "Sources/Bindings/CTIFF", pkgConfig: "libtiff-4",
      providers: [.apt(["libtiff-dev"]), .brew(["libtiff"])]),
    // libtiff's development files bring it.
    .systemLibrary(
      name: "CJPEG", path: "Sources/Bindings/CJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    // libtiff's and FFmpeg's development files bring it.
    .systemLibrary(
      name: "CZlib", path: "Sources/Bindings/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCairo", path: "Sources/Bindings/CCairo", pkgConfig: "cairo",
      providers: [.apt(["libcairo2-dev"]), .brew(["cairo"])]),
    .systemLibrary(
      name: "CPango", path: "Sources/Bindings/CPango", pkgConfig: "pango-text",
      providers: [.apt(["libpango1.0-dev"]), .brew(["pango"])]),
    .systemLibrary(
      name: "COpenCV", path: "Sources/Bindings/COpenCV", pkgConfig: "opencv-video",
      providers: [.apt(["libopencv-video-dev"]), .brew(["opencv"])]),

    // The C ABI over libtorch, and Swift's tensors over that.
    .target(
      name: "CTorch", dependencies: ["CLibTorch"], path: "Sources/Bindings/CTorch",
      cxxSettings: [.headerSearchPath("C10dHeaders")]),
    library("Torch", ["CTorch", "SafeFiles"]),

    library("SafeFiles"),
    library("KeyedRandom"),
    library("Geometry"),
    library("Shards", ["CZlib", "KeyedRandom", "SafeFiles"]),
    .target(
      name: "CReducedJPEG", dependencies: ["CJPEG"], path: "Sources/Bindings/CReducedJPEG"),
    library("Media", ["CFFmpeg", "CReducedJPEG", "CTIFF", "SafeFiles"]),
    .target(
      name: "COpticalFlow", dependencies: ["COpenCV"], path: "Sources/Bindings/COpticalFlow"),
    library("OpticalFlow", ["COpticalFlow", "Media"]),
    library("Figures", ["CCairo", "CPango", "Media", "SafeFiles"]),
    .target(
      name: "TensorBoard",
      dependencies: ["SafeFiles", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Protos"], swiftSettings: strict),
    library("VideoSamples", ["KeyedRandom", "SafeFiles"]),
    library("VideoModels", ["Torch"]),
    library("Pretext", ["KeyedRandom", "Torch", "VideoModels", "VideoSamples"]),
    library(
      "MoSI", ["Geometry", "KeyedRandom", "Pretext", "Torch", "VideoModels", "VideoSamples"]),
    library("PretextTasks", ["KeyedRandom", "Pretext", "Torch", "VideoModels", "VideoSamples"]),
    library("SyntheticData", ["Geometry", "KeyedRandom", "Media", "SafeFiles"]),
    library(
      "VideoData",
      [
        "KeyedRandom", "Media", "SafeFiles", "Shards", "SyntheticData", "Torch", "VideoSamples",
      ]),
    // The presets are configs/, behind a link.
    .target(
      name: "Configuration",
      dependencies: [
        "MoSI", "Pretext", "PretextTasks", "SafeFiles", "Torch", "VideoData", "VideoModels",
        "VideoSamples", "Yams",
      ],
      exclude: ["Presets/paper"],
      resources: [
        "demo", "demo-finetune", "paper-finetune", "paper-pretrain", "successors/moving-shapes",
        "successors/pmg", "successors/tiny-moving-shapes", "successors/tiny-pmg",
        "successors/tiny-videomae", "successors/tiny-videomae-finetune", "successors/tiny-window",
        "successors/videomae", "successors/videomae-finetune",
        "tasks/clip-order",
        "tasks/cloze", "tasks/cubic-puzzle", "tasks/dense-prediction",
        "tasks/dense-prediction-finetune", "tasks/frame-order", "tasks/memory-prediction",
        "tasks/memory-prediction-finetune", "tasks/playback-rate", "tasks/rotation", "tasks/speed",
        "tasks/tiny-clip-order", "tasks/tiny-cloze", "tasks/tiny-cubic-puzzle",
        "tasks/tiny-dense-prediction", "tasks/tiny-frame-order", "tasks/tiny-memory-prediction",
        "tasks/tiny-playback-rate", "tasks/tiny-rotation", "tasks/tiny-speed", "tiny",
        "tiny-finetune", "tiny-masked",
      ].map {
        .embedInCode("Presets/\($0).yaml")
      }, swiftSettings: strict),
    library(
      "Training",
      [
        "Configuration", "KeyedRandom", "Media", "MoSI", "Pretext", "PretextTasks", "SafeFiles",
        "Torch", "VideoData", "VideoModels", "VideoSamples",
      ]),
    library(
      "RunRecords",
      [
        "Figures", "Media", "Pretext", "SafeFiles", "TensorBoard", "Torch", "Training", "VideoData",
        "VideoModels",
      ]),
    library(
      "Insight",
      [
        "Configuration", "Figures", "KeyedRandom", "Media", "MoSI", "OpticalFlow", "Pretext",
        "RunRecords", "SafeFiles", "Torch", "Training", "VideoData", "VideoModels", "VideoSamples",
      ]),

    // The recipes are configs/paper, behind a link: the tool carries them wherever it goes.
    .target(
      name: "Reproduction",
      dependencies: [
        "Configuration", "Figures", "Insight", "KeyedRandom", "Pretext", "PretextTasks",
        "RunRecords", "SafeFiles", "SyntheticData", "Torch", "Training", "VideoData", "VideoModels",
        "VideoSamples",
      ],
      resources: [.embedInCode("Recipes")], swiftSettings: strict),

    // Not named `mosi`: on file systems that ignore case it would collide with the library MoSI.
    .executableTarget(
      name: "CommandLineTool",
      dependencies: [
        "Configuration", "Figures", "Insight", "Media", "OpticalFlow", "Pretext", "Reproduction",
        "RunRecords", "SafeFiles", "SyntheticData", "Torch", "Training", "VideoData", "VideoModels",
        "VideoSamples", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict, linkerSettings: libtorchRunPath),

    // What several targets' tests need.
    .target(
      name: "TestSupport", dependencies: ["KeyedRandom", "Media", "SafeFiles", "Torch"],
      path: "Tests/TestSupport", swiftSettings: strict),
    tests(of: "SafeFiles", ["TestSupport"]),
    tests(of: "KeyedRandom", ["TestSupport"], resources: goldens),
    tests(of: "Torch", ["CTorch", "KeyedRandom", "SafeFiles", "TestSupport"], resources: goldens),
    tests(
      of: "Media", ["KeyedRandom", "SafeFiles", "TestSupport"], resources: [.copy("Fixtures")]),
    tests(of: "OpticalFlow", ["KeyedRandom", "Media"]),
    tests(of: "Figures", ["Media", "SafeFiles", "TestSupport"]),
    tests(
      of: "TensorBoard",
      ["TestSupport", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["read_events.py"]),
    tests(of: "MoSI", ["KeyedRandom", "Pretext", "TestSupport", "Torch"], resources: goldens),
    tests(
      of: "PretextTasks",
      [
        "KeyedRandom", "Media", "MoSI", "Pretext", "TestSupport", "Torch", "VideoData",
        "VideoModels", "VideoSamples",
      ], resources: goldens),
    tests(of: "VideoModels", ["KeyedRandom", "TestSupport", "Torch"], resources: goldens),
    tests(of: "Geometry", ["KeyedRandom"]),
    tests(of: "Shards", ["KeyedRandom", "SafeFiles", "TestSupport"]),
    tests(of: "SyntheticData", ["KeyedRandom", "Media", "TestSupport", "VideoData"]),
    tests(
      of: "VideoData",
      ["KeyedRandom", "Media", "SafeFiles", "Shards", "TestSupport", "VideoSamples"]),
    tests(of: "Configuration", ["KeyedRandom", "TestSupport"], resources: goldens),
    tests(
      of: "Training",
      [
        "Configuration", "KeyedRandom", "Media", "MoSI", "Pretext", "PretextTasks", "RunRecords",
        "SafeFiles", "TestSupport", "Torch", "VideoData", "VideoModels", "VideoSamples",
      ]),
    tests(
      of: "Insight",
      [
        "Configuration", "Figures", "KeyedRandom", "Media", "MoSI", "OpticalFlow", "Pretext",
        "SafeFiles", "TestSupport", "Torch", "Training", "VideoData", "VideoModels", "VideoSamples",
      ], resources: goldens),
    tests(
      of: "Reproduction",
      [
        "Configuration", "SafeFiles", "SyntheticData", "TestSupport", "Training", "VideoData",
        "VideoModels",
      ]),
    tests(
      of: "CommandLineTool",
      [
        "Configuration", "Insight", "KeyedRandom", "Media", "Reproduction", "SafeFiles",
        "TestSupport", "Torch", "Training", "VideoData", "VideoModels",
      ],
      exclude: ["check_page.py"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)

// `make sanitize` builds only what its tests need: a build for a sanitizer shares nothing with others.
if let names = Context.environment["MOSI_TEST_TARGETS"]?.split(separator: ",").map(String.init) {
  var needed: Set<String> = []
  func need(_ name: String) {
    guard let target = package.targets.first(where: { $0.name == name }),
      needed.insert(name).inserted
    else { return }
    for case .byNameItem(let name, _) in target.dependencies { need(name) }
  }
  names.forEach(need)
  package.targets.removeAll { !needed.contains($0.name) }
  package.products = []
}
