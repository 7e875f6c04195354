import Media

/// A frame of an animation, enlarged, under its caption and with the sign of its motion.
///
/// All frames of a clip get the same size, and an even number of pixels a side at scale 1, as video
/// encoders ask for.
public struct CaptionedFrame: Drawing, Sendable {
  /// The frame.
  public let frame: Picture
  /// One line above the frame, set smaller if it is too wide.
  public let caption: String
  /// The motion in units of speed, x to the right and y down; nil for a static clip.
  public let motion: Vector?
  /// The speed whose arrow has the full length, in the units of `motion`.
  public let fastest: Double
  /// The corners of the region to mark, in order, in frame pixels; nil for none.
  public let outline: [Point]?
  /// The width in points.
  public let width: Double
  /// The height in points.
  public let height: Double

  private let place: Rectangle

  /// - Parameter smallestWidth: Frames narrower than this many points are enlarged by the whole
  ///   multiple that reaches it.
  public init(
    _ frame: Picture, caption: String, motion: Vector?, fastest: Double,
    outline: [Point]? = nil, smallestWidth: Double = 320
  ) {
    self.frame = frame
    self.caption = caption
    self.motion = motion
    self.fastest = fastest
    self.outline = outline
    let factor = max((smallestWidth / Double(frame.width)).rounded(.up), 1)
    place = Rectangle(
      x: 0, y: Self.captionHeight, width: Double(frame.width) * factor,
      height: Double(frame.height) * factor)
    func even(_ length: Double) -> Double { (length / 2).rounded(.up) * 2 }
    width = even(place.width)
    height = even(place.maxY)
  }

  public func draw(on canvas: Canvas) {
    canvas.picture(frame, in: place, scaling: .nearest)
    if let outline {
      canvas.regionMark(outline, of: (frame.width, frame.height), in: place, lineWidth: 3)
    }
    var style = TextStyle(size: 15, bold: true)
    let room = width - 20
    let needed = style.width(of: caption)
    if needed > room { style.size *= room / needed }
    canvas.text(
      caption, at: Point(width / 2, Self.captionHeight / 2), style,
      anchor: TextAnchor(.center, .middle))
    let badge = Rectangle(x: 10, y: place.y + 10, width: 52, height: 52)
    canvas.disc(badge.center, radius: 26, Color(0x000000, alpha: 0.55))
    canvas.motionMark(
      motion, fastest: fastest, in: badge.inset(by: 6), color: .white)
  }

  private static let captionHeight = 34.0
}
