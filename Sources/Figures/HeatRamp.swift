extension Palette {
  /// The color of a value, clamped to 0...1: near black for 0, then blue, purple, orange, and light yellow for 1.
  ///
  /// Equal steps appear equal, on a screen and in grayscale: the ramp moves through OKLab at constant speed, and its
  /// lightness increases at a constant rate.
  public static func heat(_ value: Double) -> Color { heats[heatLevel(value)] }

  /// The colors of the levels 0...255.
  static let heats: [Color] = {
    // The curve of a and b: a cubic Bézier curve around the grays that stays within sRGB, divided into equal lengths.
    let corners = [(0.0, -0.05), (-0.11, -0.40), (0.48, -0.12), (-0.044, 0.154)]
    let path = (0...1024).map { (index: Int) -> Point in
      let t = Double(index) / 1024
      let rest = 1 - t
      let weights = [rest * rest * rest, 3 * rest * rest * t, 3 * rest * t * t, t * t * t]
      var point = Point(0, 0)
      for (weight, corner) in zip(weights, corners) {
        point.x += weight * corner.0
        point.y += weight * corner.1
      }
      return point
    }
    var lengths = [0.0]
    for (from, to) in zip(path, path.dropFirst()) {
      lengths.append(lengths.last! + Vector(to.x - from.x, to.y - from.y).length)
    }
    var reached = 1
    return (0...255).map { level in
      let share = Double(level) / 255
      let length = share * lengths.last!
      while lengths[reached] < length, reached < path.count - 1 { reached += 1 }
      let (from, to) = (path[reached - 1], path[reached])
      let part = (length - lengths[reached - 1]) / (lengths[reached] - lengths[reached - 1])
      return Color(
        lightness: 0.17 + 0.78 * share, a: from.x + part * (to.x - from.x),
        b: from.y + part * (to.y - from.y))
    }
  }()

  /// The level, 0...255, of a value; 0 for NaN.
  static func heatLevel(_ value: Double) -> Int { value > 0 ? Int(min(value, 1) * 255 + 0.5) : 0 }
}
