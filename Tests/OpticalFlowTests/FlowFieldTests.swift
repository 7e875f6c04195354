import Foundation
import KeyedRandom
import Media
import OpticalFlow
import Testing

/// An endless texture, gray in 0...255: waves in all directions and of 4 to 40 pixels.
private struct Texture {
  private let waves: [(x: Double, y: Double, phase: Double, strength: Double)]

  init(seed: UInt64) {
    var generator = KeyedGenerator(seed)
    waves = (0..<40).map { _ in
      let period = 4 * pow(10, generator.uniform())
      let angle = generator.uniform(in: 0...2 * .pi)
      let rate = 2 * .pi / period
      return (
        rate * cos(angle), rate * sin(angle), generator.uniform(in: 0...2 * .pi),
        sqrt(period / 4) * 5
      )
    }
  }

  /// The window of the texture with its top left corner at (x, y). Nothing is resampled, so displacements by fractions of
  /// a pixel are exact.
  func picture(width: Int = 112, height: Int = 96, x: Double = 0, y: Double = 0) -> Picture {
    var pixels: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        let value = waves.reduce(128.0) { sum, wave in
          let angle = (Double(column) + x) * wave.x + (Double(row) + y) * wave.y + wave.phase
          return sum + wave.strength * sin(angle)
        }
        pixels += [UInt8](repeating: UInt8(min(max(value.rounded(), 0), 255)), count: 3)
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }
}

extension FlowField {
  /// The mean distance of the flow's vectors from (x, y), in pixels.
  fileprivate func meanError(x: Double, y: Double) -> Double {
    zip(u, v).reduce(0) { $0 + hypot(Double($1.0) - x, Double($1.1) - y) } / Double(u.count)
  }
}

@Test(
  "A pan's flow is its displacement, to a quarter of a pixel over the whole picture",
  arguments: [
    (1.0, 0.0), (0, -1), (0.5, 0), (0, 0.25), (-2.5, 1.75), (3, 4), (-5.3, 0), (0, 6.6), (8, -6),
  ])
func pan(_ displacement: (x: Double, y: Double)) throws {
  let texture = Texture(seed: 1)
  // The window moves in the opposite direction to its content.
  let flow = try FlowField(
    from: texture.picture(), to: texture.picture(x: -displacement.x, y: -displacement.y))
  #expect(flow.width == 112 && flow.height == 96)
  let error = flow.meanError(x: displacement.x, y: displacement.y)
  print("pan of \(displacement): mean end-point error \(String(format: "%.3f", error)) pixels")
  #expect(error < 0.25)
  #expect(abs(flow.mean.u - displacement.x) < 0.2 && abs(flow.mean.v - displacement.y) < 0.2)
}

@Test("A pan in clips of the minimum size for networks")
func smallPan() throws {
  let texture = Texture(seed: 2)
  let flow = try FlowField(
    from: texture.picture(width: 56, height: 56),
    to: texture.picture(width: 56, height: 56, x: 1.5, y: -2))
  #expect(flow.meanError(x: -1.5, y: 2) < 0.25)
}

@Test("A still picture does not move, with texture or without")
func still() throws {
  for picture in [
    Texture(seed: 3).picture(),
    Picture(width: 64, height: 48, red: 90, green: 90, blue: 90),
  ] {
    #expect(try FlowField(from: picture, to: picture).magnitudes.max()! < 0.01)
  }
}

@Test("The flow of a clip is that from each frame to the next")
func clip() throws {
  let texture = Texture(seed: 4)
  let fields = try FlowField.fields(
    of: [0.0, 2, 1].map { texture.picture(width: 64, height: 64, x: $0) })
  #expect(fields.count == 2)
  #expect(fields[0].meanError(x: -2, y: 0) < 0.25)
  #expect(fields[1].meanError(x: 1, y: 0) < 0.25)
  #expect(try FlowField.fields(of: [texture.picture()]).isEmpty)
}

@Test("Speed and direction of displacements, y downwards")
func polar() {
  let field = FlowField(width: 2, height: 2, u: [3, 0, -2, 0], v: [4, 1, 0, -1])
  #expect(field.magnitudes == [5, 1, 2, 1])
  let directions: [Float] = [atan2(4, 3), .pi / 2, .pi, -.pi / 2]
  for (found, wanted) in zip(field.directions, directions) { #expect(abs(found - wanted) < 1e-6) }
  #expect(field.mean.u == 0.25 && field.mean.v == 1)
}

@Test("The flow is the same if many threads compute it at once")
func threads() async throws {
  let texture = Texture(seed: 5)
  let (first, second) = (
    texture.picture(width: 48, height: 48), texture.picture(width: 48, height: 48, x: 1)
  )
  let alone = try FlowField(from: first, to: second)
  try await withThrowingTaskGroup(of: FlowField.self) { group in
    for _ in 0..<8 { group.addTask { try FlowField(from: first, to: second) } }
    for try await field in group { #expect(field == alone) }
  }
}

@Test("Pictures of two sizes, too small or too large are rejected in one sentence before any work")
func sizes() {
  func gray(_ width: Int, _ height: Int) -> Picture {
    Picture(width: width, height: height, red: 0, green: 0, blue: 0)
  }
  func refusal(_ first: Picture, _ second: Picture) -> String? {
    do throws(OpticalFlowError) {
      _ = try FlowField(from: first, to: second)
      return nil
    } catch {
      return error.description
    }
  }
  #expect(
    refusal(gray(32, 32), gray(32, 33))
      == "optical flow needs two pictures of the same size, not 32x32 and 32x33"
  )
  #expect(refusal(gray(64, 15), gray(64, 15))?.contains("at least 16 pixels") == true)
  #expect(refusal(gray(1, 1), gray(1, 1)) != nil)
  #expect(refusal(gray(20_000, 501), gray(20_000, 501))?.contains("at most 10000000") == true)
  #expect(refusal(gray(16, 16), gray(16, 16)) == nil)
  #expect(refusal(gray(16, 2000), gray(16, 2000)) == nil)
}
