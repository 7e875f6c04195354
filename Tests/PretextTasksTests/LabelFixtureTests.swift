import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

/// The classes of the authors' code, and of a port of ST-Puzzle.
@Suite(.enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
struct LabelFixtureTests {
  @Test func labelsAreTheOfficialOnes() throws {
    struct Labels: Decodable {
      struct VCOP: Decodable {
        let orders: [String: [[Int]]]
        enum CodingKeys: String, CodingKey { case orders = "orders_by_tuple_length" }
      }
      struct OPN: Decodable {
        let classes: [[Int]]
        let classOfEveryOrder: [String: Int]
        enum CodingKeys: String, CodingKey {
          case classes
          case classOfEveryOrder = "class_of_every_order"
        }
      }
      struct Puzzle: Decodable { let permutations: [[Int]] }
      let vcop: VCOP
      let opn: OPN
      let puzzle: Puzzle
      enum CodingKeys: String, CodingKey {
        case vcop, opn
        case puzzle = "st_puzzle"
      }
    }
    func names(_ orders: [[Int]], from first: Int = 0) -> [String] {
      orders.map { $0.map { "\($0 + 1 - first)" }.joined(separator: " ") }
    }
    let labels = try PretextFixtures.json("labels.json", Labels.self)
    for (count, orders) in labels.vcop.orders {
      let task = ClipOrder(tuple: ClipTuple(clips: Int(count)!, frames: 2, gap: 0))
      #expect(task.classNames == names(orders))
    }
    #expect(CubicPuzzle().classNames == names(labels.puzzle.permutations))
    #expect(FrameOrder().classNames == names(labels.opn.classes, from: 1))
    #expect(labels.opn.classOfEveryOrder.count == 24)
    for (order, label) in labels.opn.classOfEveryOrder {
      let places = order.map { Int(String($0))! - 1 }
      #expect([places, places.reversed()].contains(FrameOrder.orders[label]))
    }
  }

  // MARK: Pairs

  private struct PairsOfHeads: Decodable {
    struct Pairs: Decodable {
      let fed: [[Int]]
      enum CodingKeys: String, CodingKey { case fed = "pairs_fed_to_head" }
    }
    let vcop, opn: Pairs
  }

  /// The pairs of places whose features a head gets, in their order: both layers hand on one feature of each clip.
  private func pairs(_ network: PairsNetwork, clips: Int, count: Int) throws -> [[Int]] {
    let channels = network.backbone.featureCount
    let input = Tensor.stacked(
      (0..<clips).map { Tensor.keyed(UInt64($0), shape: [3, 2, 16, 16]) * Double($0 + 1) })
    network.train(false)
    let features = withoutGradients { network.backbone.features(input) }
      .array(of: Float.self)
    /// A feature that tells all clips apart.
    func values(_ channel: Int) -> [Float] { (0..<clips).map { features[$0 * channels + channel] } }
    func gap(_ channel: Int) -> Float {
      let sorted = ([0] + values(channel)).sorted()
      return zip(sorted, sorted.dropFirst()).map { $1 - $0 }.min()!
    }
    let channel = (0..<channels).max { gap($0) < gap($1) }!
    try #require(gap(channel) > 1e-4 * values(channel).max()!)

    var state = Dictionary(uniqueKeysWithValues: network.state.map { ($0.name, $0.tensor) })
    /// Ones at places [row, column], zeros elsewhere.
    func set(_ layer: String, _ ones: [(row: Int, column: Int)]) {
      let shape = state["\(layer).weight"]!.shape
      var numbers = [Float](repeating: 0, count: shape[0] * shape[1])
      for one in ones { numbers[one.row * shape[1] + one.column] = 1 }
      state["\(layer).weight"] = Tensor(numbers, shape: shape)
      state["\(layer).bias"] = .zeros([shape[0]])
    }
    let hidden = state["fc7.weight"]!.shape[0]
    set("fc7", [(0, channel), (1, channels + channel)])
    set("fc8", (0..<2 * count).map { ($0, $0 / 2 * hidden + $0 % 2) })
    try network.load(state)
    let logits = withoutGradients { network(input) }.array(of: Float.self)
    let places = logits.prefix(2 * count).map { logit in
      (0..<clips).min { abs(values(channel)[$0] - logit) < abs(values(channel)[$1] - logit) }!
    }
    return (0..<count).map { Array(places[2 * $0..<2 * $0 + 2]) }
  }

  @Test func pairsAreFedInTheOfficialOrder() throws {
    let official = try PretextFixtures.json("labels.json", PairsOfHeads.self)
    let generator = Generator(seed: 3)
    func backbone() -> Backbone { Architecture.r3d10.makeBackbone(width: 4, using: generator) }
    let order = ClipOrder(tuple: ClipTuple(clips: 3, frames: 2, gap: 0))
      .makeNetwork(on: backbone(), dropout: 0, using: generator)
    #expect(try pairs(order, clips: 3, count: 3) == official.vcop.fed)
    let frames = FrameOrder(frames: 2).makeNetwork(
      on: backbone(), dropout: 0, using: generator)
    #expect(
      try pairs(frames, clips: 4, count: 6) == official.opn.fed.map { $0.map { $0 - 1 } })
  }

  // MARK: Operations

  private struct Operations: Decodable {
    struct Rotation: Decodable {
      let input: [[Int]]
      let turned: [String: [[Int]]]
      enum CodingKeys: String, CodingKey {
        case input
        case turned = "by_turns"
      }
    }
    struct Permutation: Decodable { let input, output: [[Int]] }
    struct Adjacent: Decodable {
      let orders: [[Int]]
      enum CodingKeys: String, CodingKey { case orders = "possible_frame_orders" }
    }
    struct VCP: Decodable {
      let clips, operated: Int
      let classes: [String]
      let rotation: Rotation
      let permutation: Permutation
      let adjacent: Adjacent
      enum CodingKeys: String, CodingKey {
        case clips, classes, rotation, permutation, adjacent
        case operated = "operated_clip"
      }
    }
    let vcp: VCP
  }

  /// What the operation makes of three equal clips of 16 frames: the clip of each place, as levels of the red channel
  /// [frame][pixel], in many samples.
  private func made(
    _ operation: Cloze.Operation, side: Int, permutations: Cloze.Permutations = .all,
    _ level: (_ frame: Int, _ y: Int, _ x: Int) -> Int
  ) -> [[[[Int]]]] {
    let task = Cloze(
      frames: 16, gap: 4, side: side, sourceSide: 80, permutations: permutations,
      normalization: plainNormalization)
    let read = clip(frames: 16, side: side) { frame, y, x, _ in level(frame, y, x) }
    let samples = (0..<80).map {
      Sample(
        id: training($0), clips: [read, read, read], source: $0, choice: operation.rawValue)
    }
    let levels = bytes(task.batch(samples, for: trained, on: .cpu).clips).selected(2, 0)
      .contiguous().array(of: Int.self)
    let size = side * side
    return (0..<80).map { sample in
      (0..<3).map { place in
        (0..<16).map { frame in
          let first = ((3 * sample + place) * 16 + frame) * size
          return Array(levels[first..<first + size])
        }
      }
    }
  }

  /// The classes and their operations on the middle clip. (Odd sides, whose tiles of unequal size are moved as they are in the
  /// port, are refused here; and other permutations than the reversal are the default.)
  @Test func operationsOnClipsAreThoseOfThePort() throws {
    let vcp = try PretextFixtures.json("labels.json", Operations.self).vcp
    let names = Cloze.Operation.allCases.map(\.name)
    #expect(names.count == vcp.classes.count && Cloze().classNames == names)
    #expect(zip(vcp.classes, names).allSatisfy { $0.hasSuffix($1) }, "\(vcp.classes)")
    #expect(Cloze().clipsPerSample == vcp.clips)

    /// The different results for the operated clip; the other two clips are as they were.
    func results(
      _ operation: Cloze.Operation, side: Int, permutations: Cloze.Permutations = .all,
      _ level: (_ frame: Int, _ y: Int, _ x: Int) -> Int
    ) -> Set<[[Int]]> {
      let plain = (0..<16).map { frame in
        (0..<side * side).map { level(frame, $0 / side, $0 % side) }
      }
      let samples = made(operation, side: side, permutations: permutations, level)
      for place in 0..<3 where place != vcp.operated {
        #expect(samples.allSatisfy { $0[place] == plain })
      }
      return Set(samples.map { $0[vcp.operated] })
    }
    func still(_ matrix: [[Int]]) -> [[Int]] { Array(repeating: matrix.flatMap { $0 }, count: 16) }

    let rotation = vcp.rotation
    #expect(rotation.turned.keys.sorted() == ["1", "2", "3"])
    #expect(
      results(.rotation, side: 2) { rotation.input[$1][$2] }
        == Set(rotation.turned.values.map(still)))
    let permutation = vcp.permutation
    #expect(
      results(.permutation, side: 4, permutations: .reversal) { permutation.input[$1][$2] }
        == [still(permutation.output)])
    #expect(
      results(.adjacentShuffle, side: 2) { frame, _, _ in frame }
        == Set(vcp.adjacent.orders.map { $0.map { Array(repeating: $0, count: 4) } }))
  }

  // MARK: Rotations

  private struct Rotations: Decodable {
    struct Rotation: Decodable {
      let classes: [String]
      let matrix: [[Int]]
      let byClass: [[[Int]]]
      enum CodingKeys: String, CodingKey {
        case classes, matrix
        case byClass = "by_class"
      }
    }
    let rotation: Rotation
  }

  /// Turns are counterclockwise. (The four clips of a sample follow each other here; in the official batch, all clips of class 0
  /// come first, which changes neither the loss nor the statistics of the batch.)
  @Test func rotationsAreTheOfficialOnes() throws {
    let official = try PretextFixtures.json("labels.json", Rotations.self).rotation
    let task = Rotation(side: 2, sourceSide: 2, tilt: 0, normalization: plainNormalization)
    let names = try #require(task.classNames)
    #expect(zip(official.classes, names).allSatisfy { $0.hasPrefix($1.dropLast()) })
    let read = clip(frames: 3, side: 2) { frame, y, x, _ in
      10 * frame + official.matrix[y][x]
    }
    let batch = task.batch(
      [Sample(id: .validation(index: 0), clips: [read], source: 0)], for: .validation, on: .cpu)
    #expect(batch.labels.array(of: Int.self) == Array(official.byClass.indices))
    let levels = bytes(batch.clips).selected(2, 0)
    for (label, matrix) in official.byClass.enumerated() {
      let expected = (0..<3).flatMap { frame in matrix.flatMap { $0 }.map { 10 * frame + $0 } }
      #expect(levels.selected(0, label).contiguous().flattened().array(of: Int.self) == expected)
    }
  }

  // MARK: Dense prediction

  private struct Numbering: Decodable {
    struct Backward: Decodable {
      let observed, predicted, read: [Int]
      enum CodingKeys: String, CodingKey {
        case observed, predicted
        case read = "order_read"
      }
    }
    struct DensePrediction: Decodable {
      let row: String
      let backward: Backward
      enum CodingKeys: String, CodingKey {
        case row
        case backward = "memdpc_backward"
      }
    }
    let prediction: DensePrediction
    enum CodingKeys: String, CodingKey { case prediction = "dense_prediction" }
  }

  /// Rows and columns of the scores are numbered by sample, step and place.
  @Test func candidatesHaveTheOfficialNumbers() throws {
    let row = try PretextFixtures.json("labels.json", Numbering.self).prediction.row
    #expect(row.hasPrefix("((sample x steps) + step) x places + place, place = y x width + x;"))
    let (samples, steps, height, width) = (2, 3, 2, 4)
    // In memory, the number of an element of features [sample, step, 1, y, x] is the official one.
    let shape = [samples, steps, 1, height, width]
    let inOrder = (0..<shape.reduce(1, *)).map(Float.init)
    let (numbered, ones) = (Tensor(inOrder, shape: shape), Tensor.ones(shape))
    let columns = DensePredictionNetwork.Prediction(predicted: ones, truth: numbered).scores
    #expect(columns.selected(0, 0).array(of: Float.self) == inOrder)
    let rows = DensePredictionNetwork.Prediction(predicted: numbered, truth: ones).scores
    #expect(rows.selected(1, 0).contiguous().array(of: Float.self) == inOrder)
  }

  /// Backward, the last blocks are read first, and the first ones are predicted; the frames of a block are in order.
  @Test func blocksAreReadBackwardInTheOfficialOrder() throws {
    let official = try PretextFixtures.json("labels.json", Numbering.self).prediction.backward
    #expect(official.read == official.observed + official.predicted)
    var plan = DensePredictionNetwork.Plan()
    plan.blocks = official.read.count
    plan.predicted = official.predicted.count
    plan.directions = .both
    let generator = Generator(seed: 2)
    let network = DensePredictionNetwork(
      plan, on: Architecture.r3d10.makeBackbone(width: 2, using: generator), using: generator)
    network.train(false)
    let clips = Tensor.keyed(1, shape: [plan.blocks, 3, 2, 16, 16])
    let other = Tensor.keyed(2, shape: [plan.blocks, 3, 2, 16, 16])
    func backward(replacing block: Int? = nil) -> DensePredictionNetwork.Prediction {
      let blocks = (0..<plan.blocks).map { ($0 == block ? other : clips).selected(0, $0) }
      return withoutGradients { network(.stacked(blocks)) }[1]
    }
    let plain = backward()
    // [block, C, h, w], of the frames in order.
    let features = withoutGradients { network.backbone.unrectified(clips) }.mean([2])
    for (step, block) in official.predicted.enumerated() {
      #expect(
        difference(plain.truth.selected(1, step).selected(0, 0), features.selected(0, block))
          < 1e-6)
      #expect(difference(backward(replacing: block).predicted, plain.predicted) < 1e-6)
    }
    let changes = official.observed.map {
      difference(backward(replacing: $0).predicted, plain.predicted)
    }
    #expect(changes.allSatisfy { $0 > 1e-5 }, "\(changes)")
  }
}
