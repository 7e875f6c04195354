import MoSI

extension Motion {
  /// The motion in words. Labels name the motion of the window; the content moves in the opposite direction.
  var displayName: String {
    speed == 0
      ? "static"
      : "window \(direction) \(speed), content \(Motion(x: -x, y: -y).direction)"
  }
}
