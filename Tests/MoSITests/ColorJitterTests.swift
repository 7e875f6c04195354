import Foundation
import KeyedRandom
import Pretext
import TestSupport
import Testing
import Torch

@Suite struct ColorJitterTests {
  /// A tensor in the format of make_goldens.py.
  private struct Golden: Decodable {
    let shape: [Int]
    let values: [Float]
    var tensor: Tensor { Tensor(values, shape: shape) }
  }

  private static func goldens() throws -> [String: Tensor] {
    try Bundle.module.golden("colors", as: [String: Golden].self).mapValues(\.tensor)
  }

  private typealias ColorOperator = @Sendable (_ frames: Tensor, _ factors: Tensor) -> Tensor

  /// Each operator with the factors of make_goldens.py and the bounds of its random ones, in the script's order.
  private static let operators:
    [(name: String, apply: ColorOperator, factors: [Float], bounds: ClosedRange<Double>)] = [
      ("brightness", ColorOperators.brightness, [0, 0.5, 1, 1.37, 1.5, 2], 0...2),
      ("contrast", ColorOperators.contrast, [0, 0.5, 0.83, 1, 1.5, 2], 0...2),
      ("saturation", ColorOperators.saturation, [0, 0.5, 0.6, 1, 1.25, 1.5, 2], 0...2),
      ("hue", ColorOperators.hue, [-0.5, -1 / 3, -0.25, 0, 0.17, 0.25, 0.5], -0.5...0.5),
    ]

