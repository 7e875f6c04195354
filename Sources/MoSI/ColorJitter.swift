// Frame-wise random colour jitter: the paper's appendix, with the parameters of DPC and MemDPC.

import KeyedRandom
import Torch

/// Changes brightness, contrast, saturation and hue of every frame by factors of its own, in an order of its
/// own, and turns some clips to grey; operators as torchvision defines them.
public struct ColorJitter: Hashable, Sendable {
  /// Factors are uniform in [1 - brightness, 1 + brightness], none below 0.
  public var brightness: Double
  public var contrast: Double
  public var saturation: Double
  /// Shifts are uniform in [-hue, hue], in turns of the colour circle; at most 0.5.
  public var hue: Double
  /// The probability that a whole clip becomes grey, before anything else.
  public var greyscale: Double

  public init(
    brightness: Double = 0.5, contrast: Double = 0.5, saturation: Double = 0.5, hue: Double = 0.25,
    greyscale: Double = 0.3
  ) {
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
    self.greyscale = greyscale
  }

  public static let none = ColorJitter(
    brightness: 0, contrast: 0, saturation: 0, hue: 0, greyscale: 0)

  public enum Operation: Int, CaseIterable, Sendable {
    case brightness, contrast, saturation, hue
  }

  /// What happens to one frame: each operation with its factor (for hue: shift), in order.
  public typealias FrameDraw = [(operation: Operation, factor: Double)]

  /// What happens to one clip.
  public struct ClipDraw: Sendable {
    public var isGrey: Bool
    public var frames: [FrameDraw]

    public init(isGrey: Bool, frames: [FrameDraw]) {
      self.isGrey = isGrey
      self.frames = frames
    }
  }

  /// Draws for a clip of `frames` frames; operations of amplitude 0 are left out.
  public func draw(frames: Int, using generator: inout KeyedGenerator) -> ClipDraw {
    let isGrey = generator.chance(greyscale)
    let amplitudes = [brightness, contrast, saturation, hue]
    return ClipDraw(
      isGrey: isGrey,
      frames: (0..<frames).map { _ in
        generator.permutation(of: Operation.allCases.count).compactMap { index in
          guard amplitudes[index] > 0 else { return nil }
          let operation = Operation.allCases[index]
          let range =
            operation == .hue
            ? -amplitudes[index]...amplitudes[index]
            : Swift.max(0, 1 - amplitudes[index])...(1 + amplitudes[index])
          return (operation, generator.uniform(in: range))
        }
      })
  }

  /// The clips after their draws.
  ///
  /// - Parameters:
  ///   - clips: float32 [M, N, 3, H, W] in 0...1.
  ///   - draws: one for each of the M clips.
  /// - Returns: the same shape, in 0...1.
  public static func apply(_ draws: [ClipDraw], to clips: Tensor) -> Tensor {
    let shape = clips.shape
    precondition(shape[0] == draws.count, "\(draws.count) draws for \(shape[0]) clips")
    let frames = shape[1]
    // Grey clips are few and whole; the rest goes over frames [M * N, 3, H, W].
    let grey = draws.indices.filter { draws[$0].isGrey }
    var pixels = clips
    if !grey.isEmpty {
      let indices = Tensor(grey).to(clips.device)
      let chosen = clips.selected(0, indices: indices).flattened(from: 0, through: 1)
      let gray = ColorOperators.greyscale(chosen).expanded([-1, 3, -1, -1])
      pixels = clips.clone()
      pixels.setSlices(0, indices: indices, to: gray.reshaped([grey.count] + shape[1...]))
    }
    pixels = pixels.flattened(from: 0, through: 1)
    let all = draws.flatMap { draw in
      precondition(
        draw.frames.count == frames, "a draw of \(draw.frames.count) frames for \(frames)")
      return draw.frames
    }
    // Frames differ in their order: each round applies every operation to the frames whose turn it is.
    for round in 0..<(all.map(\.count).max() ?? 0) {
      var groups: [Operation: (frames: [Int], factors: [Float])] = [:]
      for (frame, draw) in all.enumerated() where round < draw.count {
        groups[draw[round].operation, default: ([], [])].frames.append(frame)
        groups[draw[round].operation]!.factors.append(Float(draw[round].factor))
      }
      let present = Operation.allCases.filter { groups[$0] != nil }
      if present.count == 1, let group = groups[present[0]], group.frames.count == all.count {
        pixels = ColorOperators.apply(present[0], factors(group.factors, like: pixels), to: pixels)
        continue
      }
      let source = pixels
      let result = source.clone()
      for operation in present {
        let group = groups[operation]!
        let indices = Tensor(group.frames).to(pixels.device)
        let changed = ColorOperators.apply(
          operation, factors(group.factors, like: pixels), to: source.selected(0, indices: indices))
        result.setSlices(0, indices: indices, to: changed)
      }
      pixels = result
    }
    return pixels.reshaped(shape)
  }

