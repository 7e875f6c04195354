// Random color jitter, per frame in pre-training and per clip in fine-tuning: the paper's appendix, with the parameters
// of DPC and MemDPC.

import KeyedRandom
import Torch

/// Changes brightness, contrast, saturation and hue of frames by random factors in random order, and makes some clips
/// gray, with the operators of torchvision.
public struct ColorJitter: Hashable, Sendable {
  /// Brightness factors are uniform in [1 - brightness, 1 + brightness], and at least 0.
  public var brightness: Double
  /// Contrast factors are uniform in [1 - contrast, 1 + contrast], and at least 0.
  public var contrast: Double
  /// Saturation factors are uniform in [1 - saturation, 1 + saturation], and at least 0.
  public var saturation: Double
  /// Hue shifts are uniform in [-hue, hue], as fractions of the color circle; at most 0.5.
  public var hue: Double
  /// The probability that a whole clip is made gray before everything else.
  public var grayscaleProbability: Double

  /// A jitter with these amplitudes.
  public init(
    brightness: Double = 0.5, contrast: Double = 0.5, saturation: Double = 0.5, hue: Double = 0.25,
    grayscaleProbability: Double = 0.3
  ) {
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
    self.grayscaleProbability = grayscaleProbability
  }

  /// No jitter.
  public static let none = ColorJitter(
    brightness: 0, contrast: 0, saturation: 0, hue: 0, grayscaleProbability: 0)

  /// The operations.
  public typealias Operation = ColorOperation

  /// The operations on one frame in order, each with its factor (for hue: shift).
  public typealias FrameDraw = [(operation: Operation, factor: Double)]

  /// The operations on one clip.
  public struct ClipDraw: Sendable {
    /// True if the clip is made gray.
    public var isGray: Bool
    /// The operations on each frame.
    public var frames: [FrameDraw]

    /// The operations on a clip.
    public init(isGray: Bool, frames: [FrameDraw]) {
      self.isGray = isGray
      self.frames = frames
    }
  }

  /// Draws operations independently for each of `frames` frames. Operations with amplitude 0 are omitted.
  public func draw(frames: Int, using generator: inout KeyedGenerator) -> ClipDraw {
    let isGray = generator.chance(grayscaleProbability)
    return ClipDraw(isGray: isGray, frames: (0..<frames).map { _ in drawFrame(using: &generator) })
  }

  /// Draws operations once for all frames of a clip, as in fine-tuning.
  public func drawClipWise(frames: Int, using generator: inout KeyedGenerator) -> ClipDraw {
    let isGray = generator.chance(grayscaleProbability)
    let draw = drawFrame(using: &generator)
    return ClipDraw(isGray: isGray, frames: Array(repeating: draw, count: frames))
  }

  private func drawFrame(using generator: inout KeyedGenerator) -> FrameDraw {
    let amplitudes = [brightness, contrast, saturation, hue]
    return generator.permutation(of: Operation.allCases.count).compactMap { index in
      guard amplitudes[index] > 0 else { return nil }
      let operation = Operation.allCases[index]
      let range =
        operation == .hue
        ? -amplitudes[index]...amplitudes[index]
        : Swift.max(0, 1 - amplitudes[index])...(1 + amplitudes[index])
      return (operation, generator.uniform(in: range))
    }
  }

  /// Applies operations to clips.
  ///
  /// One kernel does it if there is one and no gradient is needed, otherwise ``ColorOperators``; the results differ by at
  /// most ``tolerance``.
  ///
  /// - Parameters:
  ///   - clips: uint8, or float32 in 0...1, [M, N, 3, H, W].
  ///   - draws: the operations for each of the M clips.
  /// - Returns: float32 [M, N, 3, H, W] in 0...1.
  public static func apply(_ draws: [ClipDraw], to clips: Tensor) -> Tensor {
    let shape = clips.shape
    precondition(shape[0] == draws.count, "\(draws.count) draws for \(shape[0]) clips")
    let changes = draws.flatMap { draw in
      precondition(
        draw.frames.count == shape[1], "a draw of \(draw.frames.count) frames for \(shape[1])")
      return draw.frames.map { ColorChange(isGray: draw.isGray, operations: $0) }
    }
    let frames = clips.flattened(from: 0, through: 1)
    let hasKernel = clips.device == .cpu || Runtime.gpuKernels == .own
    let result =
      hasKernel && !clips.requiresGradient
      ? frames.changingColors(changes) : ColorOperators.apply(changes, to: frames)
    return result.reshaped(shape)
  }

  /// The maximum difference in 0...1 between the results of the kernel and of ``ColorOperators``.
  public static let tolerance = 5e-6
}

