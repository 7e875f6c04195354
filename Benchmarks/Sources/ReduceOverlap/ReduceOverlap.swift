import Foundation
import Torch
import VideoModels

/// Measures what it is worth to reduce gradients while a backward pass computes others. Each process trains the same network on
/// clips of noise; steps that reduce in buckets under the backward pass alternate with steps that reduce everything after it,
/// and with steps that reduce nothing.
///
///     torchrun --no-python --nproc-per-node 2 ReduceOverlap [width] [clips] [rounds]
@main struct ReduceOverlap {
  static func main() throws {
    let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let width = numbers.first ?? 24
    let clips = numbers.dropFirst().first ?? 9
    let rounds = numbers.dropFirst(2).first ?? 15
    guard let place = try ProcessPlace(environment: ProcessInfo.processInfo.environment) else {
      print("start several processes: torchrun --no-python --nproc-per-node 2 ReduceOverlap")
      return
    }
    let group = try ProcessGroup(at: place, device: .cpu)
    let generator = Generator(seed: 1)
    let backbone = Architecture.r2d3d18.makeBackbone(width: width, epsilon: 1e-5, using: generator)
    let network = VideoClassifier(
      backbone: backbone,
      head: .init(
        .actions, features: backbone.featureCount, classes: 9, dropout: 0, using: generator))
    network.train()
    let parameters = network.trainableParameters.map(\.tensor)
    let reducer = try GradientReducer(of: parameters, over: group)
    let input = Tensor.normal([clips, 3, 8, 56, 56], using: generator)
    let bytes = parameters.reduce(0) { $0 + 4 * $1.count }

    func step(_ finish: (Tensor) throws -> Void) throws -> Double {
      for parameter in parameters { parameter.gradient = nil }
      let output = network(input)
      let start = ContinuousClock.now
      try finish((output * output).mean())
      return (ContinuousClock.now - start) / .seconds(1)
    }
    var seconds: [[Double]] = [[], [], []]
    for round in 0..<rounds + 2 {
      let times = [
        try step { try reducer.backward($0) },
        try step { loss in
          loss.backward()
          let all = Tensor.concatenated(parameters.map { $0.gradient!.reshaped([-1]) })
          try group.reduce(all)
          var first = 0
          for parameter in parameters {
            parameter.gradient = all.sliced(0, first..<first + parameter.count).reshaped(
              parameter.shape)
            first += parameter.count
          }
        },
        try step { $0.backward() },
      ]
      // The first steps set up memory and connections.
      if round >= 2 { for index in 0..<3 { seconds[index].append(times[index]) } }
    }
    guard group.rank == 0 else { return }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    let medians = seconds.map(median)
    print(
      """
      \(group.count) processes, \(clips) clips each, \(bytes >> 10) KiB of gradients
      seconds of the backward pass, medians of \(rounds)
      reduced in buckets under the backward pass  \(medians[0])
      reduced after the backward pass             \(medians[1])
      not reduced                                 \(medians[2])
      """)
  }
}
