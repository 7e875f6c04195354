import Media

/// A confusion matrix: a row for each true class, a column for each predicted class.
///
/// The color of a cell is its share of the row; rows without counts are gray. For up to 20 classes, the counts are
/// printed in the cells if they fit. Names that are too long end in "…". If rows are lower than letters, only every
/// second (or third, ...) class is named.
public struct ConfusionMatrix: Panel {
  /// The title.
  public var title: String
  /// The label of the columns.
  public var xLabel: String
  /// The label of the rows.
  public var yLabel: String
  /// The names of the classes.
  public let classes: [String]
  /// The number of videos by true and predicted class: `counts[true][predicted]`, 0 or more.
  public let counts: [[Int]]

  /// A matrix of `counts`.
  public init(
    title: String = "", xLabel: String = "predicted", yLabel: String = "true", classes: [String],
    counts: [[Int]]
  ) {
    precondition(
      counts.count == classes.count
        && counts.allSatisfy { $0.count == classes.count && $0.allSatisfy { $0 >= 0 } },
      "a confusion matrix has a row and a column for each class")
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.classes = classes
    self.counts = counts
  }

  /// A size in points in which the matrix is easy to read; use it as the size of its panel in a `Figure`.
  public var preferredSize: (width: Double, height: Double) {
    let count = Double(max(classes.count, 1))
    let pitch = max(3, min(44, (1100 / count).rounded()), (240 / count).rounded(.up))
    let names = Names(classes, pitch: pitch, room: Self.widestName)
    return (
      (left(names) + pitch * count + Self.right).rounded(.up),
      (top + pitch * count + bottom(names)).rounded(.up)
    )
  }

  /// Draws the matrix with its names and legend.
  public func draw(on canvas: Canvas, in frame: Rectangle) {
    canvas.text(
      title, at: Point(frame.x, frame.y), Self.titleStyle, anchor: TextAnchor(.left, .top))
    guard !classes.isEmpty else { return }
    let (names, pitch) = layout(in: frame)
    let side = pitch * Double(classes.count)
    let plot = Rectangle(
      x: (frame.x + left(names)).rounded(), y: (frame.y + top).rounded(), width: side, height: side)
    drawCells(on: canvas, in: plot, pitch: pitch)
    drawNames(names, on: canvas, plot, pitch: pitch)
    drawLegend(on: canvas, plot)
  }

  /// The largest cells that leave room for the names, whose size depends in turn on that of the cells. Cells have whole
  /// numbers of points for sharp edges, unless there are more classes than points.
  private func layout(in frame: Rectangle) -> (names: Names, pitch: Double) {
    let room = min(Self.widestName, 0.28 * min(frame.width, frame.height))
    let count = Double(classes.count)
    func largest(_ names: Names) -> Double {
      min(frame.width - left(names) - Self.right, frame.height - top - bottom(names)) / count
    }
    var pitch = (min(frame.width, frame.height) / count).rounded(.down)
    while pitch >= 1 {
      let names = Names(classes, pitch: pitch, room: room)
      if largest(names) >= pitch { return (names, pitch) }
      pitch -= 1
    }
    let names = Names(classes, pitch: 1, room: room)
    pitch = max(largest(names), 1 / count)
    return (Names(classes, pitch: pitch, room: room), pitch)
  }

  /// The names along the rows and columns.
  private struct Names {
    /// The texts; empty for a class without a name.
    let texts: [String]
    let style: TextStyle
    let width: Double
    /// True if the names of the columns read upward.
    let isTurned: Bool
    /// True if only some classes are named; ticks show which.
    let isThinned: Bool

    init(_ classes: [String], pitch: Double, room: Double) {
      var style = Axes.tick
      style.size = min(max(pitch * 0.85, 7), style.size)
      let step = max(1, Int((style.size * 1.15 / max(pitch, 0.01)).rounded(.up)))
      texts = classes.enumerated().map { index, name in
        index.isMultiple(of: step) ? style.shortened(name, to: room) : ""
      }
      self.style = style
      width = texts.map(style.width).max() ?? 0
      isTurned = width > pitch - 8
      isThinned = step > 1
    }
  }

  private var top: Double { title.isEmpty ? 1 : Self.titleStyle.capHeight + 16 }

  private func left(_ names: Names) -> Double {
    (yLabel.isEmpty ? 0 : 24) + names.width + Self.nameGap
  }

  private func bottom(_ names: Names) -> Double {
    Self.nameGap + (names.isTurned ? names.width : names.style.capHeight)
      + (xLabel.isEmpty ? 2 : 26)
  }

