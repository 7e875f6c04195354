import Media

/// Clips as rows of frames under a title. Each row has a label and a motion.
///
/// Small frames are enlarged and large ones reduced for readability. If there is no room for all frames of a clip, evenly
/// spaced ones are shown, including the first and the last, and the heading says so.
public struct ContactSheet: Drawing, Sendable {
  /// One clip.
  public struct Row: Sendable {
    /// The label, such as "right, fast".
    public var title: String
    /// Details, such as "(+2, 0) · 13.9 px/frame".
    public var subtitle: String
    /// The motion in units of speed, x to the right and y down; nil for a static clip. If no row has a motion, the sheet
    /// shows none.
    public var motion: Vector?
    /// The frames in order, of any size.
    public var frames: [Picture]
    /// The corners of the region to mark on each frame, in order, in pixels of the frame; nil for none.
    public var outline: [Point]?

    /// A row of the sheet.
    public init(
      title: String, subtitle: String = "", motion: Vector?, frames: [Picture],
      outline: [Point]? = nil
    ) {
      self.title = title
      self.subtitle = subtitle
      self.motion = motion
      self.frames = frames
      self.outline = outline
    }
  }

  /// The title above the sheet.
  public let title: String
  /// A line below the title; empty for none.
  public let note: String
  /// The legend of the frames' colors; nil for ordinary pictures.
  public let legend: ColorBar?
  /// The rows.
  public let rows: [Row]
  /// The indices of the frames shown, from 0, ascending: the columns of the sheet.
  public let shownFrames: [Int]
  /// The number of frames in the longest clip.
  public let frameCount: Int
  /// The width in points.
  public let width: Double
  /// The height in points.
  public let height: Double

  private let cell: (width: Double, height: Double)
  private let labelWidth: Double
  private let top: Double

  /// A sheet of clips.
  ///
  /// - Parameters:
  ///   - title: The title above the sheet, one line.
  ///   - note: A line below the title; empty for none.
  ///   - legend: The legend of the frames' colors, below the clips.
  ///   - rows: The clips. Cells have the shape of the first frame; frames of other shapes are fitted in.
  ///   - maximumWidth: The maximum width of the sheet in points (pixels at scale 1). It is exceeded only by a longer
  ///     title, or if not even two frames fit next to the labels.
  public init(
    title: String, note: String = "", legend: ColorBar? = nil, rows: [Row],
    maximumWidth: Double = 2400
  ) {
    self.title = title
    self.note = note
    self.legend = legend
    top = Self.top + (note.isEmpty ? 0 : Self.noteHeight)
    self.rows = rows
    let labels = rows.map {
      max(Self.rowTitle.width(of: $0.title), Self.rowSubtitle.width(of: $0.subtitle))
    }
    // Whole points align the frames with whole pixels.
    labelWidth = (Self.markSize + Self.markGap + (labels.max() ?? 0) + Self.labelGap).rounded(.up)
    frameCount = rows.map(\.frames.count).max() ?? 0

    let first = rows.lazy.flatMap(\.frames).first
    let size = (width: Double(first?.width ?? 112), height: Double(first?.height ?? 112))
    let room = maximumWidth - 2 * Self.margin - labelWidth + Self.gap
    // Integer factors keep small frames sharp. Use the largest that leaves room for all frames, up to a comfortable size.
    let smallest = max((Self.smallestCell / size.width).rounded(.up), 1)
    let fitting = ((room / Double(max(frameCount, 1)) - Self.gap) / size.width).rounded(.down)
    let largest = max((Self.largestCell / size.width).rounded(.down), smallest)
    var factor = min(max(fitting, smallest), largest)
    if size.width > Self.largestCell {
      // Large frames are reduced as much as necessary.
      let wanted = room / Double(max(frameCount, 1)) - Self.gap
      factor = min(max(wanted, Self.smallestCell), Self.largestCell) / size.width
    }
    cell = (width: (size.width * factor).rounded(), height: (size.height * factor).rounded())
    let columns = Int(max((room / (cell.width + Self.gap)).rounded(.down), 2))
    shownFrames = Self.evenlySpaced(min(columns, frameCount), of: frameCount)

    let grid = Double(max(shownFrames.count, 1)) * (cell.width + Self.gap) - Self.gap
    width = max(
      (2 * Self.margin + labelWidth + grid).rounded(.up),
      (2 * Self.margin
        + max(Self.titleStyle.width(of: title), Self.header.width(of: note))).rounded(.up))
    height =
      top + Double(rows.count) * (max(cell.height, Self.markSize) + Self.rowGap) - Self.rowGap
      + Self.margin + (legend == nil ? 0 : Self.legendGap + ColorBar.height)
  }