/// torchvision's color operators for frames, float32 [F, 3, H, W] in 0...1, with a factor per frame ([F, 1, 1, 1]).
public enum ColorOperators {
  /// Applies changes to frames, uint8 or float32 in 0...1 [F, 3, H, W], each its own: float32 in 0...1.
  public static func apply(_ changes: [ColorChange], to frames: Tensor) -> Tensor {
    var pixels = frames.dtype == .uint8 ? frames.unitRange : frames
    let grayFrames = changes.indices.filter { changes[$0].isGray }
    if !grayFrames.isEmpty {
      let indices = Tensor(grayFrames).to(pixels.device)
      let gray = grayscale(pixels.selected(0, indices: indices)).expanded([-1, 3, -1, -1])
      pixels = pixels.clone()
      pixels.setSlices(0, indices: indices, to: gray)
    }
    // Process frames with the same order of operations together.
    var groups: [[ColorOperation]: [Int]] = [:]
    for (frame, change) in changes.enumerated() {
      groups[change.operations.map(\.operation), default: []].append(frame)
    }
    let result = Tensor.uninitialized(pixels.shape, device: pixels.device)
    for (order, members) in groups.sorted(by: { $0.value[0] < $1.value[0] }) {
      let indices = Tensor(members).to(pixels.device)
      var group = pixels.selected(0, indices: indices)
      for (turn, operation) in order.enumerated() {
        let factors = members.map { Float(changes[$0].operations[turn].factor) }
        group = apply(
          operation, Tensor(factors, shape: [factors.count, 1, 1, 1]).to(pixels.device), to: group)
      }
      result.setSlices(0, indices: indices, to: group)
    }
    return result
  }

  private static func apply(_ operation: ColorOperation, _ factors: Tensor, to frames: Tensor)
    -> Tensor
  {
    switch operation {
    case .brightness: brightness(frames, factors)
    case .contrast: contrast(frames, factors)
    case .saturation: saturation(frames, factors)
    case .hue: hue(frames, factors)
    }
  }

  /// The luma of ITU-R BT.601, rounded as in torchvision: [F, 1, H, W].
  public static func grayscale(_ frames: Tensor) -> Tensor {
    frames.sliced(1, 0..<1) * 0.2989 + frames.sliced(1, 1..<2) * 0.587 + frames.sliced(1, 2..<3)
      * 0.114
  }

  /// Blends frames [F, 3, H, W] with black by factors [F, 1, 1, 1].
  public static func brightness(_ frames: Tensor, _ factors: Tensor) -> Tensor {
    (frames * factors).clamped(0, 1)
  }

  /// Blends frames [F, 3, H, W] with their mean gray by factors [F, 1, 1, 1].
  public static func contrast(_ frames: Tensor, _ factors: Tensor) -> Tensor {
    // Average the rows first: libtorch splits one large sum among threads depending on the number of frames, so that the
    // last bits of a frame would depend on its batch.
    grayscale(frames).mean([3], keepingAxes: true).mean([2], keepingAxes: true)
      .interpolated(to: frames, by: factors).clamped(0, 1)
  }

  /// Blends frames [F, 3, H, W] with their gray levels by factors [F, 1, 1, 1].
  public static func saturation(_ frames: Tensor, _ factors: Tensor) -> Tensor {
    grayscale(frames).interpolated(to: frames, by: factors).clamped(0, 1)
  }

  /// Shifts the HSV hue of frames [F, 3, H, W] by shifts [F, 1, 1, 1], as fractions of the color circle.
  public static func hue(_ frames: Tensor, _ shifts: Tensor) -> Tensor {
    let (r, g, b) = (
      frames.sliced(1, 0..<1), frames.sliced(1, 1..<2), frames.sliced(1, 2..<3)
    )
    let value = r.maximum(g).maximum(b)
    let smallest = r.minimum(g).minimum(b)
    let chroma = value - smallest
    func constant(_ values: [Float], _ shape: [Int]) -> Tensor {
      Tensor(values, shape: shape).to(frames.device)
    }
    // Gray pixels have no hue. Any nonzero divisor gives them one, which has no effect at chroma 0.
    let divisor = chroma.equal(to: 0).choose(constant([1], []), chroma)
    let (redLeads, greenLeads) = (r.equal(to: value), g.equal(to: value))
    let difference = redLeads.choose(g - b, greenLeads.choose(b - r, r - g))
    let offset = redLeads.choose(
      constant([0], []), greenLeads.choose(constant([2], []), constant([4], [])))
    let turned = difference / divisor + offset + shifts * 6
    // The hue in 0 ..< 6: red, yellow, green, cyan, blue, magenta.
    let hue = turned - (turned / 6).floor() * 6
    // Each channel exceeds the smallest one by the chroma times a trapezoid of the hue: |hue - 3| - 1 for red, 2 - |hue -
    // 2| for green, 2 - |hue - 4| for blue, clamped to 0...1.
    let axes = [1, 3, 1, 1]
    let trapezoid =
      (hue - constant([3, 2, 4], axes)).absolute() * constant([1, -1, -1], axes)
      + constant([-1, 2, 2], axes)
    return smallest + chroma * trapezoid.clamped(0, 1)
  }
}
