// swift-tools-version: 6.2
import PackageDescription

// libtorch is where the library's own set-up has put it (scripts/setup.sh); an executable that uses it
// needs the run path.
let root = "\(Context.packageDirectory)/.."

func benchmark(_ name: String, _ libraries: [String]) -> Target {
  .executableTarget(
    name: name, dependencies: libraries.map { .product(name: $0, package: "mosi") },
    swiftSettings: [.treatAllWarnings(as: .error)],
    linkerSettings: [
      .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "\(root)/.libtorch/torch/lib"])
    ])
}

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "mosi", path: "..")],
  targets: [
    benchmark(
      "Bench",
      [
        "Configuration", "KeyedRandom", "Media", "MoSI", "Pretext", "PretextTasks", "Torch",
        "Training", "VideoData", "VideoModels", "VideoSamples",
      ]),
    benchmark(
      "DeviceCheck", ["Configuration", "KeyedRandom", "MoSI", "Pretext", "Torch", "VideoModels"]),
    benchmark("ReduceOverlap", ["Torch", "VideoModels"]),
  ],
  swiftLanguageModes: [.v6]
)
