import MoSI

extension Motion {
  /// The motion for people who see a clip: labels are those of the window, what is seen moves the other way.
  var displayName: String {
    speed == 0
      ? "static"
      : "window \(direction) \(speed), content \(Motion(x: -x, y: -y).direction)"
  }
}
