import Figures
import Foundation
import Media
import SafeFiles
import VideoModels

/// A clip's frames, its heat map and its flow, as a strip and as an animation.
struct ClipPicture {
  let explanation: ClipExplanation
  /// The name of the video.
  let video: String
  /// The explained label, such as "predicted: wave, 93.1%".
  let label: String
  /// The architecture of the network.
  let network: String
  let maps: HeatMethod
  /// The time between consecutive frames in seconds.
  let step: Double

  private let title = TextStyle(size: 18, bold: true)
  private let detail = TextStyle(size: 13, color: Palette.faintInk)
  private let caption = TextStyle(size: 13, bold: true)

  /// The rows of the strip, and the panels of the animation.
  private var captions: [String] { ["frame", maps.name, "optical flow"] }
  private static let margin = 20.0
  private static let gap = 6.0

  private var source: String { "\(network), \(maps.code)" }

  private var agreement: String {
    guard explanation.hasHeat else { return "no heat anywhere" }
    return explanation.agreement.map { "rank correlation of heat and flow \(decimal($0, 2))" }
      ?? "nothing moves"
  }

  private func time(_ frame: Int) -> String {
    "\(decimal(explanation.start + Double(frame) * step, 2)) s"
  }

  /// The speed shown in the lightest color. A small number of faster pixels must not darken all others, and slow motion
  /// must not appear fast.
  private var speedLimit: Double {
    let speeds = explanation.speed.flatMap(\.values).sorted()
    return max(Double(speeds[(speeds.count - 1) * 995 / 1000]), 0.25)
  }

  /// The pictures of a frame, which must not be the last one, in the order of the captions.
  private func panels(_ frame: Int, _ speedLimit: Double) -> [Picture] {
    let picture = explanation.frames[frame]
    let speed = explanation.speed[frame]
    let share = HeatMap(
      width: speed.width, height: speed.height, values: speed.values.map { $0 / Float(speedLimit) })
    return [
      picture, explanation.heat[frame].picture(over: picture),
      share.resized(width: picture.width, height: picture.height).picture,
    ]
  }

  private func legends(_ speedLimit: Double) -> (heat: ColorBar, flow: ColorBar) {
    let side = explanation.heat[0].width
    return (
      ColorBar(label: "heat: share of the clip's maximum", range: 0...1),
      ColorBar(label: "flow: pixels per frame, of \(side) × \(side)", range: 0...speedLimit)
    )
  }

  // --- The strip ---------------------------------------------------------------------------------

  private static let cell = 144.0
  private static let captionWidth = 104.0

  /// A row of frames, a row of frames with heat maps, and a row of the flow to the next frame: at most 8 frames, evenly
  /// spaced. The last frame of a clip has no flow and is not shown.
  func strip() throws -> Picture {
    let count = min(explanation.speed.count, 8)
    let shown = (0..<count).map {
      count == 1 ? 0 : ($0 * (explanation.speed.count - 1) * 2 + count - 1) / (2 * (count - 1))
    }
    let (margin, gap, cell) = (Self.margin, Self.gap, Self.cell)
    let left = margin + Self.captionWidth
    // At least as wide as five frames, for the title and the legends.
    let width = left + max(Double(count), 5) * (cell + gap) - gap + margin
    let top = margin + 76
    let height = top + 3 * (cell + gap) + 14 + ColorBar.height + margin
    let limit = speedLimit
    return try Canvas.picture(width: width, height: height, scale: 1.25) { canvas in
      let room = width - 2 * margin
      text(video, title, at: Point(margin, margin), room, on: canvas)
      text(
        "\(label)  ·  \(source)  ·  \(agreement)", detail, at: Point(margin, margin + 26), room,
        on: canvas)
      for (row, name) in captions.enumerated() {
        canvas.text(
          name, at: Point(margin, top + Double(row) * (cell + gap) + cell / 2), caption,
          anchor: TextAnchor(.left, .middle))
      }
      for (column, frame) in shown.enumerated() {
        let x = left + Double(column) * (cell + gap)
        canvas.text(time(frame), at: Point(x + cell / 2, top - 8), detail, anchor: .center)
        for (row, picture) in panels(frame, limit).enumerated() {
          canvas.picture(
            picture,
            in: Rectangle(x: x, y: top + Double(row) * (cell + gap), width: cell, height: cell))
        }
      }
      let legend = 2 * cell + gap
      let bottom = height - margin - ColorBar.height
      let (heat, flow) = legends(limit)
      heat.draw(
        on: canvas, in: Rectangle(x: left, y: bottom, width: legend, height: ColorBar.height))
      flow.draw(
        on: canvas,
        in: Rectangle(
          x: left + legend + 4 * gap, y: bottom, width: legend, height: ColorBar.height))
    }
  }

  // --- The animation -----------------------------------------------------------------------------

  private static let panel = 196.0

  /// For each frame except the last, the three pictures side by side, with an even size, as video encoders require.
  func animation() throws -> [Picture] {
    let (margin, panel) = (Self.margin, Self.panel)
    let gap = 3 * Self.gap
    let width = 2 * margin + 3 * panel + 2 * gap
    let top = margin + 92
    let height = top + panel + 16 + ColorBar.height + margin
    let limit = speedLimit
    let (heat, flow) = legends(limit)
    return try explanation.speed.indices.map { frame in
      try Canvas.picture(
        width: (width / 2).rounded(.up) * 2, height: (height / 2).rounded(.up) * 2
      ) { canvas in
        let room = width - 2 * margin
        text(video, title, at: Point(margin, margin), room, on: canvas)
        text(label, detail, at: Point(margin, margin + 26), room, on: canvas)
        text("\(source)  ·  \(agreement)", detail, at: Point(margin, margin + 46), room, on: canvas)
        for (column, picture) in panels(frame, limit).enumerated() {
          let x = margin + Double(column) * (panel + gap)
          canvas.text(
            column == 0 ? "\(captions[0]) at \(time(frame))" : captions[column],
            at: Point(x, top - 8), caption)
          canvas.picture(picture, in: Rectangle(x: x, y: top, width: panel, height: panel))
        }
        for (column, legend) in [heat, flow].enumerated() {
          legend.draw(
            on: canvas,
            in: Rectangle(
              x: margin + Double(column + 1) * (panel + gap), y: top + panel + 16, width: panel,
              height: ColorBar.height))
        }
      }
    }
  }

  /// A line of text, cut with an ellipsis if it is too wide.
  private func text(
    _ text: String, _ style: TextStyle, at point: Point, _ room: Double, on canvas: Canvas
  ) {
    var shown = text
    while style.width(of: shown) > room, shown.count > 2 {
      shown = String(shown.dropLast(shown.hasSuffix("…") ? 2 : 1)) + "…"
    }
    canvas.text(shown, at: point, style, anchor: TextAnchor(.left, .top))
  }
}

/// A number with `digits` decimals and a typographic minus sign.
private func decimal(_ value: Double, _ digits: Int) -> String {
  Format.number(value, digits).replacingOccurrences(of: "-", with: "−")
}