  private func drawCells(on canvas: Canvas, in plot: Rectangle, pitch: Double) {
    var pixels: [UInt8] = []
    for row in counts {
      let total = Double(row.reduce(0, +))
      for count in row {
        let color = total > 0 ? Palette.share(Double(count) / total) : Palette.grid
        pixels += [color.red, color.green, color.blue].map { UInt8(($0 * 255).rounded()) }
      }
    }
    // Draw a picture instead of rectangles: 400 classes have 160 000 cells.
    canvas.picture(
      Picture(width: classes.count, height: classes.count, pixels: pixels), in: plot,
      scaling: pitch >= 1 ? .nearest : .smooth)
    if pitch >= 14 {
      for index in classes.indices.dropFirst() {
        let offset = Double(index) * pitch + 0.5
        let line = Stroke(Palette.grid)
        canvas.line(
          from: Point(plot.x + offset, plot.y), to: Point(plot.x + offset, plot.maxY), line)
        canvas.line(
          from: Point(plot.x, plot.y + offset), to: Point(plot.maxX, plot.y + offset), line)
      }
    }
    canvas.outline(plot.inset(by: -0.5), Stroke(Palette.axis))
    if classes.count <= 20 { drawCounts(on: canvas, in: plot, pitch: pitch) }
  }

  private func drawCounts(on canvas: Canvas, in plot: Rectangle, pitch: Double) {
    var style = TextStyle(size: min(13, pitch * 0.5))
    let widest = counts.joined().map { style.width(of: "\($0)") }.max() ?? 0
    style.size *= min(1, (pitch - 5) / max(widest, 1))
    guard style.size >= 6.5 else { return }
    for (row, line) in counts.enumerated() {
      let total = Double(line.reduce(0, +))
      for (column, count) in line.enumerated() where count > 0 {
        style.color = Double(count) / total > 0.5 ? .white : Palette.ink
        canvas.text(
          "\(count)",
          at: Point(
            plot.x + (Double(column) + 0.5) * pitch, plot.y + (Double(row) + 0.5) * pitch),
          style, anchor: TextAnchor(.center, .middle))
      }
    }
  }

  private func drawNames(_ names: Names, on canvas: Canvas, _ plot: Rectangle, pitch: Double) {
    for (index, text) in names.texts.enumerated() where !text.isEmpty {
      let offset = (Double(index) + 0.5) * pitch
      if names.isThinned {
        let tick = Stroke(Palette.axis)
        canvas.line(
          from: Point(plot.x - 4, plot.y + offset), to: Point(plot.x, plot.y + offset), tick)
        canvas.line(
          from: Point(plot.x + offset, plot.maxY), to: Point(plot.x + offset, plot.maxY + 4), tick)
      }
      canvas.text(
        text, at: Point(plot.x - Self.nameGap, plot.y + offset), names.style,
        anchor: TextAnchor(.right, .middle))
      canvas.text(
        text, at: Point(plot.x + offset, plot.maxY + Self.nameGap), names.style,
        anchor: names.isTurned ? TextAnchor(.right, .middle) : TextAnchor(.center, .top),
        degrees: names.isTurned ? -90 : 0)
    }
    canvas.text(
      yLabel, at: Point(plot.x - left(names) + Axes.label.capHeight, plot.center.y), Axes.label,
      anchor: .center, degrees: -90)
    canvas.text(
      xLabel, at: Point(plot.center.x, plot.maxY + bottom(names) - 4), Axes.label, anchor: .center)
  }

  private func drawLegend(on canvas: Canvas, _ plot: Rectangle) {
    let bar = Rectangle(x: plot.maxX + 18, y: plot.y, width: 12, height: min(plot.height, 240))
    for row in 0..<Int(bar.height) {
      canvas.fill(
        Rectangle(x: bar.x, y: bar.y + Double(row), width: bar.width, height: 1),
        Palette.share(1 - (Double(row) + 0.5) / bar.height))
    }
    canvas.outline(bar.inset(by: -0.5), Stroke(Palette.axis))
    let ticks = Ticks.linear(0...1, count: bar.height < 120 ? 2 : 5, percent: true)
    for (value, text) in zip(ticks.values, ticks.labels) {
      let height = bar.maxY - value * bar.height
      canvas.line(
        from: Point(bar.maxX, height), to: Point(bar.maxX + 4, height), Stroke(Palette.axis))
      canvas.text(
        text, at: Point(bar.maxX + 8, height), Axes.tick, anchor: TextAnchor(.left, .middle))
    }
    canvas.text(
      "share of row", at: Point(plot.maxX + Self.right - 4, bar.center.y), Axes.tick,
      anchor: .center, degrees: -90)
  }

  /// The gap between the cells and their names.
  private static let nameGap = 7.0
  /// The width of the legend and its margin.
  private static let right = 92.0
  private static let widestName = 150.0
  private static let titleStyle = TextStyle(size: 14, bold: true)
}

extension TextStyle {
  /// `text` if it fits into `room`, else as much of its beginning as fits, followed by "…".
  func shortened(_ text: String, to room: Double) -> String {
    let whole = width(of: text)
    guard whole > room else { return text }
    var kept = text.prefix(Int(Double(text.count) * max(room, 0) / whole) + 5)
    while !kept.isEmpty, width(of: kept + "…") > room { kept = kept.dropLast() }
    return kept + "…"
  }
}
