import Foundation
import KeyedRandom
import Media
import SyntheticData
import Testing

@Suite struct DeadLeavesTests {
  @Test func sameGeneratorSamePicture() {
    let first = picture(96, 64, key: 5)
    #expect(first == picture(96, 64, key: 5))
    #expect(first != picture(96, 64, key: 6))
    // The generator continues after the picture's draws: the next picture is different.
    var generator = KeyedGenerator(5)
    let pictures = (0..<2).map { _ in
      DeadLeaves.picture(width: 32, height: 32, using: &generator)
    }
    #expect(pictures[0] != pictures[1])
  }

  /// The last bit of the model does not depend on the machine. The golden number is FNV-1a of the bytes, as this test
  /// computes it; update it after an intended change of the model.
  @Test func sameBytesOnEveryMachine() {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in picture(80, 60, key: 1).pixels {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    #expect(hash == 0x1600_9E9B_9D1A_ABDD)
  }

  @Test(arguments: [(1, 1), (2, 3), (7, 200), (341, 256), (64, 300)])
  func anySize(width: Int, height: Int) {
    let picture = picture(width, height, key: 9)
    #expect(picture.width == width && picture.height == height)
    #expect(picture.pixels.count == width * height * 3)
  }

  /// The ground is black, but leaves never are. Tiny and elongated pictures end in other branches.
  @Test(arguments: [(160, 160), (320, 90), (40, 120), (12, 12)])
  func noGroundShows(width: Int, height: Int) {
    var (black, count) = (0, 0)
    for key in 0..<12 {
      let pixels = picture(width, height, key: UInt64(key)).pixels
      for index in stride(from: 0, to: pixels.count, by: 3) {
        black += pixels[index] < 3 && pixels[index + 1] < 3 && pixels[index + 2] < 3 ? 1 : 0
        count += 1
      }
    }
    #expect(Double(black) / Double(count) < 0.0005)
  }

  /// Luminance has the power spectrum of natural images, about frequency^-2 (Field, 1987).
  @Test func powerSpectrumIsNatural() {
    let side = 128
    var power = [Double](repeating: 0, count: side / 2)
    for key in 0..<16 {
      let spectrum = radialPower(luminance(picture(side, side, key: UInt64(100 + key))), side)
      for index in power.indices { power[index] += spectrum[index] }
    }
    let points = (3..<48).map { (log(Double($0)), log(power[$0])) }
    let x = points.map(\.0).reduce(0, +) / Double(points.count)
    let y = points.map(\.1).reduce(0, +) / Double(points.count)
    let slope =
      points.map { ($0.0 - x) * ($0.1 - y) }.reduce(0, +)
      / points.map { ($0.0 - x) * ($0.0 - x) }.reduce(0, +)
    #expect((-2.6 ... -1.6).contains(slope), "slope \(slope)")
  }

  /// The model is scale-invariant: values at a distance of side/40 differ equally at each size.
  @Test func leavesScaleWithThePicture() {
    let roughness = [80, 240].map { side in
      var (sum, count) = (0.0, 0.0)
      for key in 0..<12 {
        let values = luminance(picture(side, side, key: UInt64(300 + key)))
        let step = side / 40
        for index in stride(from: 0, to: values.count - step, by: 3)
        where index % side < side - step {
          sum += abs(values[index] - values[index + step])
          count += 1
        }
      }
      return sum / count
    }
    #expect(abs(log(roughness[0] / roughness[1])) < 0.3, "\(roughness)")
  }

  @Test func colorsVaryWithinAndBetweenPictures() {
    var means: [[Double]] = []
    var gray = 0
    for key in 0..<40 {
      let picture = picture(64, 64, key: UInt64(500 + key))
      let values = luminance(picture)
      let mean = values.reduce(0, +) / 4096
      let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 4096).squareRoot()
      #expect(deviation > 8, "picture \(key) is flat")
      var channels = [0.0, 0.0, 0.0]
      var chroma = 0.0
      for index in stride(from: 0, to: picture.pixels.count, by: 3) {
        let rgb = picture.pixels[index..<index + 3].map(Double.init)
        for channel in 0..<3 { channels[channel] += rgb[channel] / 4096 }
        chroma += (rgb.max()! - rgb.min()!) / 4096
      }
      means.append(channels)
      if chroma < 12 { gray += 1 }
    }
    // Some pictures are nearly gray, but most are not; brightness and cast differ between pictures.
    #expect((1...20).contains(gray), "\(gray) of 40 are gray")
    let brightness = means.map { $0.reduce(0, +) / 3 }
    #expect(brightness.max()! - brightness.min()! > 40)
    let cast = means.map { $0[0] - $0[2] }
    #expect(cast.max()! > 10 && cast.min()! < -5, "\(cast)")
  }
}

private func picture(_ width: Int, _ height: Int, key: UInt64) -> Picture {
  var generator = KeyedGenerator(key)
  return DeadLeaves.picture(width: width, height: height, using: &generator)
}

private func luminance(_ picture: Picture) -> [Double] {
  stride(from: 0, to: picture.pixels.count, by: 3).map { index in
    let rgb = picture.pixels[index..<index + 3].map { Double($0) }
    return zip(rgb, [0.299, 0.587, 0.114]).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// The mean power at each integer frequency in 0 ..< side / 2 (cycles per picture), by a plain Fourier transform of rows
/// and then columns. A Hann window suppresses leakage from the borders.
private func radialPower(_ values: [Double], _ side: Int) -> [Double] {
  let angle = (0..<side).map { 2 * Double.pi * Double($0) / Double(side) }
  let (cosine, sine) = (angle.map { cos($0) }, angle.map { sin($0) })
  let mean = values.reduce(0, +) / Double(values.count)
  let window = cosine.map { (1 - $0) / 2 }
  let half = side / 2
  var rows = [(Double, Double)](repeating: (0, 0), count: side * half)
  for y in 0..<side {
    for frequency in 0..<half {
      var (real, imaginary) = (0.0, 0.0)
      for x in 0..<side {
        let value = (values[y * side + x] - mean) * window[x] * window[y]
        real += value * cosine[frequency * x % side]
        imaginary -= value * sine[frequency * x % side]
      }
      rows[y * half + frequency] = (real, imaginary)
    }
  }
  var (power, count) = ([Double](repeating: 0, count: half), [Double](repeating: 0, count: half))
  for frequency in 0..<half {
    for vertical in 1 - half..<half {
      let radius = Int(Double(frequency * frequency + vertical * vertical).squareRoot().rounded())
      guard radius < half else { continue }
      var (real, imaginary) = (0.0, 0.0)
      for y in 0..<side {
        let (a, b) = rows[y * half + frequency]
        let turn = (vertical + side) * y % side
        real += a * cosine[turn] + b * sine[turn]
        imaginary += b * cosine[turn] - a * sine[turn]
      }
      power[radius] += real * real + imaginary * imaginary
      count[radius] += 1
    }
  }
  return zip(power, count).map { $0 / max($1, 1) }
}
