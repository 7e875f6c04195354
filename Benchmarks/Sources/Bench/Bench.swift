// Our side of `make bench`: a process that prepares one job and repeats it on request, so that it stays warm
// while other processes take their turns.
//
//     Bench '{"job": "step", "architecture": "r2d3d-18", ...}'
//
// It writes a line of JSON when it is ready, and one for each line that it reads.

import Foundation
import Torch

/// A job that can be repeated.
protocol Job {
  /// What the driver asks for.
  associatedtype Input: Decodable

  init(_ input: Input) throws

  /// Numbers that must be the same on both sides, such as the number of parameters.
  var facts: [String: Double] { get }

  /// Runs once and returns the seconds of each of its parts.
  mutating func run() throws -> [String: Double]
}

@main struct Bench {
  static func main() throws {
    guard CommandLine.arguments.count == 2 else {
      print("usage: Bench JSON (make bench starts it)")
      exit(2)
    }
    // As the tool does.
    Runtime.keepFreedMemory()
    let input = Data(CommandLine.arguments[1].utf8)
    switch try JSONDecoder().decode(Name.self, from: input).job {
    case "step": try serve(StepJob.self, input)
    case "masked-step": try serve(MaskedStepJob.self, input)
    case "convolutions": try serve(ConvolutionsJob.self, input)
    case "pseudo-motion": try serve(PseudoMotionJob.self, input)
    case "decoding": try serve(DecodingJob.self, input)
    case "pretraining": try serve(PretrainingJob.self, input)
    case "finetuning": try serve(FinetuningJob.self, input)
    case "evaluation": try serve(EvaluationJob.self, input)
    case "checkpoint": try serve(CheckpointJob.self, input)
    default:
      print("unknown job: \(CommandLine.arguments[1])")
      exit(2)
    }
  }

  private struct Name: Decodable {
    let job: String
  }

  private static func serve<Served: Job>(_ job: Served.Type, _ input: Data) throws {
    var job = try Served(JSONDecoder().decode(Served.Input.self, from: input))
    try write(Ready(threads: Runtime.threads, facts: job.facts))
    while readLine() != nil {
      let before = processorSeconds()
      let begun = ContinuousClock.now
      let parts = try job.run()
      let seconds = (ContinuousClock.now - begun) / .seconds(1)
      try write(
        Repetition(
          parts: parts, seconds: seconds, processor: processorSeconds() - before,
          devicePeak: Device.best.memory().map { Double($0.peak) / 0x1p20 }))
    }
  }

  private struct Ready: Encodable {
    let threads: Int
    let facts: [String: Double]
  }

  private struct Repetition: Encodable {
    /// The seconds of each part.
    let parts: [String: Double]
    /// The seconds of the whole repetition.
    let seconds: Double
    /// The processor seconds of all threads in it.
    let processor: Double
    /// The most memory of a GPU that was in use so far in MiB; absent without a GPU.
    let devicePeak: Double?
  }

  private static func write(_ value: some Encodable) throws {
    FileHandle.standardOutput.write(try JSONEncoder().encode(value) + Data("\n".utf8))
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The seconds that `body` takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let begun = ContinuousClock.now
  try body()
  return (ContinuousClock.now - begun) / .seconds(1)
}
