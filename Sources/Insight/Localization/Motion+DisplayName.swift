import MoSI

extension Motion {
  /// The motion in words: labels name the motion of the window; the content moves the other way.
  var displayName: String {
    speed == 0
      ? "static"
      : "window \(direction) \(speed), content \(Motion(x: -x, y: -y).direction)"
  }
}
