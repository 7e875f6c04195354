// Feeds mutated files to the readers of weights:
//
//   fuzz checkpoints|safetensors MINUTES FOLDER [SEED]
//
// The files to mutate are the checkpoints of FOLDER that are read, or their state dicts as safetensors. A worker
// process reads mutant after mutant; if it dies of one (a crash, more than 20 s, 2 GB of memory), that file is kept in the
// temporary folder and the next worker continues after it. Prints the numbers at the end, and fails if a file was kept.

import Foundation
import Torch

/// The work of a worker, which it writes after some files and at its end.
struct Tally: Codable {
  var executions = 0
  var accepted = 0
  /// In KiB.
  var peakMemory = 0
}

enum Reader: String {
  case checkpoints, safetensors

  /// Reads the file with all its tensors; false if it is refused with the reader's error.
  func accepts(_ path: String) throws -> Bool {
    do {
      switch self {
      case .checkpoints:
        let file = try PyTorchCheckpoint(contentsOf: path)
        _ = try file.load(tensors(in: file.object))
      case .safetensors:
        _ = try Safetensors(contentsOf: path)
      }
      return true
    } catch is PyTorchCheckpointError, is SafetensorsError {
      return false
    }
  }

  func mutant(_ mutator: inout FileMutator, of files: [[UInt8]]) -> [UInt8] {
    switch self {
    case .checkpoints: mutator.mutant(ofCheckpoints: files)
    case .safetensors: mutator.mutant(ofSafetensors: files)
    }
  }

  private func tensors(in object: PyTorchObject<StoredTensor>) -> [StoredTensor] {
    switch object {
    case .tensor(let tensor): [tensor]
    case .list(let items), .tuple(let items): items.flatMap(tensors)
    case .dictionary(let entries): entries.flatMap { tensors(in: $0.key) + tensors(in: $0.value) }
    default: []
    }
  }
}

/// The most memory that this process has had, in KiB.
func peakMemory() -> Int {
  var usage = rusage()
  #if canImport(Darwin)
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss / 1024
  #else
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss
  #endif
}

/// Reads mutants from number `first` on until `end`; the current one is always at "input".
func work(_ reader: Reader, _ files: [[UInt8]], seed: UInt64, first: UInt64, end: Date) throws {
  var tally = Tally()
  var number = first
  while Date() < end {
    var mutator = FileMutator(seed, number)
    let bytes = reader.mutant(&mutator, of: files)
    try Data(bytes).write(to: URL(fileURLWithPath: "input"))
    alarm(20)
    if try reader.accepts("input") { tally.accepted += 1 }
    alarm(0)
    tally.executions += 1
    number += 1
    tally.peakMemory = peakMemory()
    guard tally.peakMemory < 2 << 20 else { fatalError("\(tally.peakMemory) KiB of memory") }
    if tally.executions % 100 == 0 { try note(tally) }
  }
  try note(tally)
}

func note(_ tally: Tally) throws {
  try JSONEncoder().encode(tally).write(to: URL(fileURLWithPath: "tally.json"), options: .atomic)
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let reader = Reader(rawValue: arguments[1]),
  let minutes = Double(arguments[2]), let seed = UInt64(arguments.count > 4 ? arguments[4] : "1")
else {
  print("usage: fuzz checkpoints|safetensors MINUTES FOLDER [SEED]")
  exit(2)
}
let folder = URL(fileURLWithPath: arguments[3])
let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
let files = try names.map { folder.appendingPathComponent($0).path }
  .filter { try Reader.checkpoints.accepts($0) }
  .compactMap { path -> [UInt8]? in
    guard reader == .safetensors else {
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
    guard let tensors = try? PyTorchCheckpoint(contentsOf: path).loadStateDict() else { return nil }
    let copy = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: copy) }
    try Safetensors(
      tensors: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }),
      metadata: ["format": "pt"]
    ).write(to: copy)
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: copy)))
  }
guard !files.isEmpty else {
  print("no file of \(folder.path) is a checkpoint that is read")
  exit(2)
}

if arguments.count > 6, let first = UInt64(arguments[5]), let end = Double(arguments[6]) {
  try work(reader, files, seed: seed, first: first, end: Date(timeIntervalSince1970: end))
  exit(0)
}

// The folder of this run, with "input" and the files that killed a worker.
let run = FileManager.default.temporaryDirectory.appendingPathComponent("fuzz-\(getpid())")
try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
let end = Date().addingTimeInterval(minutes * 60)
var total = Tally()
var kept: [String] = []
while Date() < end {
  try? FileManager.default.removeItem(at: run.appendingPathComponent("tally.json"))
  let worker = Process()
  worker.executableURL = URL(fileURLWithPath: arguments[0]).absoluteURL
  worker.currentDirectoryURL = run
  // A worker that died leaves up to 100 files uncounted; the next begins far behind them.
  let first = UInt64(total.executions + kept.count * 1000)
  worker.arguments = [
    reader.rawValue, arguments[2], folder.absoluteURL.path, "\(seed)", "\(first)",
    "\(end.timeIntervalSince1970)",
  ]
  try worker.run()
  worker.waitUntilExit()
  if let data = try? Data(contentsOf: run.appendingPathComponent("tally.json")) {
    let tally = try JSONDecoder().decode(Tally.self, from: data)
    total.executions += tally.executions
    total.accepted += tally.accepted
    total.peakMemory = max(total.peakMemory, tally.peakMemory)
  }
  if worker.terminationStatus != 0 || worker.terminationReason != .exit {
    let name = "killer-\(kept.count)"
    try FileManager.default.moveItem(
      at: run.appendingPathComponent("input"), to: run.appendingPathComponent(name))
    kept.append(run.appendingPathComponent(name).path)
  }
}
print(
  "\(reader.rawValue): \(files.count) files to mutate, \(total.executions) executions, "
    + "\(total.accepted) accepted, at most \(total.peakMemory / 1024) MiB of memory, "
    + "\(kept.count) files that killed a worker")
for path in kept { print(path) }
exit(kept.isEmpty ? 0 : 1)
