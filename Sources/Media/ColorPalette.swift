/// At most 256 colors that approximate all colors of some pictures, with the mapping to them.
///
/// A small number of colors is kept unchanged. Otherwise, colors are reduced by median cut (Heckbert, "Color image
/// quantization for frame buffer display", SIGGRAPH 1982), which splits the box with the largest squared error at the
/// mean of its widest axis.
struct ColorPalette {
  /// The colors as R, G, B in 0...255; 1 to 256 of them.
  private(set) var colors: [SIMD3<Int32>]
  private var exact: [Int32: UInt8]?
  /// The nearest color for each cell of 8x8x8 levels; -1 if it was not computed yet.
  private var nearest = [Int16](repeating: -1, count: 1 << 15)

  /// A common palette for all pictures.
  init(for pictures: [Picture]) {
    if let few = ColorPalette.distinctColors(of: pictures) {
      colors = few.map { SIMD3($0 >> 16, $0 >> 8 & 255, $0 & 255) }
      exact = Dictionary(
        uniqueKeysWithValues: few.enumerated().map { ($1, UInt8($0)) })
      return
    }
    var boxes = [Box(ColorPalette.histogram(of: pictures)[...])]
    while boxes.count < 256 {
      guard let worst = boxes.indices.max(by: { boxes[$0].error < boxes[$1].error }),
        let (low, high) = boxes[worst].split()
      else { break }
      boxes[worst] = low
      boxes.append(high)
    }
    colors = boxes.map(\.color)
  }

  /// The picture as palette indices, [height, width]. Errors are diffused to neighboring pixels (Floyd and Steinberg,
  /// 1976).
  mutating func indices(of picture: Picture) -> [UInt8] {
    let width = picture.width
    var indices = [UInt8](repeating: 0, count: width * picture.height)
    // Errors in sixteenths of a level, with a margin of one column on each side.
    var errors = [SIMD3<Int32>](repeating: .zero, count: width + 2)
    for row in 0..<picture.height {
      var below = [SIMD3<Int32>](repeating: .zero, count: width + 2)
      var carried = SIMD3<Int32>.zero
      for column in 0..<width {
        let offset = (row * width + column) * 3
        let color = SIMD3(
          Int32(picture.pixels[offset]), Int32(picture.pixels[offset + 1]),
          Int32(picture.pixels[offset + 2]))
        if let exact {
          indices[row * width + column] = exact[color.x << 16 | color.y << 8 | color.z] ?? 0
          continue
        }
        let diffused = (errors[column + 1] &+ carried &+ 8) &>> 4
        let wanted = (color &+ diffused).clamped(
          lowerBound: .zero, upperBound: .init(repeating: 255))
        let index = nearestIndex(wanted)
        indices[row * width + column] = UInt8(index)
        let error = wanted &- colors[index]
        carried = error &* 7
        below[column] &+= error &* 3
        below[column + 1] &+= error &* 5
        below[column + 2] &+= error
      }
      errors = below
    }
    return indices
  }

  private mutating func nearestIndex(_ color: SIMD3<Int32>) -> Int {
    let cell = Int((color.x & 0xF8) << 7 | (color.y & 0xF8) << 2 | color.z >> 3)
    if nearest[cell] >= 0 { return Int(nearest[cell]) }
    let center = (color &>> 3) &<< 3 &+ 4
    var (best, bestDistance) = (0, Int32.max)
    for (index, candidate) in colors.enumerated() {
      let difference = candidate &- center
      let distance = (difference &* difference).wrappedSum()
      if distance < bestDistance { (best, bestDistance) = (index, distance) }
    }
    nearest[cell] = Int16(best)
    return best
  }

  /// The colors as 0xRRGGBB in ascending order; nil if there are more than 256.
  private static func distinctColors(of pictures: [Picture]) -> [Int32]? {
    var found: Set<Int32> = []
    var last: Int32 = -1
    for picture in pictures {
      for offset in stride(from: 0, to: picture.pixels.count, by: 3) {
        let color =
          Int32(picture.pixels[offset]) << 16 | Int32(picture.pixels[offset + 1]) << 8
          | Int32(picture.pixels[offset + 2])
        if color == last { continue }
        last = color
        if found.insert(color).inserted, found.count > 256 { return nil }
      }
    }
    return found.sorted()
  }

  /// The cells of 8x8x8 levels that contain pixels.
  private static func histogram(of pictures: [Picture]) -> [Cell] {
    var cells = [Cell](repeating: Cell(), count: 1 << 15)
    for picture in pictures {
      for offset in stride(from: 0, to: picture.pixels.count, by: 3) {
        let color = SIMD3(
          Int(picture.pixels[offset]), Int(picture.pixels[offset + 1]),
          Int(picture.pixels[offset + 2]))
        let cell = (color.x & 0xF8) << 7 | (color.y & 0xF8) << 2 | color.z >> 3
        cells[cell].count += 1
        cells[cell].sum &+= color
      }
    }
    return cells.filter { $0.count > 0 }
  }

  private struct Cell {
    var count = 0
    var sum = SIMD3<Int>.zero
    var mean: SIMD3<Double> { SIMD3<Double>(sum) / Double(count) }
  }

  private struct Box {
    var cells: ArraySlice<Cell>
    let mean: SIMD3<Double>
    /// The squared error along each axis if the box became a single color.
    let errors: SIMD3<Double>

    init(_ cells: ArraySlice<Cell>) {
      self.cells = cells
      let count = cells.reduce(0) { $0 + $1.count }
      let mean = SIMD3<Double>(cells.reduce(.zero) { $0 &+ $1.sum }) / Double(count)
      self.mean = mean
      errors = cells.reduce(.zero) { total, cell in
        let difference = cell.mean - mean
        return total + difference * difference * Double(cell.count)
      }
    }

    var error: Double { cells.count > 1 ? errors.sum() : -1 }
    var color: SIMD3<Int32> { SIMD3<Int32>(mean, rounding: .toNearestOrAwayFromZero) }

    func split() -> (Box, Box)? {
      guard cells.count > 1 else { return nil }
      let axis = (0..<3).max { errors[$0] < errors[$1] } ?? 0
      var sorted = cells
      let middle = sorted.partition { $0.mean[axis] > mean[axis] }
      guard middle > sorted.startIndex, middle < sorted.endIndex else { return nil }
      return (Box(sorted[..<middle]), Box(sorted[middle...]))
    }
  }
}
