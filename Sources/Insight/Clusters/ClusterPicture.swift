import Figures
import Foundation
import Media
import SafeFiles

/// A cluster: a rose of its flow, and frames of the clips nearest to its centroid.
struct ClusterPicture: Drawing {
  /// A clip with its frames.
  struct Strip {
    let clip: ClusterReport.Clip
    let frames: [Picture]
  }

  let width = 2 * margin + roseWidth + gap + 2 * stripWidth + stripGap
  let height: Double

  private let title: String
  private let subtitle: String
  private let rose: FlowRose
  private let strips: [Strip]

  /// - Parameters:
  ///   - magnitudes: the lower bounds of the ranges of magnitudes.
  ///   - largestShare: the share at the outermost circle of the rose.
  init(
    _ cluster: ClusterReport.Cluster, number: Int, magnitudes: [Double], largestShare: Double?,
    strips: [Strip]
  ) {
    func percent(_ share: Double) -> String { Format.percent(share, digits: 0) }
    title =
      "Cluster \(number): \(cluster.size) \(cluster.size == 1 ? "clip" : "clips"), content most often "
      + cluster.dominantDirection.rawValue
    subtitle =
      "content: "
      + ClipMotion.Direction.allCases.map {
        "\($0.rawValue) \(percent(cluster.directionShares[$0.rawValue] ?? 0))"
      }.joined(separator: ", ")
      + " · mean speed \(Format.percent(cluster.meanSpeed)) of the side per frame"
    let ranges = magnitudes.map { String(format: "%g", 100 * $0) }
    rose = FlowRose(
      title: "Flow of all pixels, \(percent(cluster.histogram.stillShare)) still",
      shares: cluster.histogram.shares,
      magnitudes: ranges.indices.map {
        $0 + 1 < ranges.count ? "\(ranges[$0])–\(ranges[$0 + 1])" : "\(ranges[$0])+"
      }, legend: "% of the side per frame", largest: largestShare)
    self.strips = strips
    let rows = Double((strips.count + 1) / 2)
    height = Self.top + max(Self.roseHeight, 22 + rows * Self.rowHeight) + Self.margin
  }

  func draw(on canvas: Canvas) {
    canvas.text(
      title, at: Point(Self.margin, Self.margin), Self.titleStyle, anchor: TextAnchor(.left, .top))
    canvas.text(
      subtitle, at: Point(Self.margin, Self.margin + 24), Self.subtitleStyle,
      anchor: TextAnchor(.left, .top))
    rose.draw(
      on: canvas,
      in: Rectangle(x: Self.margin, y: Self.top, width: Self.roseWidth, height: Self.roseHeight))
    let left = Self.margin + Self.roseWidth + Self.gap
    canvas.text(
      "Clips nearest to the centroid", at: Point(left, Self.top), Self.headingStyle,
      anchor: TextAnchor(.left, .top))
    let fastest = strips.map { Vector($0.clip.motion.x, $0.clip.motion.y).length }.max() ?? 1
    for (index, strip) in strips.enumerated() {
      draw(
        strip, fastest: fastest,
        at: Point(
          left + Double(index % 2) * (Self.stripWidth + Self.stripGap),
          Self.top + 22 + Double(index / 2) * Self.rowHeight), on: canvas)
    }
  }

  private func draw(_ strip: Strip, fastest: Double, at place: Point, on canvas: Canvas) {
    let motion = strip.clip.motion
    canvas.motionMark(
      strip.clip.direction == .still ? nil : Vector(motion.x, motion.y), fastest: fastest,
      in: Rectangle(x: place.x, y: place.y, width: 20, height: 20), color: Palette.blue)
    let time = ", \(Format.number(strip.clip.start, 1)) s"
    canvas.text(
      Self.shortened(
        strip.clip.video, width: Self.stripWidth - 30 - Self.captionStyle.width(of: time))
        + time, at: Point(place.x + 28, place.y + 10), Self.captionStyle,
      anchor: TextAnchor(.left, .middle))
    for column in 0..<Self.columns {
      // Evenly spaced frames, including the first and the last.
      let frame = column * (strip.frames.count - 1) / (Self.columns - 1)
      canvas.picture(
        strip.frames[frame],
        in: Rectangle(
          x: place.x + Double(column) * (Self.cell + 4), y: place.y + 24, width: Self.cell,
          height: Self.cell))
    }
  }

  /// The end of a name that is too long: it distinguishes videos better than the beginning does.
  private static func shortened(_ name: String, width: Double) -> String {
    var text = name
    while captionStyle.width(of: text) > width, text.count > 4 { text = "…" + text.dropFirst(2) }
    return text
  }

  private static let margin = 24.0
  private static let gap = 40.0
  private static let top = 78.0
  private static let roseWidth = 320.0
  private static let roseHeight = 380.0
  private static let columns = 4
  private static let cell = 92.0
  private static let stripWidth = 4 * cell + 3 * 4
  private static let stripGap = 24.0
  private static let rowHeight = cell + 24 + 14
  private static let titleStyle = TextStyle(size: 18, bold: true)
  private static let headingStyle = TextStyle(size: 14, bold: true)
  private static let subtitleStyle = TextStyle(size: 12, color: Palette.faintInk)
  private static let captionStyle = TextStyle(size: 11.5)
}