  private static func factors(_ values: [Float], like pixels: Tensor) -> Tensor {
    Tensor(values, shape: [values.count, 1, 1, 1]).to(pixels.device)
  }
}

/// torchvision's colour operators on frames, float32 [F, 3, H, W] in 0...1, each frame with a factor of its own
/// ([F, 1, 1, 1]).
public enum ColorOperators {
  static func apply(_ operation: ColorJitter.Operation, _ factors: Tensor, to frames: Tensor)
    -> Tensor
  {
    switch operation {
    case .brightness: brightness(frames, factors)
    case .contrast: contrast(frames, factors)
    case .saturation: saturation(frames, factors)
    case .hue: hue(frames, factors)
    }
  }

  /// Luma of ITU-R BT.601 as torchvision rounds it: [F, 1, H, W].
  public static func greyscale(_ frames: Tensor) -> Tensor {
    frames.sliced(1, 0..<1) * 0.2989 + frames.sliced(1, 1..<2) * 0.587 + frames.sliced(1, 2..<3)
      * 0.114
  }

  /// Blends with black.
  public static func brightness(_ frames: Tensor, _ factors: Tensor) -> Tensor {
    (frames * factors).clamped(0, 1)
  }

  /// Blends with the frame's mean grey.
  public static func contrast(_ frames: Tensor, _ factors: Tensor) -> Tensor {
    // The rows' means first: libtorch divides one large sum among threads by the number of frames, so that a frame's
    // last bits would depend on its batch.
    greyscale(frames).mean([3], keepingAxes: true).mean([2], keepingAxes: true)
      .interpolated(to: frames, by: factors).clamped(0, 1)
  }

  /// Blends with the frame's greys.
  public static func saturation(_ frames: Tensor, _ factors: Tensor) -> Tensor {
    greyscale(frames).interpolated(to: frames, by: factors).clamped(0, 1)
  }

  /// Turns the hue of HSV by a shift in turns.
  public static func hue(_ frames: Tensor, _ shifts: Tensor) -> Tensor {
    let (r, g, b) = (
      frames.sliced(1, 0..<1), frames.sliced(1, 1..<2), frames.sliced(1, 2..<3)
    )
    let value = frames.max([1], keepingAxes: true)
    let chroma = value - frames.min([1], keepingAxes: true)
    // A grey pixel has no hue; any divisor but 0 gives it one, which its chroma of 0 then hides.
    let divisor = chroma.equal(to: 0).choose(Tensor(scalar: Float(1)).to(frames.device), chroma)
    let sector = r.equal(to: value).choose(
      (g - b) / divisor,
      g.equal(to: value).choose((b - r) / divisor + 2, (r - g) / divisor + 4))
    let turned = sector + shifts * 6
    // Each channel is the value less a trapezoid of the hue: k = (n + hue) mod 6, value - chroma * clamp(min(k, 4 -
    // k), 0, 1) with n = 5, 3, 1.
    let k = (turned + Tensor([Float(5), 3, 1], shape: [1, 3, 1, 1]).to(frames.device)).remainder(6)
    return value - chroma * k.minimum(4 - k).clamped(0, 1)
  }
}
