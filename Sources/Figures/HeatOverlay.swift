import Media

extension Picture {
  /// The picture under a heat map: the hotter a place, the more of its colour is the heat's.
  ///
  /// - Parameter heat: [height, width] of the picture, 0...1.
  public func overlaid(with heat: [Float]) -> Picture {
    precondition(heat.count == width * height, "a heat map of another size than the picture")
    var pixels = pixels
    for (place, heat) in heat.enumerated() where heat > 0 {
      let value = Double(min(heat, 1))
      let color = Palette.heat(value)
      let share = 0.2 + 0.6 * value
      for (channel, component) in [color.red, color.green, color.blue].enumerated() {
        let old = Double(pixels[3 * place + channel])
        let new = old + (255 * component - old) * min(share, 4 * value)
        pixels[3 * place + channel] = UInt8(new.rounded())
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }
}

extension Palette {
  /// The colour of a heat of 0...1, from dark violet to light yellow.
  static func heat(_ value: Double) -> Color {
    let stops: [UInt32] = [0x000004, 0x57106E, 0xBC3754, 0xF98E09, 0xFCFFA4]
    let place = min(max(value, 0), 1) * Double(stops.count - 1)
    let first = min(Int(place), stops.count - 2)
    let (from, to) = (Color(stops[first]), Color(stops[first + 1]))
    let part = place - Double(first)
    return Color(
      red: from.red + (to.red - from.red) * part,
      green: from.green + (to.green - from.green) * part,
      blue: from.blue + (to.blue - from.blue) * part)
  }
}