  private func keyed(_ key: UInt64..., shape: [Int], in range: ClosedRange<Double>) -> Tensor {
    var generator = KeyedGenerator(key: key)
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { _ in Float(generator.uniform(in: range)) }, shape: shape)
  }

  /// Black, white, grays, primaries, ties of channels and noise, with no, the least, the greatest and larger factors.
  @Test func operatorsAreTorchvisions() throws {
    let goldens = try Self.goldens()
    let frames = goldens["frames"]!
    #expect(
      difference(ColorOperators.grayscale(frames), goldens["grey"]!) < 1e-5, "grey")
    for (name, apply, factors, _) in Self.operators {
      for factor in factors {
        let golden = "\(name) " + String(format: "%.4g", factor)
        let result = apply(
          frames, Tensor([Float](repeating: factor, count: 3), shape: [3, 1, 1, 1]))
        let expected = try #require(goldens[golden], "\(golden)")
        #expect(difference(result, expected) < 1e-5, "\(golden)")
      }
    }
  }

  @Test func operatorsAreTorchvisionsOnRandomPictures() throws {
    let goldens = try Self.goldens()
    let pictures = keyed(3, shape: [8, 3, 11, 13], in: 0...1)
    let gray = ColorOperators.grayscale(pictures)
    #expect(difference(gray, goldens["random grey"]!) < 1e-5)
    for (place, (name, apply, _, bounds)) in Self.operators.enumerated() {
      let factors = keyed(4, UInt64(place), shape: [8, 1, 1, 1], in: bounds)
      let difference = difference(apply(pictures, factors), goldens["random \(name)"]!)
      #expect(difference < 1e-5, "\(name)")
    }
  }

  @Test func ordersAreKeptAndGrayComesFirst() throws {
    let goldens = try Self.goldens()
    let noise = goldens["frames"]!.sliced(0, 0..<1).unsqueezed(0)  // [1, 1, 3, H, W]
    let forward: ColorJitter.FrameDraw = [
      (.brightness, 1.2), (.contrast, 0.7), (.saturation, 1.4), (.hue, 0.1),
    ]
    for (name, isGray, draw) in [
      ("order 0123", false, forward), ("order 3210", false, forward.reversed()),
      ("grey order 0123", true, forward),
    ] {
      let result = ColorJitter.apply([.init(isGray: isGray, frames: [draw])], to: noise)
      #expect(difference(result.selected(0, 0), goldens[name]!) < 1e-5, "\(name)")
    }
  }

  /// Frames of many draws at once equal those of each draw alone, bit for bit: a clip must not depend on its batch. They
  /// are large enough for libtorch to split the work among threads.
  @Test(arguments: [(3, 4, 12, 10), (2, 3, 112, 112), (2, 2, 200, 190)])
  func clipsDoNotDependOnTheirBatch(clips: Int, frames: Int, height: Int, width: Int) {
    let pictures =
      randomPictures(7, count: clips * frames, height: height, width: width).0
      .to(.float32) * (1 / 255)
    let batch = pictures.reshaped([clips, frames, 3, height, width])
    let draws = (0..<clips).map { clip in
      var generator = KeyedGenerator(8, UInt64(clip))
      var draw = ColorJitter(grayscaleProbability: 0).draw(frames: frames, using: &generator)
      draw.isGray = clip == 1
      return draw
    }
    let together = ColorJitter.apply(draws, to: batch)
    for clip in 0..<clips {
      let source = batch.sliced(0, clip..<(clip + 1))
      let alone = ColorJitter.apply([draws[clip]], to: source)
      #expect(alone.isEqual(to: together.sliced(0, clip..<(clip + 1))), "clip \(clip)")
      for frame in 0..<frames {
        let single = ColorJitter.apply(
          [.init(isGray: draws[clip].isGray, frames: [draws[clip].frames[frame]])],
          to: source.sliced(1, frame..<(frame + 1)))
        #expect(single.isEqual(to: alone.sliced(1, frame..<(frame + 1))), "\(clip), \(frame)")
      }
    }
    #expect(together.min([0, 1, 2, 3, 4]).item >= 0 && together.max([0, 1, 2, 3, 4]).item <= 1)
  }

  /// Random pictures and those of the goldens (black, white, grays, primaries, ties) in all orders of the operations, some of
  /// them missing, with factors up to the extremes; the widths leave whole, narrow and no vectors.
  @Test(arguments: [(3, 5), (8, 9), (16, 16), (33, 37)]) func passesAreTheComposition(
    height: Int, width: Int
  ) throws {
    var generator = KeyedGenerator(12, UInt64(height))
    func extreme(_ operation: ColorOperation) -> Double {
      let values = operation == .hue ? [-0.5, 0.5, -1e-9, 0, 1.25] : [0, 1, 2]
      return values[generator.integer(below: values.count)]
    }
    let all = ColorOperation.allCases
    var changes: [ColorChange] = []
    for code in 0..<24 * 6 {
      // The digits of a number name one of the permutations.
      var left = all
      var order: [ColorOperation] = []
      for divisor in [6, 2, 1, 1] {
        order.append(left.remove(at: code % 24 / divisor % left.count))
      }
      let isExtreme = code / 24 % 2 == 1
      changes.append(
        ColorChange(
          isGray: code / 24 == 5,
          operations: order.prefix(code < 96 ? 4 : code % 5).map {
            (
              $0,
              isExtreme ? extreme($0) : generator.uniform(in: $0 == .hue ? -0.5...0.5 : 0...2)
            )
          }))
    }
    changes[0].operations += [(.contrast, 1.3), (.hue, 0.3), (.contrast, 0.4)]
    let bytes = randomPictures(13, count: changes.count, height: height, width: width).0
    let golden = try Self.goldens()["frames"]!
    let ties = Tensor.concatenated(
      (0..<changes.count).map { golden.sliced(0, $0 % golden.shape[0]..<$0 % golden.shape[0] + 1) })
    for frames in [bytes, bytes.unitRange, ties] {
      let passes = frames.changingColors(changes)
      let composition = ColorOperators.apply(changes, to: frames)
      #expect(difference(passes, composition) < ColorJitter.tolerance)
      #expect(passes.min([0, 1, 2, 3]).item >= 0 && passes.max([0, 1, 2, 3]).item <= 1)
    }
  }

  @Test func passesHaveTheirShapeOnMeta() {
    let frames = Tensor.uninitialized([2, 3, 5, 7], dtype: .uint8, device: .meta)
    let change = ColorChange(isGray: false, operations: [(.hue, 0.1)])
    #expect(frames.changingColors([change, change]).shape == [2, 3, 5, 7])
  }

  @Test func grayClipsHaveEqualChannels() {
    let batch = (randomPictures(9, count: 6, height: 5, width: 5).0.to(.float32) * (1 / 255))
      .reshaped([3, 2, 3, 5, 5])
    let still: ColorJitter.FrameDraw = []
    let result = ColorJitter.apply(
      [true, false, true].map { .init(isGray: $0, frames: [still, still]) }, to: batch)
    for (clip, isGray) in [true, false, true].enumerated() {
      let one = result.selected(0, clip)
      #expect(one.selected(1, 0).isEqual(to: one.selected(1, 1)) == isGray)
      #expect(one.isEqual(to: batch.selected(0, clip)) != isGray)
    }
  }

  @Test func drawsCoverTheirRangesInEveryOrder() {
    let jitter = ColorJitter()
    var grays = 0
    var orders: [[Int]: Int] = [:]
    var factors: [ColorJitter.Operation: [Double]] = [:]
    for seed in 0..<6000 as Range<UInt64> {
      var generator = KeyedGenerator(10, seed)
      let draw = jitter.draw(frames: 2, using: &generator)
      grays += draw.isGray ? 1 : 0
      #expect(draw.frames.count == 2)
      for frame in draw.frames {
        orders[frame.map(\.operation.rawValue), default: 0] += 1
        for (operation, factor) in frame { factors[operation, default: []].append(factor) }
      }
    }
    #expect(abs(Double(grays) / 6000 - 0.3) < 0.025)
    #expect(orders.count == 24 && isUniform(Array(orders.values)))
    for operation in ColorJitter.Operation.allCases {
      let range = operation == .hue ? -0.25...0.25 : 0.5...1.5
      let values = factors[operation]!
      #expect(values.count == 12_000 && values.allSatisfy { range.contains($0) })
      var counts = [Int](repeating: 0, count: 20)
      for value in values {
        counts[Int((value - range.lowerBound) / (range.upperBound - range.lowerBound) * 20)] += 1
      }
      #expect(isUniform(counts), "\(operation)")
    }
  }

  @Test func amplitudesOfZeroDoNothingAndLargeOnesStayAboveZero() {
    var generator = KeyedGenerator(11)
    let none = ColorJitter.none.draw(frames: 3, using: &generator)
    #expect(!none.isGray && none.frames.allSatisfy { $0.isEmpty })
    let hueOnly = ColorJitter(
      brightness: 0, contrast: 0, saturation: 0, hue: 0.1, grayscaleProbability: 1)
    let draw = hueOnly.draw(frames: 3, using: &generator)
    #expect(draw.isGray && draw.frames.allSatisfy { $0.map(\.operation) == [.hue] })
    let wild = ColorJitter(brightness: 3).draw(frames: 500, using: &generator)
    #expect(wild.frames.joined().allSatisfy { $0.operation == .hue || $0.factor >= 0 })
  }
}