  /// `count` evenly spaced integers in 0..<total, including the first and the last.
  static func evenlySpaced(_ count: Int, of total: Int) -> [Int] {
    guard count > 1, count < total else { return Array(0..<min(count, total)) }
    return (0..<count).map { index in
      (index * (total - 1) * 2 + count - 1) / (2 * (count - 1))
    }
  }

  /// Draws the sheet.
  public func draw(on canvas: Canvas) {
    let left = Self.margin + labelWidth
    canvas.text(
      title, at: Point(Self.margin, Self.margin), Self.titleStyle, anchor: TextAnchor(.left, .top))
    if !note.isEmpty {
      canvas.text(
        note, at: Point(Self.margin, Self.margin + Self.noteHeight + 4), Self.header,
        anchor: TextAnchor(.left, .top))
    }
    legend?.draw(
      on: canvas,
      in: Rectangle(
        x: left, y: height - Self.margin - ColorBar.height,
        width: min(Self.legendWidth, width - Self.margin - left), height: ColorBar.height))
    let headerBaseline = top - 10
    canvas.text(
      shownFrames.count < frameCount
        ? "frame (\(shownFrames.count) of \(frameCount))" : "frame",
      at: Point(left - Self.labelGap, headerBaseline), Self.header, anchor: .right)
    for (column, frame) in shownFrames.enumerated() {
      let middle = left + Double(column) * (cell.width + Self.gap) + cell.width / 2
      canvas.text(
        "\(frame + 1)", at: Point(middle, headerBaseline), Self.header, anchor: .center)
    }
    let fastest = rows.compactMap(\.motion?.length).filter(\.isFinite).max() ?? 1
    let pitch = max(cell.height, Self.markSize) + Self.rowGap
    for (index, row) in rows.enumerated() {
      let rowTop = top + Double(index) * pitch
      drawLabel(of: row, middle: rowTop + cell.height / 2, fastest: fastest, on: canvas)
      for (column, frame) in shownFrames.enumerated() {
        let place = Rectangle(
          x: left + Double(column) * (cell.width + Self.gap), y: rowTop, width: cell.width,
          height: cell.height)
        if row.frames.indices.contains(frame) {
          draw(row.frames[frame], outline: row.outline, in: place, on: canvas)
        } else {
          canvas.fill(place, Palette.blank)
        }
      }
    }
  }

  private func drawLabel(of row: Row, middle: Double, fastest: Double, on canvas: Canvas) {
    let mark = Rectangle(
      x: Self.margin, y: middle - Self.markSize / 2, width: Self.markSize, height: Self.markSize)
    // If no row has a motion, marks for a static clip would be unfounded.
    if rows.contains(where: { $0.motion != nil }) {
      canvas.motionMark(row.motion, fastest: fastest, in: mark, color: Palette.blue)
    }
    let x = Self.margin + Self.markSize + Self.markGap
    if row.subtitle.isEmpty {
      canvas.text(
        row.title, at: Point(x, middle), Self.rowTitle, anchor: TextAnchor(.left, .middle))
    } else {
      canvas.text(row.title, at: Point(x, middle - 4), Self.rowTitle)
      canvas.text(
        row.subtitle, at: Point(x, middle + 6), Self.rowSubtitle, anchor: TextAnchor(.left, .top))
    }
  }

  private func draw(_ frame: Picture, outline: [Point]?, in cell: Rectangle, on canvas: Canvas) {
    let place = cell.fitting(frame)
    let enlarged = place.width >= Double(frame.width)
    canvas.picture(frame, in: place, scaling: enlarged ? .nearest : .smooth)
    if let outline {
      canvas.regionMark(
        outline, of: (frame.width, frame.height), in: place, lineWidth: 2)
    }
  }

  private static let margin = 28.0
  private static let gap = 6.0
  private static let rowGap = 10.0
  private static let top = 92.0
  private static let noteHeight = 24.0
  private static let legendGap = 18.0
  private static let legendWidth = 320.0
  private static let markSize = 44.0
  private static let markGap = 18.0
  private static let labelGap = 22.0
  private static let smallestCell = 96.0
  private static let largestCell = 168.0
  private static let titleStyle = TextStyle(size: 20, bold: true)
  private static let header = TextStyle(size: 13, color: Palette.faintInk)
  private static let rowTitle = TextStyle(size: 16, bold: true)
  private static let rowSubtitle = TextStyle(size: 13, color: Palette.faintInk)
}

extension Rectangle {
  /// The largest rectangle with the picture's shape in the center of this one, with whole points.
  func fitting(_ picture: Picture) -> Rectangle {
    let factor = min(width / Double(picture.width), height / Double(picture.height))
    let size = (
      width: (Double(picture.width) * factor).rounded(),
      height: (Double(picture.height) * factor).rounded()
    )
    return Rectangle(
      x: x + ((width - size.width) / 2).rounded(), y: y + ((height - size.height) / 2).rounded(),
      width: size.width, height: size.height)
  }
}
