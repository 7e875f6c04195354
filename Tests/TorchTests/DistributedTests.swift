import Foundation
import Synchronization
import TestSupport
import Testing
import Torch

@Suite struct DistributedTests {
  @Test(arguments: [1, 2, 4]) func exchangesAreOfAllProcesses(count: Int) throws {
    let results = try inGroup(of: count) { group in
      let sum = Tensor([Double(group.rank + 1), 10])
      try group.reduce(sum)
      let least = Tensor([group.rank, -group.rank])
      try group.reduce(least, by: .least)
      let first = Tensor([Float(group.rank) + 0.5])
      try group.broadcast([first])
      let gathered = try group.gather(Array(repeating: UInt8(group.rank + 7), count: group.rank))
      return (
        sum.array(of: Double.self), least.array(of: Int.self), first.array(of: Float.self), gathered
      )
    }
    for result in results {
      #expect(result.0 == [Double(count * (count + 1) / 2), Double(10 * count)])
      #expect(result.1 == [0, 1 - count])
      #expect(result.2 == [0.5])
      #expect(result.3 == (0..<count).map { Array(repeating: UInt8($0 + 7), count: $0) })
    }
  }

  /// Each process takes some of the parts; only the last part of a step reduces.
  @Test(arguments: [(2, 1), (2, 3), (4, 1)])
  func reducedGradientsAreThoseOfOneProcess(count: Int, parts: Int) throws {
    @Sendable func network() -> Linear { Linear(6, 5, using: Generator(seed: 4)) }
    @Sendable func input(_ step: Int, _ part: Int) -> Tensor {
      .normal([3, 6], using: Generator(seed: UInt64(100 * step + part)))
    }
    @Sendable func loss(_ network: Linear, _ step: Int, _ part: Int) -> Tensor {
      let output = network(input(step, part))
      return (output * output).sum()
    }
    let results = try inGroup(of: count) { group in
      let network = network()
      let parameters = network.parameters.map(\.tensor)
      // Buckets so small that there are several.
      let reducer = try GradientReducer(of: parameters, over: group, bucketBytes: 16)
      return try (0..<3).map { step in
        for parameter in parameters { parameter.gradient = nil }
        for part in 0..<parts {
          try reducer.backward(
            loss(network, step, group.rank * parts + part), reduces: part == parts - 1)
        }
        return parameters.map { $0.gradient!.array(of: Float.self) }
      }
    }
    let alone = network()
    for step in 0..<3 {
      for parameter in alone.parameters { parameter.tensor.gradient = nil }
      for part in 0..<count * parts { loss(alone, step, part).backward() }
      for (index, parameter) in alone.parameters.enumerated() {
        let expected = parameter.tensor.gradient!.array(of: Float.self)
        for result in results {
          #expect(result[step][index] == results[0][step][index])
          for (value, right) in zip(result[step][index], expected) {
            #expect(abs(value - right) <= 1e-5 * max(1, abs(right)))
          }
        }
      }
    }
  }

  @Test func theSumOfAllIsDifferentiated() throws {
    let results = try inGroup(of: 2) { group in
      let x = Tensor([Float(group.rank + 2)])
      x.requiresGradient = true
      // The losses are 1 * (2 + 3)^2 and 2 * (2 + 3)^2; the derivative of their sum by either is 2 * 3 * 5.
      let sum = group.sum(x)
      (sum * sum * Double(group.rank + 1)).sum().backward()
      return [sum.item, x.gradient!.item]
    }
    #expect(results == [[5.0, 30.0], [5.0, 30.0]] as [[Double]])
  }

