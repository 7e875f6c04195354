import Foundation
import Insight
import OpticalFlow
import Testing

@Suite struct ClipMotionTests {
  /// A field in which everything moves by (u, v) pixels, or only a square with a side of `part` pixels.
  private func field(_ u: Float, _ v: Float, side: Int = 20, part: Int = 20) -> FlowField {
    func plane(_ value: Float) -> [Float] {
      (0..<side * side).map { $0 / side < part && $0 % side < part ? value : 0 }
    }
    return FlowField(width: side, height: side, u: plane(u), v: plane(v))
  }

  @Test(arguments: [
    (1.0, 0.2, ClipMotion.Direction.right, ClipMotion.Axis.horizontal),
    (-1, 0.5, .left, .horizontal),
    (0.3, 1, .down, .vertical), (0.2, -0.9, .up, .vertical), (0.05, -0.08, .still, .still),
  ])
  func directionsAreThoseOnTheScreen(
    u: Double, v: Double, direction: ClipMotion.Direction, axis: ClipMotion.Axis
  ) {
    let motion = ClipMotion([field(Float(u), Float(v)), field(Float(u), Float(v))], side: 20)
    #expect(motion.direction == direction && motion.axis == axis)
    #expect(abs(motion.x - u / 20) < 1e-6 && abs(motion.y - v / 20) < 1e-6)
    #expect(abs(motion.speed - (u * u + v * v).squareRoot() / 20) < 1e-6)
  }

  /// Static pixels do not affect the direction of moving ones, and a motion back and forth has an axis but no direction.
  @Test func theMovingPartDecides() {
    let part = ClipMotion([field(0, 2, part: 5)], side: 20)
    #expect(part.direction == .down && abs(part.y - 0.1) < 1e-6 && abs(part.speed - 0.025) < 1e-6)
    let swing = ClipMotion([field(0, 2), field(0, -2), field(0.1, 0)], side: 20)
    #expect(swing.axis == .vertical && abs(swing.y) < 1e-6)
  }

  @Test func stillnessAndNoFieldsAreStatic() {
    for motion in [ClipMotion([], side: 20), ClipMotion([field(0, 0)], side: 20)] {
      #expect(motion.direction == .still && motion.axis == .still && motion.speed == 0)
    }
  }

  @Test func histogramsCountEachPixelOnceInItsBin() {
    var histogram = FlowHistogram([field(0, 0.7), field(-1, -1, part: 10)], side: 20)
    // 0.7 of 20 pixels is 3.5%: the range from 2%. 1.41 is 7%: the range from 4%.
    #expect(histogram.counts[2][2] == 400 && histogram.counts[5][3] == 100)
    #expect(histogram.still == 300 && histogram.total == 800)
    histogram += FlowHistogram([field(2, 0.001), field(2, -0.001)], side: 20)
    #expect(histogram.counts[0][4] == 800 && histogram.total == 1600)
    #expect(abs(histogram.shares[0][4] - 0.5) < 1e-12 && histogram.stillShare == 300.0 / 1600)
  }
}