  @Test(arguments: [(2, [2, 4, 3]), (3, [4, 3, 3, 3, 3])])
  func synchronizedStatisticsAreThoseOfTheUndividedBatch(count: Int, shape: [Int]) throws {
    let features = shape.count == 3 ? 4 : shape[1]
    let whole = Tensor.normal(
      [count * shape[0], features] + (shape.count == 3 ? [3, 2, 2] : Array(shape[2...])),
      using: Generator(seed: 9))
    let weights = Tensor.normal(whole.shape, using: Generator(seed: 10))
    struct Outcome: Sendable {
      let output, gradient, scaleGradient, mean, variance: [Float]
    }
    @Sendable func outcome(
      _ group: ProcessGroup?, _ rows: Range<Int>, _ values: [Float], _ weightValues: [Float],
      _ wholeShape: [Int]
    ) throws -> Outcome {
      let norm = BatchNorm3d(features, epsilon: 1e-5)
      norm.synchronizeStatistics(over: group)
      let input = Tensor(values, shape: wholeShape).sliced(0, rows).contiguous().clone()
      input.requiresGradient = true
      let output = norm(input)
      let loss = (output * Tensor(weightValues, shape: wholeShape).sliced(0, rows)).sum()
      loss.backward()
      let scaleGradient = norm.scale.gradient!.clone()
      try group?.reduce(scaleGradient)
      return Outcome(
        output: output.detached().array(), gradient: input.gradient!.array(),
        scaleGradient: scaleGradient.array(), mean: norm.runningMean.array(),
        variance: norm.runningVariance.array())
    }
    let (values, weightValues, wholeShape) = (
      whole.array(of: Float.self), weights.array(of: Float.self), whole.shape
    )
    let rows = shape[0]
    let parts = try inGroup(of: count) { group in
      try outcome(
        group, group.rank * rows..<(group.rank + 1) * rows, values, weightValues, wholeShape)
    }
    let expected = try outcome(nil, 0..<count * rows, values, weightValues, wholeShape)
    func close(_ a: [Float], _ b: [Float]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }
    }
    #expect(close(parts.flatMap(\.output), expected.output))
    #expect(close(parts.flatMap(\.gradient), expected.gradient))
    for part in parts {
      #expect(close(part.scaleGradient, expected.scaleGradient))
      #expect(close(part.mean, expected.mean))
      #expect(close(part.variance, expected.variance))
    }
  }

  @Test func whoLeavesIsNamedWithTheReason() throws {
    let texts = try inGroup(of: 3) { group -> String in
      if group.rank == 1 {
        group.leave(because: "the disk is full")
        return ""
      }
      do {
        try group.reduce(Tensor([1.0]))
        return "no failure"
      } catch { return "\(error)" }
    }
    for rank in [0, 2] {
      #expect(texts[rank].hasPrefix("rank 1 ("))
      #expect(texts[rank].hasSuffix(") has left: the disk is full"))
    }
  }

  @Test func whoDiesIsNamed() throws {
    let texts = try inGroup(of: 2) { group -> String in
      // Ends without a word: its connections close and its heart stops.
      if group.rank == 1 { return "" }
      do {
        try group.reduce(Tensor([1.0]))
        return "no failure"
      } catch { return "\(error)" }
    }
    #expect(texts[0].hasPrefix("rank 1 ("))
    #expect(texts[0].hasSuffix(") has died or cannot be reached"))
  }

  @Test func theEnvironmentOfLaunchersIsRead() throws {
    #expect(try ProcessPlace(environment: [:]) == nil)
    let torchrun = try #require(
      try ProcessPlace(environment: [
        "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "node0", "MASTER_PORT": "29500", "TORCHELASTIC_RESTART_COUNT": "2",
      ]))
    let numbers: [Int] = [
      torchrun.rank, torchrun.count, torchrun.localRank, torchrun.localCount, torchrun.port,
      torchrun.attempt,
    ]
    #expect(numbers == [3, 4, 1, 2, 29500, 2])
    #expect(!torchrun.servesStore)
    #expect(
      try ProcessPlace(environment: [
        "RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "h", "MASTER_PORT": "1",
      ])!.servesStore)
  }

  @Test(arguments: [
    (["RANK": "0"], "WORLD_SIZE is not set"),
    (["RANK": "2", "WORLD_SIZE": "2"], "RANK must be a whole number from 0 to 1, not 2"),
    (["RANK": "0", "WORLD_SIZE": "2"], "MASTER_PORT is not set"),
    (["RANK": "0", "WORLD_SIZE": "2", "MASTER_PORT": "9"], "MASTER_ADDR is not set"),
    (["WORLD_SIZE": "x"], "WORLD_SIZE must be a whole number from 1 to 65536, not x"),
  ])
  func incompleteEnvironmentsAreRefused(environment: [String: String], problem: String) {
    let error = #expect(throws: LaunchError.self) { try ProcessPlace(environment: environment) }
    #expect(error?.description.hasPrefix("the environment variable \(problem):") == true)
  }
}
